"""The FAQ as a workbook: sheets with the columns of our CSV, and its rules.

Hidden sheets and rows, and sheets with other columns, are left out. Cells are read as people see
them. A name that is a date was something else before the spreadsheet took it for one: a mistake.
"""

from collections.abc import Iterator

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft, LeftOut
from chatbot.formats.format import Format
from chatbot.formats.own_csv import NO_HEADER, Columns, TableReader, knows_columns
from chatbot.formats.source import Source
from chatbot.formats.tables import Table, column_names
from chatbot.formats.workbook import NOT_XLSX, Sheet, is_workbook, read_sheets

OTHER_SHEET = "it is a sheet with other columns"
HIDDEN_SHEET = "it is a hidden sheet"
DATE_AS_NAME = "has a date for a name; format the column as text, and type the name again"
RESTYLED = "has a number or date that is shown otherwise than it is kept; format the column as text"
HIDDEN_ROW = "it is a hidden row"


class XlsxReader(TableReader):
    def read(self) -> CatalogueDraft:
        path = self.source.only()
        if path is None:
            raise InvalidCatalogue([Mistake(self.source.name, 0, NOT_XLSX)])
        sheets = [sheet for sheet in read_sheets(self.source, path) if sheet.rows]
        read = [sheet for sheet in sheets if self._is_ours(sheet)]
        if not read:
            line = sheets[0].rows[0].line if sheets else 1
            raise InvalidCatalogue([Mistake(path, line, NO_HEADER)])
        for sheet in sheets:
            if sheet in read:
                self._read_sheet(sheet, path if len(sheets) == 1 else _name(sheet, path))
            else:
                reason = HIDDEN_SHEET if sheet.is_hidden else OTHER_SHEET
                self.draft.left_out.append(LeftOut(reason, sheet.name, path))
        return self.draft

    def _read_sheet(self, sheet: Sheet, file: str) -> None:
        self.mistakes += [Mistake(file, line, reason) for line, reason in sheet.problems]
        self.draft.left_out += [
            LeftOut(HIDDEN_ROW, " ".join(filter(None, row.cells)), file, row.line)
            for row in sheet.hidden
        ]
        self.mistakes += self._misread_cells(sheet, file)
        self.read_table(Table(file, iter(sheet.rows), separator=""))

    def _misread_cells(self, sheet: Sheet, file: str) -> Iterator[Mistake]:
        """Yield a mistake for each cell of ours that is not read as it looks."""
        try:
            places = Columns(column_names(sheet.rows[0].cells)).places
        except ValueError:
            return
        for line, at in sorted(sheet.dates):
            if at == places.get("intent"):
                yield Mistake(file, line, DATE_AS_NAME)
        for line, at in sorted(sheet.restyled):
            if at in places.values() and at != places.get("intent"):
                yield Mistake(file, line, RESTYLED)

    def _is_ours(self, sheet: Sheet) -> bool:
        return not sheet.is_hidden and knows_columns(column_names(sheet.rows[0].cells))


def _name(sheet: Sheet, path: str) -> str:
    return f"{path}, sheet “{sheet.name}”"


def _sniff(source: Source) -> bool:
    try:
        return is_workbook(source)
    except InvalidCatalogue:
        return False


FORMAT = Format(
    name="xlsx",
    title="XLSX with the columns text,intent[,answer,title,topic,enabled] or title,answer",
    sniff=_sniff,
    read=lambda source: XlsxReader(source).read_or_refuse(),
)

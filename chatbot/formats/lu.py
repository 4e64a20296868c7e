"""`.lu`: the text format of Microsoft's bots, one file or the many of a Composer project.

`#` begins an intent, `-` an utterance of it, `>` a comment and `@` (once `$`) a definition with a
list of its own, which is no utterance. `# ?` begins a question with its answer in a fence, as older
files have them. Labels in braces become the words they label, patterns sentences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_parts import refuse
from chatbot.formats.json_text import decode
from chatbot.formats.microsoft import NO_INTENT, add_intent, add_pattern, add_row, joined
from chatbot.formats.source import Source

_REFERENCE = "it stands for what is in another file"
_UNKNOWN = "it is on a line that is neither intent nor utterance"
_NO_INTENTS = "has no line `# intent`"

_MARK = re.compile(
    r"^(?:>[ \t]*!#[ \t]*@(?:app|enable)"
    r"|@[ \t]*(?:intent|ml|simple|list|prebuilt|phraselist|regex|patternany|composite)[ \t]+\S)",
    re.MULTILINE | re.IGNORECASE,
)
_HEADING = re.compile(r"^#+[ \t]*[^\s#]", re.MULTILINE)
_RASA = re.compile(r"^##[ \t]*(?:intent|synonym|lookup|regex):", re.MULTILINE)
_CULTURE = re.compile(r">\s*!#\s*@app\.culture\s*=\s*(\S+)", re.IGNORECASE)
_FILE_LANGUAGE = re.compile(r"\.([a-z]{2}(?:-[a-z]{2,4})?)\.lu$", re.IGNORECASE)
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")
_NAME = re.compile(r"@\s*(?:list\s+)?(?:\"([^\"]+)\"|'([^']+)'|([^\s=\"']+))", re.IGNORECASE)
_PATTERN = re.compile(r"\[[^\[\]]*\]|\([^()|]*\|")
_BULLETS = ("-", "+", "*")
_FENCE = "```"
_MOST_CHARS = 2_000
_MOST_LABELS = 50
"""No utterance is so long, or has so many labels."""

_BUILT = "generated"
"""Composer keeps here what it builds of the files beside: each utterance again, and more."""


@dataclass(frozen=True)
class _Row:
    """An utterance as it is written, and where."""

    label: str
    text: str
    place: Place
    language: str


@dataclass
class _File:
    """What is known while the lines of one file are read."""

    path: str
    language: str
    label: str = ""
    definition: str | None = None
    fence: list[str] | None = None


@dataclass
class _Reader:
    """Reads all files first: a list that fills the slots of a pattern may be in any of them."""

    gathering: Gathering
    rows: list[_Row] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    headings: int = 0

    def read(self, path: str, text: str) -> None:
        culture = _CULTURE.search(text) or _FILE_LANGUAGE.search(path)
        file = _File(path, culture[1] if culture else "")
        for number, line in enumerate(text.split("\n"), start=1):
            self._read_line(file, line.strip(), Place(path, number))

    def finish(self) -> CatalogueDraft:
        for row in self.rows:
            _add(self.gathering, row, self.words)
        return self.gathering.finish()

    def _read_line(self, file: _File, line: str, place: Place) -> None:
        if file.fence is not None or line.startswith(_FENCE):
            self._read_fence(file, line, place)
        elif not line or line.startswith(">"):
            return
        elif line.startswith("#"):
            self._begin_intent(file, line.lstrip("#").strip(), place)
        elif line.startswith(("@", "$", "**")):
            self._begin_definition(file, line)
        elif line.startswith(_BULLETS):
            self._read_item(file, line[1:].strip(), place)
        else:
            reason = _REFERENCE if _LINK.match(line) else _UNKNOWN
            self.gathering.leave_out(reason, line, place)

    def _begin_intent(self, file: _File, name: str, place: Place) -> None:
        """A question with an answer is an utterance of the intent that it is the label of."""
        self.headings += 1
        file.label, file.definition = name.lstrip("?").strip(), None
        if not file.label:
            return
        add_intent(self.gathering, file.label, place)
        if name.startswith("?"):
            self.rows.append(_Row(file.label, file.label, place, file.language))

    def _begin_definition(self, file: _File, line: str) -> None:
        """Remember what is defined; a list in the old way has its word on this line."""
        old_name, _, word = line[1:].rstrip("= ").partition(":")
        if line.startswith("$") and line.endswith("=") and word.strip():
            self.words.setdefault(old_name.strip(), word.strip())
        name = _NAME.match(line)
        file.definition = next(filter(None, name.groups()), "") if name else ""

    def _read_item(self, file: _File, item: str, place: Place) -> None:
        if file.definition is not None:
            if item.endswith(":") and item[:-1].strip():
                self.words.setdefault(file.definition, item[:-1].strip())
        elif _LINK.fullmatch(item):
            self.gathering.leave_out(_REFERENCE, item, place)
        elif not file.label:
            self.gathering.leave_out(NO_INTENT, item, place)
        else:
            self.rows.append(_Row(file.label, item, place, file.language))

    def _read_fence(self, file: _File, line: str, place: Place) -> None:
        if file.fence is None:
            file.fence = []
        elif not line.startswith(_FENCE):
            file.fence.append(line)
        else:
            answer, file.fence = "\n".join(file.fence), None
            if file.label:
                self.gathering.add_answer(file.label, answer, place)


def _add(gathering: Gathering, row: _Row, words: dict[str, str]) -> None:
    text, has_slot = row.text, False
    if len(text) <= _MOST_CHARS and text.count("{") <= _MOST_LABELS:
        text, has_slot = _without_labels(row.text)
    if has_slot or _PATTERN.search(text):
        add_pattern(gathering, row.label, text, row.place, row.text, words, row.language)
    else:
        sentence = joined(text, row.language)
        add_row(gathering, row.label, sentence, row.place, row.text, row.language)


def _without_labels(text: str) -> tuple[str, bool]:
    """Return text with `{@size={@unit=two} litres}` as `two litres`, and whether a slot is left.

    Labels are in each other, so each open brace has its own list of what stands in it.
    """
    parts: list[list[str]] = [[]]
    is_value: list[bool] = [True]
    has_slot = False
    for part in re.findall(r"\\.|[{}=]|[^\\{}=]+|\\", text):
        if part == "{":
            parts.append([])
            is_value.append(False)
        elif part == "=" and not is_value[-1]:
            parts[-1], is_value[-1] = [], True
        elif part == "}" and len(parts) > 1:
            inner = "".join(parts.pop())
            is_slot = not is_value.pop()
            parts[-1].append(f"{{{inner}}}" if is_slot else inner.strip())
            has_slot = has_slot or is_slot
        else:
            parts[-1].append(part[1:] if part in (r"\{", r"\}") else part)
    return "{".join("".join(each) for each in parts), has_slot


def _files(source: Source) -> list[str]:
    """The files of a project; a single file may have any name."""
    paths = [path for path in source if path.lower().endswith(".lu")]
    only = source.only()
    return [path for path in paths if _BUILT not in PurePosixPath(path).parts] or (
        [only] if only else []
    )


def _texts(source: Source) -> Iterator[tuple[str, str]]:
    for path in _files(source):
        yield path, decode(source[path], path)


def _sniff(source: Source) -> bool:
    try:
        path, text = next(_texts(source), ("", ""))
    except InvalidCatalogue:
        return False
    if _RASA.search(text) or not _HEADING.search(text):
        return bool(path.lower().endswith(".lu") and _MARK.search(text))
    return path.lower().endswith(".lu") or _MARK.search(text) is not None


def _read(source: Source) -> CatalogueDraft:
    reader = _Reader(Gathering(source.language))
    for path, text in _texts(source):
        reader.read(path, text)
    if not reader.headings:
        raise refuse(source.name, _NO_INTENTS)
    return reader.finish()


FORMAT = Format(
    name="lu", title=".lu files of LUIS and Bot Framework Composer", sniff=_sniff, read=_read
)

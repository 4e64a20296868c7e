from pathlib import Path

import pytest

from chatbot.errors import Conflict, InvalidCatalogue
from chatbot.services.knowledge import pairs
from chatbot.services.knowledge.pairs import ImportedPairs
from chatbot.services.knowledge.pairs_csv import read_pairs, write_pairs
from chatbot.storage.database import Database
from scored_pairs import CARD, TRANSFER, add_scored, list_scored


class TestFile:
    def test_a_file_is_imported_and_comes_out_as_it_went_in(
        self, database: Database, tmp_path: Path
    ) -> None:
        add_scored(database, 0.5)
        add_scored(database, 0.25, texts=(CARD, "=formula"))
        drafts = read_pairs(
            written(tmp_path, f"{CARD},{TRANSFER},1", f"{CARD},'=formula,0.25", "a,b,0", "b,A,0")
        )
        with database.write() as session:
            done = pairs.import_pairs(session, "cli:ann", drafts)
            assert done == ImportedPairs(added=1, changed=1, kept=1)
        with database.read() as session:
            lines = "".join(write_pairs(pairs.all_pairs(session))).splitlines()
        assert lines == [
            "text_a,text_b,score",
            f"{CARD},{TRANSFER},1",
            f"{CARD},'=formula,0.25",
            "a,b,0",
        ]

    def test_a_file_of_a_spreadsheet_reads_too(self, tmp_path: Path) -> None:
        file = tmp_path / "pairs.csv"
        file.write_bytes(
            b'\xef\xbb\xbfscore,note,text_b,text_a\r\n0.5,"x, y","two\r\nlines",one\r\n'
        )
        assert [tuple(draft) for draft in read_pairs(file)] == [("one", "two lines", 0.5)]

    def test_every_mistake_is_named_with_its_line(self, tmp_path: Path) -> None:
        file = written(
            tmp_path,
            f"{CARD},{TRANSFER},0.5",
            "a,b,1.5",
            "a,b,high",
            " ,b,1",
            "a,A,1",
            f"{TRANSFER},{CARD},1",
            "a",
        )
        with pytest.raises(InvalidCatalogue) as refused:
            read_pairs(file)
        mistakes = refused.value.mistakes
        assert [(m.file, m.line) for m in mistakes] == [("pairs.csv", n) for n in range(3, 9)]
        for mistake, word in zip(
            mistakes, ("1.5", "high", "blank", "same", "line 2 says 0.5", "score"), strict=True
        ):
            assert word in mistake.reason

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"text_a,score\na,1\n", "pairs.csv:1: lacks the column text_b"),
            (b"", "pairs.csv:1: lacks the column text_a, text_b, score"),
            (b"text_a,text_b,score\n\xff,b,1\n", "not UTF-8"),
            (b'text_a,text_b,score\n"a,b,1\n', "not a CSV file"),
        ],
    )
    def test_what_is_no_such_file_says_so(
        self, tmp_path: Path, content: bytes, reason: str
    ) -> None:
        file = tmp_path / "pairs.csv"
        file.write_bytes(content)
        with pytest.raises(InvalidCatalogue, match=reason):
            read_pairs(file)

    def test_a_file_that_is_not_there_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidCatalogue, match="no such file"):
            read_pairs(tmp_path / "missing.csv")

    def test_more_than_there_is_room_for_changes_nothing(
        self, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drafts = read_pairs(written(tmp_path, "a,b,0", "c,d,1"))
        monkeypatch.setattr(pairs, "MOST_PAIRS", 1)
        with database.write() as session, pytest.raises(Conflict):
            pairs.import_pairs(session, "cli:ann", drafts)
        assert list_scored(database) == []


def written(folder: Path, *lines: str) -> Path:
    file = folder / "pairs.csv"
    file.write_text("\n".join(["text_a,text_b,score", *lines, ""]))
    return file

import re
from pathlib import Path

from chatbot.services.privacy.inventory import FILES, TABLES
from chatbot.storage.database import Table

PAGE = Path(__file__).parents[4] / "docs" / "operations.md"


def test_every_table_is_in_it_once() -> None:
    assert sorted(kept.name for kept in TABLES) == sorted(Table.metadata.tables)


def test_every_file_is_in_it_once() -> None:
    assert len({kept.name for kept in FILES}) == len(FILES)


def test_the_operations_page_says_the_same() -> None:
    rows = re.findall(
        r"^\| `([\w./]+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE
    )
    said = {name: rest for name, *rest in rows}
    for kept in (*TABLES, *FILES):
        assert said[kept.name] == [kept.what, kept.whose, kept.until]

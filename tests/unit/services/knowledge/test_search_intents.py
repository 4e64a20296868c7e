import pytest

from chatbot.services.knowledge.search_intents import search
from chatbot.storage.database import Database
from factories import add_intent


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("vpn", ["vpn-drops", "vpn-setup"]),
        ("SETUP vpn", ["vpn-setup"]),
        ("", ["invoice", "vpn-drops", "vpn-setup"]),
        ("%", []),
        ("vpn\x00", ["vpn-drops", "vpn-setup"]),
        ("nothing " * 1000, []),
    ],
)
def test_every_word_must_be_there(database: Database, wanted: str, found: list[str]) -> None:
    with database.write() as session:
        for name in ("vpn-setup", "invoice", "vpn-drops"):
            add_intent(session, name)
        add_intent(session, "vpn-old", enabled=False)
        assert [intent.name for intent in search(session, wanted, 10)] == found
        assert len(search(session, "", 2)) == 2

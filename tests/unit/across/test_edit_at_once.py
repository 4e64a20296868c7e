"""Two editors at once: whoever saves second is told, and nothing of the first is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from chatbot.errors import Outdated
from chatbot.services.knowledge import edit_faq
from chatbot.storage.database import Database
from factories import add_intent


@pytest.fixture
def vpn(database: Database) -> Database:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
    return database


def test_a_form_that_is_older_than_what_is_stored_changes_nothing(vpn: Database) -> None:
    with vpn.read() as session:
        seen = edit_faq.get_intent(session, "vpn").updated_at
    with vpn.write() as session:
        edit_faq.change_intent(session, "ann", "vpn", {"title": "Ann's"}, seen)
    with pytest.raises(Outdated, match="after you opened it"), vpn.write() as session:
        edit_faq.change_intent(session, "bob", "vpn", {"answer": "Bob's"}, seen)
    with pytest.raises(Outdated), vpn.write() as session:
        edit_faq.delete_intent(session, "bob", "vpn", seen)
    with vpn.read() as session:
        intent = edit_faq.get_intent(session, "vpn")
        assert (intent.title, intent.answer) == ("Ann's", "Answer of vpn")


def test_of_many_who_save_the_same_form_at_once_one_succeeds(vpn: Database) -> None:
    with vpn.read() as session:
        seen = edit_faq.get_intent(session, "vpn").updated_at
    together = Barrier(6)

    def save(number: int) -> bool:
        together.wait()
        try:
            with vpn.write() as session:
                edit_faq.change_intent(session, "x", "vpn", {"title": f"T{number}"}, seen)
        except Outdated:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(save, range(6))) == 1


def test_an_utterance_that_was_reworded_meanwhile_is_neither_reworded_nor_removed(
    vpn: Database,
) -> None:
    with vpn.write() as session:
        number = edit_faq.get_intent(session, "vpn").utterances[0].id
        edit_faq.change_utterance(session, "ann", "vpn", number, "VPN off", "VPN down")
    with pytest.raises(Outdated, match="“VPN off”"), vpn.write() as session:
        edit_faq.change_utterance(session, "bob", "vpn", number, "VPN weg", "VPN down")
    with pytest.raises(Outdated), vpn.write() as session:
        edit_faq.delete_utterance(session, "bob", "vpn", number, "VPN down")
    with vpn.read() as session:
        assert [u.text for u in edit_faq.get_intent(session, "vpn").utterances] == ["VPN off"]

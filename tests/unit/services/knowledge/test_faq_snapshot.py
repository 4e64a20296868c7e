"""Parts of the FAQ at one moment; tests/unit/across/test_import_modes.py undoes whole imports."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict, NotFound
from chatbot.services.knowledge import edit_faq, faq_snapshot
from chatbot.services.knowledge.faq_snapshot import Snapshot
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, EvaluationQuestion, Utterance
from factories import add_evaluation, add_intent


@pytest.fixture
def faq(database: Database) -> Database:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off")
        add_intent(session, "wifi", "no wifi")
        add_evaluation(session, "is the tunnel dead?", "vpn")
    return database


def retitle(session: Session, *names: str) -> int:
    """An act on these; its number."""
    before = faq_snapshot.take(session, names)
    for name in names:
        edit_faq.get_intent(session, name).title = "Changed"
    act = faq_snapshot.record(session, "ann", "intents.bulk", ", ".join(names), before)
    assert act is not None
    return act


def titles(session: Session) -> list[str]:
    return [edit_faq.get_intent(session, name).title for name in ("vpn", "wifi")]


def test_an_intent_comes_with_its_phrasings_and_test_questions(faq: Database) -> None:
    with faq.read() as session:
        found = faq_snapshot.take(session, ["vpn", "gone"], ["no such text"])
    assert found.intents["gone"] is None
    assert found.intents["vpn"] is not None
    assert [text for text, _ in found.intents["vpn"]["utterances"]] == ["VPN down", "VPN off"]
    [(text, question)] = [(t, q) for t, q in found.questions.items() if q is not None]
    assert question["intent"] == "vpn"
    assert question["text"] == "is the tunnel dead?"
    assert found.questions["no such text"] is None
    assert "wifi" not in found.intents
    assert text in found.digests()["questions"]


def test_the_order_of_phrasings_is_no_difference_and_a_letter_is() -> None:
    def digest(*texts: str) -> str:
        state = {"title": "VPN", "utterances": [[text, None] for text in texts]}
        return Snapshot({"vpn": state}).digests()["intents"]["vpn"]

    assert digest("VPN down", "VPN off") == digest("VPN off", "VPN down")
    assert digest("VPN down", "VPN off") != digest("VPN down", "VPN of")


def test_an_act_that_changed_nothing_is_none(faq: Database) -> None:
    with faq.write() as session:
        before = faq_snapshot.take(session, ["vpn"])
        assert faq_snapshot.record(session, "ann", "intents.bulk", "vpn", before) is None
        assert faq_snapshot.last_act(session) is None


def test_an_act_keeps_what_it_changed_and_nothing_else(faq: Database) -> None:
    with faq.write() as session:
        before = faq_snapshot.take(session, ["vpn", "wifi"])
        edit_faq.get_intent(session, "wifi").title = "Changed"
        act = faq_snapshot.record(session, "ann", "intents.bulk", "two", before)
        assert act is not None
        kept = faq_snapshot.get_act(session, act).detail["before"]
    assert list(kept["intents"]) == ["wifi"]
    assert kept["questions"] == {}


def test_undoing_puts_back_intents_phrasings_and_questions(faq: Database) -> None:
    with faq.write() as session:
        before = faq_snapshot.take(session, ["vpn"])
        session.delete(edit_faq.get_intent(session, "vpn"))
        session.flush()
        act = faq_snapshot.record(session, "ann", "intents.bulk", "vpn", before)
        assert act is not None
    with faq.write() as session:
        faq_snapshot.undo(session, "bob", act)
    with faq.read() as session:
        assert faq_snapshot.take(session, ["vpn"]).digests() == before.digests()
        texts = select(Utterance.text).order_by(Utterance.text)
        assert session.scalars(texts).all() == ["VPN down", "VPN off", "no wifi"]
        assert session.scalars(select(EvaluationQuestion.text)).all() == ["is the tunnel dead?"]


def test_what_was_edited_since_is_named_and_nothing_is_undone(faq: Database) -> None:
    with faq.write() as session:
        act = retitle(session, "vpn", "wifi")
        edit_faq.add_utterance(session, "eve", "wifi", "the wifi is slow")
        assert faq_snapshot.changed_since(session, faq_snapshot.get_act(session, act)) == ["wifi"]
        with pytest.raises(Conflict, match="“wifi” changed or was edited"):
            faq_snapshot.undo(session, "bob", act)
        assert titles(session) == ["Changed", "Changed"]


def test_the_newest_act_of_a_kind_is_found_while_it_stands(faq: Database) -> None:
    with faq.write() as session:
        act = retitle(session, "vpn")
        found = faq_snapshot.last_act(session)
        assert found is not None
        assert found.id == act
        assert faq_snapshot.last_act(session, "faq.import") is None
        edit_faq.get_intent(session, "vpn").title = "Changed again"
        assert faq_snapshot.last_act(session) is None


def test_an_ordinary_edit_is_no_act(faq: Database) -> None:
    with faq.read() as session:
        for event in session.scalars(select(AuditEvent.id)):
            with pytest.raises(NotFound):
                faq_snapshot.get_act(session, event)

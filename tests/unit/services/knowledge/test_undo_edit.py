from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict, NotFound, UtteranceTaken
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.services.knowledge import edit_faq, undo_edit
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.storage.database import Database
from chatbot.storage.tables import EvaluationQuestion, Intent
from factories import add_evaluation, add_intent

State = tuple[object, ...]


def state(session: Session, name: str = "vpn") -> State | None:
    session.flush()
    session.expire_all()
    intent = session.scalar(select(Intent).where(Intent.name == name))
    if intent is None:
        return None
    texts = sorted(utterance.text for utterance in intent.utterances)
    measures = session.scalars(
        select(EvaluationQuestion.text).where(EvaluationQuestion.intent_id == intent.id)
    ).all()
    return (intent.title, intent.topic, intent.answer, intent.enabled, texts, measures)


def utterance_id(session: Session, text: str) -> int:
    return next(u.id for u in edit_faq.get_intent(session, "vpn").utterances if u.text == text)


def import_more(session: Session) -> None:
    item = IntentDraft("vpn", "New title", "Net", "New answer.", utterances=["VPN off", "VPN slow"])
    import_faq(session, CatalogueDraft({"vpn": item}), "ann")


EDITS: dict[str, Callable[[Session], object]] = {
    "title": lambda s: edit_faq.change_intent(s, "ann", "vpn", {"title": "Other", "topic": "X"}),
    "draft": lambda s: edit_faq.change_intent(s, "ann", "vpn", {"enabled": False}),
    "add": lambda s: edit_faq.add_utterance(s, "ann", "vpn", "VPN gone"),
    "reword": lambda s: edit_faq.change_utterance(
        s, "ann", "vpn", utterance_id(s, "VPN off"), "VPN weg"
    ),
    "remove": lambda s: edit_faq.delete_utterance(s, "ann", "vpn", utterance_id(s, "VPN off")),
    "delete": lambda s: edit_faq.delete_intent(s, "ann", "vpn"),
    "import": import_more,
}


@pytest.fixture
def vpn(database: Database) -> Database:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off")
        add_intent(session, "other", "something else")
        add_evaluation(session, "tunnel?", "vpn")
    return database


def newest(session: Session) -> int:
    return undo_edit.list_history(session, "vpn", 1)[0].id


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_is_taken_back_and_taken_back_again(
    vpn: Database, edit: Callable[[Session], object]
) -> None:
    with vpn.write() as session:
        before = state(session)
        edit(session)
        after = state(session)
        assert after != before
    with vpn.write() as session:
        revision = edit_faq.current_revision(session)
        event = newest(session)
        undo_edit.undo(session, "bob", "vpn", event)
        assert state(session) == before
        assert edit_faq.current_revision(session) > revision
        assert undo_edit.list_history(session, "vpn", 1)[0].actor == "bob"


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_that_no_longer_stands_is_not_taken_back(
    vpn: Database, edit: Callable[[Session], object]
) -> None:
    with vpn.write() as session:
        edit(session)
        event = newest(session)
    with vpn.write() as session:
        undo_edit.undo(session, "bob", "vpn", event)
    with pytest.raises(Conflict, match="changed again since"), vpn.write() as session:
        undo_edit.undo(session, "bob", "vpn", event)


def test_a_later_edit_of_something_else_does_not_stand_in_the_way(vpn: Database) -> None:
    with vpn.write() as session:
        edit_faq.change_intent(session, "ann", "vpn", {"title": "Other"})
        event = newest(session)
        edit_faq.change_intent(session, "ann", "vpn", {"answer": "Later."})
        undo_edit.undo(session, "bob", "vpn", event)
        after = state(session)
    assert after is not None
    assert after[:3] == ("Title of vpn", "", "Later.")


def test_a_later_edit_of_the_same_is_never_lost(vpn: Database) -> None:
    with vpn.write() as session:
        edit_faq.change_intent(session, "ann", "vpn", {"answer": "First."})
        event = newest(session)
        edit_faq.change_intent(session, "cat", "vpn", {"answer": "Second."})
    with pytest.raises(Conflict), vpn.write() as session:
        undo_edit.undo(session, "bob", "vpn", event)
    with vpn.read() as session:
        assert edit_faq.get_intent(session, "vpn").answer == "Second."


def test_what_was_removed_and_taken_by_another_intent_does_not_come_back(vpn: Database) -> None:
    with vpn.write() as session:
        edit_faq.delete_utterance(session, "ann", "vpn", utterance_id(session, "VPN off"))
        event = newest(session)
        edit_faq.add_utterance(session, "ann", "other", "VPN off")
    with pytest.raises(UtteranceTaken), vpn.write() as session:
        undo_edit.undo(session, "bob", "vpn", event)


def test_the_draft_that_was_deleted_comes_back_as_a_draft(vpn: Database) -> None:
    with vpn.write() as session:
        edit_faq.change_intent(session, "ann", "vpn", {"enabled": False})
        edit_faq.delete_intent(session, "ann", "vpn")
        assert [event.subject for event in undo_edit.list_deleted(session, 5)] == ["vpn"]
        undo_edit.undo(session, "bob", "vpn", newest(session))
        assert undo_edit.list_deleted(session, 5) == []
        assert edit_faq.get_intent(session, "vpn").enabled is False


def test_creating_is_undone_by_deleting_only(vpn: Database) -> None:
    with vpn.read() as session:
        intent = edit_faq.get_intent(session, "vpn")
        (created,) = undo_edit.list_history(session, "vpn", 5)
        assert created.action == "intent.create"
        assert not undo_edit.can_undo(intent, created)


def test_an_edit_of_another_intent_is_not_found(vpn: Database) -> None:
    with vpn.write() as session:
        edit_faq.change_intent(session, "ann", "other", {"title": "Other"})
        event = undo_edit.list_history(session, "other", 1)[0].id
    for wrong in (event, 999_999):
        with pytest.raises(NotFound), vpn.write() as session:
            undo_edit.undo(session, "bob", "vpn", wrong)

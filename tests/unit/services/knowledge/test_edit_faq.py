from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict, InvalidText, NotFound, UtteranceTaken
from chatbot.services.knowledge import edit_faq
from chatbot.storage.database import Database
from chatbot.storage.tables import (
    AuditEvent,
    Confirmation,
    EvaluationQuestion,
    Intent,
    Query,
    Utterance,
)
from factories import add_confirmed, add_evaluation, add_intent

Edit = Callable[[Session], object]


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "the VPN is down", "VPN drops")
        add_intent(session, "invoice", "where is my invoice")


def revision(database: Database) -> int:
    with database.read() as session:
        return edit_faq.current_revision(session)


def apply(database: Database, edit: Edit) -> None:
    with database.write() as session:
        edit(session)


def utterances(database: Database, name: str) -> list[str]:
    with database.read() as session:
        return [u.text for u in edit_faq.get_intent(session, name).utterances]


def utterance_id(session: Session, text: str) -> int:
    return session.scalars(select(Utterance.id).where(Utterance.text == text)).one()


@contextmanager
def nothing_changes(database: Database) -> Iterator[None]:
    def everything() -> list[object]:
        with database.read() as session:
            return [
                edit_faq.current_revision(session),
                session.execute(select(Intent.name, Intent.title, Intent.enabled)).all(),
                session.execute(select(Utterance.id, Utterance.text)).all(),
                session.scalars(select(AuditEvent.id)).all(),
            ]

    before = everything()
    yield
    assert everything() == before


CHANGES: dict[str, Edit] = {
    "change-intent": lambda s: edit_faq.change_intent(s, "ann", "vpn", {"title": "New"}),
    "disable-intent": lambda s: edit_faq.change_intent(s, "ann", "vpn", {"enabled": False}),
    "change-two-fields": lambda s: edit_faq.change_intent(
        s, "ann", "vpn", {"topic": "n", "answer": "a"}
    ),
    "create-empty-intent": lambda s: edit_faq.create_intent(
        s, "ann", "leave", "Leave", "A", "", []
    ),
    "create-intent-with-utterances": lambda s: edit_faq.create_intent(
        s, "ann", "leave", "Leave", "A", "", ["book leave", "a day off", "BOOK leave"]
    ),
    "delete-intent": lambda s: edit_faq.delete_intent(s, "ann", "vpn"),
    "add-utterance": lambda s: edit_faq.add_utterance(s, "ann", "vpn", "VPN is slow"),
    "reword-utterance": lambda s: edit_faq.change_utterance(
        s, "ann", "vpn", utterance_id(s, "VPN drops"), "VPN drops often"
    ),
    "change-case": lambda s: edit_faq.change_utterance(
        s, "ann", "vpn", utterance_id(s, "VPN drops"), "vpn drops"
    ),
    "delete-utterance": lambda s: edit_faq.delete_utterance(
        s, "ann", "vpn", utterance_id(s, "VPN drops")
    ),
}


@pytest.mark.parametrize("edit", CHANGES.values(), ids=CHANGES)
def test_a_change_raises_the_revision_by_one_and_is_audited(database: Database, edit: Edit) -> None:
    before = revision(database)
    apply(database, edit)
    assert revision(database) == before + 1
    with database.read() as session:
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert newest.actor == "ann"


def test_the_revision_rises_in_the_transaction_of_the_change(database: Database) -> None:
    before = revision(database)
    with pytest.raises(RuntimeError), database.write() as session:
        edit_faq.create_intent(session, "ann", "leave", "Leave", "A", "", ["book leave"])
        assert edit_faq.current_revision(session) > before
        raise RuntimeError
    assert revision(database) == before


NO_CHANGES: dict[str, Edit] = {
    "same-title": lambda s: edit_faq.change_intent(s, "ann", "vpn", {"title": "Title of vpn"}),
    "nothing": lambda s: edit_faq.change_intent(s, "ann", "vpn", {}),
    "same-utterance": lambda s: edit_faq.add_utterance(s, "ann", "vpn", "VPN drops"),
    "utterance-in-other-case": lambda s: edit_faq.add_utterance(s, "ann", "vpn", " vpn  DROPS "),
    "reworded-to-itself": lambda s: edit_faq.change_utterance(
        s, "ann", "vpn", utterance_id(s, "VPN drops"), "VPN drops"
    ),
}


@pytest.mark.parametrize("edit", NO_CHANGES.values(), ids=NO_CHANGES)
def test_what_stays_the_same_is_no_change(database: Database, edit: Edit) -> None:
    with nothing_changes(database):
        apply(database, edit)


REFUSED: dict[str, tuple[type[Exception], str, Edit]] = {
    "intent-exists": (
        Conflict,
        "“vpn” exists already",
        lambda s: edit_faq.create_intent(s, "ann", "vpn", "T", "A", "", []),
    ),
    "new-intent-with-a-taken-phrasing": (
        UtteranceTaken,
        "belongs to intent “vpn”",
        lambda s: edit_faq.create_intent(
            s, "ann", "leave", "T", "A", "", ["book leave", "vpn DROPS"]
        ),
    ),
    "taken": (
        UtteranceTaken,
        "belongs to intent “invoice”",
        lambda s: edit_faq.add_utterance(s, "ann", "vpn", "where is my invoice"),
    ),
    "taken-after-normalisation": (
        UtteranceTaken,
        "belongs to intent “invoice”",
        lambda s: edit_faq.add_utterance(s, "ann", "vpn", "\uff37HERE  is\u200b my INVOICE"),
    ),
    "reworded-to-a-taken-one": (
        UtteranceTaken,
        "belongs to intent “invoice”",
        lambda s: edit_faq.change_utterance(
            s, "ann", "vpn", utterance_id(s, "VPN drops"), "Where is my invoice"
        ),
    ),
    "reworded-to-its-twin": (
        Conflict,
        "another utterance of “vpn”",
        lambda s: edit_faq.change_utterance(
            s, "ann", "vpn", utterance_id(s, "VPN drops"), "THE VPN IS DOWN"
        ),
    ),
    "blank": (InvalidText, "blank", lambda s: edit_faq.add_utterance(s, "ann", "vpn", " ")),
    "too-long": (InvalidText, "501", lambda s: edit_faq.add_utterance(s, "ann", "vpn", "x" * 501)),
    "unknown-intent": (
        NotFound,
        "no intent “pizza”",
        lambda s: edit_faq.add_utterance(s, "ann", "pizza", "one with cheese"),
    ),
    "change-unknown-intent": (
        NotFound,
        "no intent “pizza”",
        lambda s: edit_faq.change_intent(s, "ann", "pizza", {"title": "T"}),
    ),
    "delete-unknown-intent": (
        NotFound,
        "no intent “pizza”",
        lambda s: edit_faq.delete_intent(s, "ann", "pizza"),
    ),
    "utterance-of-another-intent": (
        NotFound,
        "has no utterance",
        lambda s: edit_faq.delete_utterance(
            s, "ann", "vpn", utterance_id(s, "where is my invoice")
        ),
    ),
    "unknown-utterance": (
        NotFound,
        "has no utterance 999",
        lambda s: edit_faq.change_utterance(s, "ann", "vpn", 999, "text"),
    ),
}


@pytest.mark.parametrize(("error", "reason", "edit"), REFUSED.values(), ids=REFUSED)
def test_a_refused_edit_says_why_and_changes_nothing(
    database: Database, error: type[Exception], reason: str, edit: Edit
) -> None:
    with nothing_changes(database), pytest.raises(error, match=reason):
        apply(database, edit)


def test_a_new_intent_has_what_was_given(database: Database) -> None:
    with database.write() as session:
        edit_faq.create_intent(
            session, "ann", "leave", "Leave", "Ask HR.", "HR", ["book leave", "day off"]
        )
    with database.read() as session:
        intent = edit_faq.get_intent(session, "leave")
        assert (intent.title, intent.answer, intent.topic) == ("Leave", "Ask HR.", "HR")
        assert intent.enabled
    assert utterances(database, "leave") == ["book leave", "day off"]
    assert utterances(database, "vpn") == ["the VPN is down", "VPN drops"]


def test_an_utterance_is_stored_clean(database: Database) -> None:
    apply(database, lambda s: edit_faq.add_utterance(s, "ann", "vpn", " \uff36PN\u200b  is slow\n"))
    assert utterances(database, "vpn")[-1] == "VPN is slow"


def test_a_deleted_intent_takes_its_own_rows_and_no_others(database: Database) -> None:
    with database.write() as session:
        add_evaluation(session, "VPN?", "vpn")
        add_evaluation(session, "invoice?", "invoice")
        add_confirmed(session, "my VPN", "vpn")
        kept = add_confirmed(session, "my invoice", "invoice").id
    apply(database, CHANGES["delete-intent"])
    with database.read() as session:
        assert session.scalars(select(Intent.name)).all() == ["invoice"]
        assert session.scalars(select(Utterance.text)).all() == ["where is my invoice"]
        assert session.scalars(select(EvaluationQuestion.text)).all() == ["invoice?"]
        assert session.scalars(select(Confirmation.query_id)).all() == [kept]
        assert len(session.scalars(select(Query.id)).all()) == 2


def test_a_deleted_intent_can_be_read_in_the_audit_trail(database: Database) -> None:
    apply(database, CHANGES["delete-intent"])
    with database.read() as session:
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (newest.action, newest.subject) == ("intent.delete", "vpn")
    assert newest.detail["utterances"] == ["the VPN is down", "VPN drops"]


def test_a_freed_phrasing_can_go_elsewhere(database: Database) -> None:
    apply(database, CHANGES["delete-utterance"])
    apply(database, lambda s: edit_faq.add_utterance(s, "ann", "invoice", "VPN drops"))
    assert utterances(database, "invoice") == ["where is my invoice", "VPN drops"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_intents_leave_none_out_and_show_none_twice(
    database: Database, limit: int
) -> None:
    with database.write() as session:
        for name in ("b-2", "b-1", "c", "a"):
            add_intent(session, name)
    seen: list[tuple[str, int]] = []
    after = None
    while True:
        with database.read() as session:
            page, after = edit_faq.list_intents(session, after, limit)
        seen += [(intent.name, count) for intent, count in page]
        if after is None:
            break
    assert seen == [("a", 0), ("b-1", 0), ("b-2", 0), ("c", 0), ("invoice", 1), ("vpn", 2)]

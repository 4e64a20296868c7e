import pytest
from sqlalchemy import select

from chatbot.errors import NotFound
from chatbot.services.knowledge import (
    bulk_edit,
    edit_faq,
    faq_snapshot,
    pins,
    undo_edit,
)
from chatbot.services.knowledge.bulk_edit import Action
from chatbot.storage.database import Database
from chatbot.storage.tables import Confirmation, Intent, KnowledgeChange
from factories import add_confirmed, add_evaluation, add_intent

BOTH = ["vpn", "wifi"]


@pytest.fixture
def faq(database: Database) -> Database:
    """Three intents; vpn has a verdict, a test question and a pin; wifi is a draft."""
    with database.write() as session:
        for name in ("vpn", "wifi", "invoice"):
            add_intent(session, name, f"{name} down", f"{name} off")
        add_confirmed(session, "the tunnel is dead", "vpn")
        add_evaluation(session, "tunnel?", "vpn")
        pins.add_pin(session, "ann", "pinned words", "vpn")
        edit_faq.change_intent(session, "ann", "wifi", {"enabled": False})
    return database


def run(database: Database, action: Action, topic: str = "") -> int | None:
    with database.write() as session:
        return bulk_edit.act(session, "eve", BOTH, action, topic)


def states(database: Database) -> dict[str, tuple[bool, str]]:
    with database.read() as session:
        return {i.name: (i.enabled, i.topic) for i in session.scalars(select(Intent))}


@pytest.mark.parametrize(
    ("action", "after"),
    [
        (Action.ENABLE, {"vpn": (True, ""), "wifi": (True, "")}),
        (Action.DISABLE, {"vpn": (False, ""), "wifi": (False, "")}),
        (Action.MOVE, {"vpn": (True, "Net"), "wifi": (False, "Net")}),
        (Action.DELETE, {}),
    ],
)
def test_all_are_changed_in_one_revision_and_undone_as_one(
    faq: Database, action: Action, after: dict[str, tuple[bool, str]]
) -> None:
    before = states(faq)
    with faq.read() as session:
        revision = edit_faq.current_revision(session)
        whole = faq_snapshot.take(session, before)
    act = run(faq, action, "Net" if action is Action.MOVE else "")
    assert states(faq) == after | {"invoice": (True, "")}
    assert act is not None
    with faq.write() as session:
        assert edit_faq.current_revision(session) == revision + 1
        faq_snapshot.undo(session, "eve", act)
        assert faq_snapshot.take(session, before).digests() == whole.digests()
    assert states(faq) == before


def test_what_hangs_on_them_is_counted(faq: Database) -> None:
    with faq.read() as session:
        found = bulk_edit.foresee(session, BOTH, Action.DELETE)
        assert list(found.intents) == BOTH
        assert (found.utterances, found.questions, found.verdicts, found.pins) == (4, 1, 1, 1)
        disabling = bulk_edit.foresee(session, BOTH, Action.DISABLE)
        assert (list(disabling.intents), disabling.unchanged) == (["vpn"], 1)


def test_a_deletion_loses_the_verdicts_as_it_says(faq: Database) -> None:
    act = run(faq, Action.DELETE)
    assert act is not None
    with faq.write() as session:
        assert session.scalars(select(Confirmation.query_id)).all() == []
        faq_snapshot.undo(session, "eve", act)
        assert session.scalars(select(Confirmation.query_id)).all() == []


def test_disabling_keeps_the_verdicts(faq: Database) -> None:
    run(faq, Action.DISABLE)
    with faq.read() as session:
        assert len(session.scalars(select(Confirmation.query_id)).all()) == 1


def test_matchers_are_told_which_phrasings_went(faq: Database) -> None:
    run(faq, Action.DELETE)
    with faq.read() as session:
        newest = edit_faq.current_revision(session)
        changes = select(KnowledgeChange).where(KnowledgeChange.revision == newest)
        rows = session.scalars(changes).all()
    assert {row.intent for row in rows} - {None} == set(BOTH)
    said = {row.phrasing for row in rows} - {None}
    confirmed = {"the tunnel is dead"}
    assert said == {"vpn down", "vpn off", "wifi down", "wifi off"} | confirmed


def test_each_intent_has_it_in_its_history_and_comes_back_alone_too(faq: Database) -> None:
    run(faq, Action.DELETE)
    with faq.write() as session:
        newest = undo_edit.list_history(session, "vpn", 1)[0]
        undo_edit.undo(session, "eve", "vpn", newest.id)
    assert states(faq).keys() == {"vpn", "invoice"}


def test_nothing_happens_if_one_is_gone_or_nothing_would_change(faq: Database) -> None:
    with faq.write() as session, pytest.raises(NotFound):
        bulk_edit.act(session, "eve", ["vpn", "gone"], Action.DELETE)
    before = states(faq)
    with faq.write() as session:
        assert bulk_edit.act(session, "eve", ["wifi"], Action.DISABLE) is None
    assert states(faq) == before

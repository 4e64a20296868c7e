"""Add, update, replace; clashes; the preview; and one undo for the whole."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.errors import Conflict, InvalidCatalogue, NotFound
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.services.knowledge import edit_faq, faq_snapshot
from chatbot.services.knowledge.clashes import Clashes
from chatbot.services.knowledge.export_faq import export_faq
from chatbot.services.knowledge.import_faq import import_faq, preview_import
from chatbot.services.knowledge.plan_import import Imported, Mode, Wanted
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, EvaluationQuestion, Intent
from factories import add_confirmed, add_evaluation, add_intent

FILE = CatalogueDraft(
    {
        "vpn": IntentDraft("vpn", "VPN", "Net", "Restart it.", utterances=["VPN down", "VPN slow"]),
        "wifi": IntentDraft("wifi", "Wi-Fi", "Net", "Ask.", utterances=["no wifi"]),
    },
    ["a joke"],
)
CLASH = CatalogueDraft(
    {"wifi": IntentDraft("wifi", "Wi-Fi", "", "Ask.", utterances=["no wifi", "VPN down"])}
)


@pytest.fixture
def faq(database: Database) -> Database:
    """vpn with three phrasings, invoice with one and a test question."""
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off", "VPN gone")
        add_intent(session, "invoice", "where is my invoice")
        add_evaluation(session, "bill?", "invoice")
    return database


def run(database: Database, draft: CatalogueDraft, **wanted: object) -> Imported:
    with database.write() as session:
        return import_faq(session, draft, "ann", wanted=Wanted(**wanted))  # type: ignore[arg-type]


def faq_of(database: Database) -> dict[str, tuple[str, list[str]]]:
    with database.read() as session:
        drafts = export_faq(session).intents.values()
        return {draft.name: (str(draft.answer), draft.utterances) for draft in drafts}


def whole(session: Session) -> faq_snapshot.Snapshot:
    return faq_snapshot.take(
        session,
        session.scalars(select(Intent.name)),
        session.scalars(select(EvaluationQuestion.normalised)),
    )


def test_add_leaves_what_is_there(faq: Database) -> None:
    done = run(faq, FILE, mode=Mode.ADD)
    assert (done.intents_added, done.intents_changed, done.utterances_added) == (1, 0, 2)
    now = faq_of(faq)
    assert now["vpn"] == ("Answer of vpn", ["VPN down", "VPN off", "VPN gone", "VPN slow"])
    assert now.keys() == {"invoice", "vpn", "wifi"}


def test_update_changes_what_differs(faq: Database) -> None:
    done = run(faq, FILE, mode=Mode.UPDATE)
    assert done.changes == {"vpn": ["title", "topic", "answer"]}
    assert faq_of(faq)["vpn"][0] == "Restart it."
    assert "invoice" in faq_of(faq)


def test_replace_leaves_what_the_file_says_and_nothing_else(faq: Database) -> None:
    done = run(faq, FILE, mode=Mode.REPLACE)
    assert faq_of(faq) == {
        "vpn": ("Restart it.", ["VPN down", "VPN slow"]),
        "wifi": ("Ask.", ["no wifi"]),
    }
    assert done.removed == ["invoice"]
    assert done.lost_utterances == {"vpn": ["VPN off", "VPN gone"]}


def test_replacing_knows_no_clash(faq: Database) -> None:
    run(faq, CLASH, mode=Mode.REPLACE)
    assert faq_of(faq) == {"wifi": ("Ask.", ["no wifi", "VPN down"])}


def test_a_clash_is_refused_moved_or_kept(faq: Database) -> None:
    before = faq_of(faq)
    with pytest.raises(InvalidCatalogue, match="belongs to intent “vpn”"):
        run(faq, CLASH)
    assert faq_of(faq) == before
    kept = run(faq, CLASH, clashes=Clashes.KEEP)
    assert (kept.utterances_added, kept.utterances_moved) == (1, 0)
    assert faq_of(faq) == before | {"wifi": ("Ask.", ["no wifi"])}
    moved = run(faq, CLASH, clashes=Clashes.MOVE)
    assert (moved.utterances_added, moved.utterances_moved) == (0, 1)
    assert [(c.text, c.owner, c.wanted) for c in moved.clashes] == [("VPN down", "vpn", "wifi")]
    assert faq_of(faq)["vpn"][1] == ["VPN off", "VPN gone"]
    assert faq_of(faq)["wifi"][1] == ["no wifi", "VPN down"]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("clashes", [Clashes.MOVE, Clashes.KEEP])
@pytest.mark.parametrize("draft", [FILE, CLASH], ids=["file", "clash"])
def test_a_preview_says_what_comes_and_leaves_no_trace(
    faq: Database, mode: Mode, clashes: Clashes, draft: CatalogueDraft
) -> None:
    with faq.read() as session:
        before, events = whole(session), session.scalar(select(func.max(AuditEvent.id)))
        revision = edit_faq.current_revision(session)
    wanted = Wanted(mode, clashes)
    seen = preview_import(faq, draft, wanted)
    with faq.read() as session:
        assert whole(session) == before
        assert session.scalar(select(func.max(AuditEvent.id))) == events
        assert edit_faq.current_revision(session) == revision
    with faq.write() as session:
        done = import_faq(session, draft, "ann", wanted=wanted)
    seen.act = done.act
    assert seen == done


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("draft", [FILE, CLASH], ids=["file", "clash"])
def test_one_undo_takes_all_of_it_back(faq: Database, mode: Mode, draft: CatalogueDraft) -> None:
    with faq.read() as session:
        before = whole(session)
        revision = edit_faq.current_revision(session)
    done = run(faq, draft, mode=mode, clashes=Clashes.MOVE)
    assert done.act is not None
    with faq.write() as session:
        assert whole(session) != before
        faq_snapshot.undo(session, "ann", done.act)
    with faq.read() as session:
        assert whole(session).digests() == before.digests()
        assert edit_faq.current_revision(session) == revision + 2


def test_an_undo_can_be_undone(faq: Database) -> None:
    done = run(faq, FILE, mode=Mode.REPLACE)
    after = faq_of(faq)
    assert done.act is not None
    with faq.write() as session:
        faq_snapshot.undo(session, "ann", done.act)
        last = faq_snapshot.last_act(session)
        assert last is not None
        faq_snapshot.undo(session, "ann", last.id)
    assert faq_of(faq) == after


def test_a_later_edit_is_never_lost_by_an_undo(faq: Database) -> None:
    done = run(faq, FILE)
    assert done.act is not None
    with faq.write() as session:
        edit_faq.add_utterance(session, "eve", "wifi", "the wifi is slow")
    after = faq_of(faq)
    with faq.write() as session, pytest.raises(Conflict, match="“wifi”"):
        faq_snapshot.undo(session, "ann", done.act)
    with faq.write() as session:
        assert faq_snapshot.last_act(session) is None
    assert faq_of(faq) == after


def test_an_edit_elsewhere_is_no_hindrance(faq: Database) -> None:
    done = run(faq, FILE)
    assert done.act is not None
    with faq.write() as session:
        edit_faq.add_utterance(session, "eve", "invoice", "send the bill")
        faq_snapshot.undo(session, "ann", done.act)
    assert faq_of(faq)["invoice"][1] == ["where is my invoice", "send the bill"]
    assert "wifi" not in faq_of(faq)


def test_verdicts_on_what_stays_survive_import_and_undo(faq: Database) -> None:
    with faq.write() as session:
        query = add_confirmed(session, "the tunnel is dead", "vpn").id
    done = run(faq, FILE, mode=Mode.REPLACE)
    assert done.act is not None
    with faq.write() as session:
        faq_snapshot.undo(session, "ann", done.act)
    with faq.read() as session:
        intent = edit_faq.get_intent(session, "vpn")
        learnt = edit_faq.phrasings_of(session, intent)
        assert query
        assert learnt == {"vpn down", "vpn off", "vpn gone", "the tunnel is dead"}


def test_only_an_act_on_many_is_undone_so(faq: Database) -> None:
    with faq.write() as session:
        event = session.scalars(select(AuditEvent.id)).first()
        assert event is not None
        for unknown in (event, 999_999):
            with pytest.raises(NotFound):
                faq_snapshot.undo(session, "ann", unknown)


class TestTextsThatMeasure:
    """A text is an utterance or a test question, never both: so every export can be imported."""

    def test_an_import_makes_an_utterance_of_a_test_question(self, faq: Database) -> None:
        bill = IntentDraft("invoice", "Invoice", "", "See Billing.", utterances=["Bill?"])
        done = run(faq, CatalogueDraft({"invoice": bill}))
        assert (done.utterances_added, done.evaluation_removed) == (1, 1)
        with faq.write() as session:
            assert session.scalars(select(EvaluationQuestion.id)).all() == []
            assert done.act is not None
            faq_snapshot.undo(session, "ann", done.act)
            assert session.scalars(select(EvaluationQuestion.text)).all() == ["bill?"]

    def test_a_files_test_question_that_is_an_utterance_is_left_out(self, faq: Database) -> None:
        draft = CatalogueDraft({}, ["vpn DOWN", "a song"])
        done = run(faq, draft)
        assert done.evaluation_added == 1
        assert done.warnings == ["“vpn DOWN” is an utterance, so it measures nothing."]

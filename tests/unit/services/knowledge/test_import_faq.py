from typing import Any

import pytest
from sqlalchemy import func, select

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import PLACEHOLDER, CatalogueDraft, IntentDraft
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.knowledge.plan_import import Imported
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, EvaluationQuestion, Intent, Utterance
from factories import add_intent

STABLE = {"joke number 0", "joke number 2"}


def draft(*intents: IntentDraft, out_of_scope: tuple[str, ...] = ()) -> CatalogueDraft:
    return CatalogueDraft({intent.name: intent for intent in intents}, list(out_of_scope))


def vpn(**changes: Any) -> IntentDraft:
    values = {"title": "VPN", "topic": "Network", "answer": "Start it.", "utterances": ["VPN down"]}
    return IntentDraft("vpn", **values | changes)


def run(database: Database, catalogue: CatalogueDraft) -> Imported:
    with database.write() as session:
        return import_faq(session, catalogue, "ann")


def revision(database: Database) -> int:
    with database.read() as session:
        return edit_faq.current_revision(session)


def test_a_first_import_adds_everything_and_raises_the_revision_once(database: Database) -> None:
    wifi = IntentDraft("wifi", "Wi-Fi", answer="Ask.", utterances=["no wifi"], held_out=["w-lan?"])
    done = run(database, draft(vpn(), wifi, out_of_scope=("a joke", "a song")))
    assert (done.intents_added, done.utterances_added, done.evaluation_added) == (2, 2, 3)
    assert done.changed
    assert revision(database) == 1
    with database.read() as session:
        intent = edit_faq.get_intent(session, "vpn")
        assert (intent.title, intent.topic, intent.answer) == ("VPN", "Network", "Start it.")
        rows = session.execute(
            select(EvaluationQuestion.text, Intent.name)
            .outerjoin(Intent)
            .order_by(EvaluationQuestion.id)
        )
        assert [tuple(row) for row in rows] == [
            ("w-lan?", "wifi"),
            ("a joke", None),
            ("a song", None),
        ]
        audited = session.execute(
            select(AuditEvent.action, AuditEvent.subject).order_by(AuditEvent.id)
        )
        assert [tuple(row) for row in audited] == [
            ("intent.import", "vpn"),
            ("intent.import", "wifi"),
            ("faq.import", "2 intents"),
        ]


def test_importing_the_same_again_changes_nothing(database: Database) -> None:
    catalogue = draft(vpn(held_out=["tunnel?"]), out_of_scope=("a joke",))
    run(database, catalogue)
    again = run(database, catalogue)
    assert again == Imported()
    assert not again.changed
    assert revision(database) == 1


def test_what_differs_is_changed_and_nothing_is_removed(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "invoice", "where is my invoice")
    run(database, draft(vpn()))
    before = revision(database)
    done = run(database, draft(vpn(answer="Restart it.", utterances=["vpn DOWN", "VPN slow"])))
    assert (done.intents_added, done.intents_changed, done.utterances_added) == (0, 1, 1)
    assert revision(database) == before + 1
    with database.read() as session:
        assert edit_faq.get_intent(session, "vpn").answer == "Restart it."
        texts = session.scalars(select(Utterance.text).order_by(Utterance.id)).all()
    assert texts == ["where is my invoice", "VPN down", "VPN slow"]


def test_a_clash_changes_nothing_at_all(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "invoice", "where is my invoice")
    before = revision(database)
    clash = vpn(utterances=["VPN slow", "WHERE is my  invoice"])
    other = IntentDraft("wifi", "Wi-Fi", answer="Ask.", utterances=["no wifi"])
    with pytest.raises(InvalidCatalogue, match="belongs to intent “invoice”.*to “vpn”"):
        run(database, draft(other, clash, out_of_scope=("a joke",)))
    assert revision(database) == before
    with database.read() as session:
        assert session.scalars(select(Intent.name)).all() == ["invoice"]
        assert session.scalar(select(func.count(EvaluationQuestion.id))) == 0


def test_without_an_answer_a_new_intent_gets_a_placeholder_and_a_warning(
    database: Database,
) -> None:
    done = run(database, draft(vpn(answer=None), IntentDraft("wifi", "Wi-Fi", answer="Ask.")))
    assert done.warnings == ["“vpn” has no answer yet; visitors get a placeholder."]
    with database.read() as session:
        assert edit_faq.get_intent(session, "vpn").answer == PLACEHOLDER
        assert edit_faq.get_intent(session, "wifi").answer == "Ask."


def test_without_an_answer_an_existing_intent_keeps_what_it_has(database: Database) -> None:
    run(database, draft(vpn()))
    says_little = vpn(title="Vpn", has_own_title=False, topic="", answer=None)
    says_little.utterances = ["VPN slow"]
    done = run(database, draft(says_little))
    assert (done.intents_changed, done.utterances_added, done.warnings) == (0, 1, [])
    with database.read() as session:
        intent = edit_faq.get_intent(session, "vpn")
        assert (intent.title, intent.topic, intent.answer) == ("VPN", "Network", "Start it.")


def test_a_disabled_intent_stays_disabled(database: Database) -> None:
    run(database, draft(vpn()))
    with database.write() as session:
        edit_faq.change_intent(session, "ann", "vpn", {"enabled": False})
    run(database, draft(vpn(answer="Other.")))
    with database.read() as session:
        assert edit_faq.get_intent(session, "vpn").enabled is False


def test_about_half_of_the_out_of_scope_questions_calibrate_and_always_the_same(
    database: Database,
) -> None:
    questions = tuple(f"joke number {i}" for i in range(200))
    run(database, draft(vpn(held_out=["tunnel?", "vpn?"]), out_of_scope=questions))
    with database.read() as session:
        query = select(EvaluationQuestion.text).where(EvaluationQuestion.calibration)
        calibrating = set(session.scalars(query))
        in_scope = EvaluationQuestion.intent_id.is_not(None)
        assert not session.scalars(query.where(in_scope)).all()
    assert 70 < len(calibrating) < 130
    assert {
        "joke number 0",
        "joke number 1",
        "joke number 2",
        "joke number 3",
    } & calibrating == STABLE


def test_progress_hears_every_text(database: Database) -> None:
    heard: list[int] = []
    catalogue = draft(vpn(held_out=["tunnel?"]), out_of_scope=("a joke",))
    with database.write() as session:
        import_faq(session, catalogue, "ann", heard.append)
    assert heard == [2, 1]
    assert sum(heard) == catalogue.size

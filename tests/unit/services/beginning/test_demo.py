"""The demo comes in marked, and goes whole; what people made beside it stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from chatbot.errors import NotFound
from chatbot.services.beginning import demo
from chatbot.services.knowledge import edit_faq, faq_snapshot, pins
from chatbot.services.learning.stale_calibration import find_outgrown, request_what_is_needed
from chatbot.services.releases import jobs, release
from chatbot.services.review import confirm
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.tables import (
    Confirmation,
    EvaluationQuestion,
    Handoff,
    Intent,
    ModelVersion,
    Pin,
    Query,
    TrainingJob,
    Utterance,
)
from factories import add_evaluation, add_intent, add_live_version, add_query, add_version

SHIPPED = """
topic: Shop
intents:
- name: hours
  title: Opening hours
  answer: From 9 to 5.
  utterances: [when are you open, opening times]
- name: parcel
  title: Send a parcel
  answer: At the desk.
  utterances: [post a parcel, send a box]
out_of_scope:
  questions: [tell me a joke, sing a song, who are you]
"""
HELD_OUT = "hours: [are you open now]\nparcel: [ship my box]\n"


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A demo of two intents, so that a test can see all of it."""
    folder = tmp_path / "shipped"
    (folder / "intents").mkdir(parents=True)
    (folder / "held_out").mkdir()
    (folder / "intents" / "shop.yaml").write_text(SHIPPED)
    (folder / "held_out" / "shop.yaml").write_text(HELD_OUT)
    monkeypatch.setattr(demo, "SHIPPED_FAQ", folder)
    demo.read_demo.cache_clear()
    yield
    demo.read_demo.cache_clear()


def names(session: Session) -> set[str]:
    return set(session.scalars(select(Intent.name)))


def texts(session: Session, name: str) -> list[str]:
    query = select(Utterance.text).join(Intent).where(Intent.name == name).order_by(Utterance.id)
    return list(session.scalars(query))


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_it_goes_whole_and_leaves_what_stood_beside_it(database: Database) -> None:
    with database.write() as session:
        demo.add_demo(session, "ann")
        add_intent(session, "bikes", "rent a bike", "hire a bicycle")
        add_evaluation(session, "a bike for today", "bikes")
        add_evaluation(session, "do you sell bread", None)
    with database.write() as session:
        found = demo.find_demo(session)
        assert (list(found.intents), found.utterances) == (["hours", "parcel"], 4)
        assert (found.questions, found.out_of_scope) == (2, 3)
        assert demo.remove_demo(session, "ann") == found
    with database.read() as session:
        assert names(session) == {"bikes"}
        left = session.scalars(select(EvaluationQuestion.text).order_by(EvaluationQuestion.id))
        assert left.all() == ["a bike for today", "do you sell bread"]
        assert not demo.is_marked(session)
        assert not demo.find_demo(session).is_there


def test_without_it_there_is_nothing_to_remove(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "bikes", "rent a bike")
        with pytest.raises(NotFound):
            demo.remove_demo(session, "ann")
        assert names(session) == {"bikes"}


def test_own_phrasings_stay_as_a_draft_as_the_answer_is_still_the_demos(
    database: Database,
) -> None:
    with database.write() as session:
        demo.add_demo(session, "ann")
        edit_faq.add_utterance(session, "ann", "hours", "is the bike shop open")
    with database.write() as session:
        assert list(demo.find_demo(session).drafts) == ["hours"]
        demo.remove_demo(session, "ann")
    with database.read() as session:
        assert names(session) == {"hours"}
        assert texts(session, "hours") == ["is the bike shop open"]
        assert not edit_faq.get_intent(session, "hours").enabled


def test_an_answer_of_ones_own_stays_live(database: Database) -> None:
    with database.write() as session:
        demo.add_demo(session, "ann")
        edit_faq.change_intent(session, "ann", "hours", {"answer": "Always."})
        edit_faq.change_intent(session, "ann", "parcel", {"answer": "Never."})
        edit_faq.add_utterance(session, "ann", "parcel", "mail a bike")
    with database.write() as session:
        demo.remove_demo(session, "ann")
    with database.read() as session:
        assert all(edit_faq.get_intent(session, n).enabled for n in ("hours", "parcel"))
        assert texts(session, "parcel") == ["mail a bike"]
        assert texts(session, "hours") == ["when are you open", "opening times"]
        assert not demo.is_marked(session)


def test_what_the_demo_was_asked_goes_and_what_came_later_stays(
    database: Database, settings: Settings
) -> None:
    hours = [{"intent": "hours", "probability": 0.9}]
    with database.write() as session:
        add_live_version(session)
        demo.add_demo(session, "ann")
        early = add_query(session, "what about the demo", conversation_id="c1").id
        session.add(Handoff(conversation_id="c1", email="v@example.org"))
        bikes = add_intent(session, "bikes", "rent a bike")
        first = bikes.created_at
        session.execute(
            update(Query).where(Query.id == early).values(asked_at=first.replace(year=2020))
        )
        kept = add_query(session, "a tandem?", asked_at=first.replace(year=2030)).id
        answered = add_query(
            session, "open?", candidates=hours, decision="answer", asked_at=first.replace(year=2030)
        ).id
        judged = add_query(session, "late?", asked_at=first.replace(year=2030)).id
        mine = add_query(session, "bike?", asked_at=first.replace(year=2030)).id
        confirm.confirm(session, judged, "hours", "ann", settings)
        confirm.confirm(session, mine, "bikes", "ann", settings)
        pins.add_pin(session, "ann", "open on sunday?", "hours")
        pins.add_pin(session, "ann", "bike on sunday?", "bikes")
    with database.write() as session:
        found = demo.find_demo(session)
        assert (found.queries, found.verdicts, found.pins, found.handoffs) == (3, 1, 1, 1)
        demo.remove_demo(session, "ann")
    with database.read() as session:
        assert set(session.scalars(select(Query.id))) == {kept, mine}
        assert answered not in session.scalars(select(Query.id)).all()
        assert session.scalars(select(Pin.intent)).all() == ["bikes"]
        assert (count(session, Confirmation), count(session, Handoff)) == (1, 0)


def test_all_questions_go_if_nothing_of_ones_own_was_ever_there(database: Database) -> None:
    with database.write() as session:
        demo.add_demo(session, "ann")
        add_query(session, "anything")
        demo.remove_demo(session, "ann")
        assert (count(session, Query), names(session)) == (0, set())


def test_an_undo_brings_the_faq_back_marked_as_before(database: Database) -> None:
    with database.write() as session:
        demo.add_demo(session, "ann")
        before = faq_snapshot.take(session, names(session))
        demo.remove_demo(session, "ann")
        last = faq_snapshot.last_act(session)
        assert last is not None
        faq_snapshot.undo(session, "ann", last.id)
    with database.read() as session:
        after = faq_snapshot.take(session, names(session))
        assert after.digests() == before.digests()
        assert count(session, EvaluationQuestion) == 5
        assert demo.is_marked(session)


def test_adding_it_twice_or_beside_the_same_names_changes_nothing_of_ones_own(
    database: Database,
) -> None:
    with database.write() as session:
        edit_faq.create_intent(session, "ann", "hours", "Ours", "All day.", "", ["opening times"])
        demo.add_demo(session, "ann")
        assert not demo.add_demo(session, "ann").changed
        mine = edit_faq.get_intent(session, "hours")
        assert (mine.title, mine.answer, mine.origin) == ("Ours", "All day.", None)
        demo.remove_demo(session, "ann")
        session.expire_all()
        assert texts(session, "hours") == ["opening times"]


def test_an_earlier_installation_is_recognised_by_its_content(database: Database) -> None:
    with database.write() as session:
        demo.add_demo(session, "ann")
        add_intent(session, "bikes", "rent a bike")
        for table in (Intent, Utterance, EvaluationQuestion):
            session.execute(update(table).values(origin=None))
        edit_faq.change_intent(session, "ann", "parcel", {"answer": "Own words."})
    with database.write() as session:
        found = demo.find_demo(session)
        assert (list(found.intents), list(found.kept)) == (["hours"], ["parcel"])
        demo.remove_demo(session, "ann")
        assert names(session) == {"bikes", "parcel"}
        assert count(session, EvaluationQuestion) == 0


class TestTheModelAfterwards:
    def test_thresholds_of_before_do_not_fit_also_of_a_trained_version(
        self, database: Database
    ) -> None:
        with database.write() as session:
            demo.add_demo(session, "ann")
            add_intent(session, "bikes", "rent a bike")
            revision = edit_faq.current_revision(session)
            live = add_live_version(session, kind="train", knowledge_revision=revision).id
            other = add_version(session, knowledge_revision=revision, verdict="hold").id
            assert find_outgrown(session) is None
            demo.remove_demo(session, "ann")
            outgrown = find_outgrown(session)
            assert outgrown is not None
            assert outgrown.was_trained
            assert request_what_is_needed(session, "ann")
            kinds = session.scalars(select(TrainingJob.kind).order_by(TrainingJob.id)).all()
            assert kinds == [jobs.JobKind.UNTRAINED, jobs.JobKind.TRAIN]
            session.expire_all()
            assert session.get_one(ModelVersion, other).withdrawn
            assert not session.get_one(ModelVersion, live).withdrawn

    def test_an_untrained_version_may_then_replace_a_trained_one(self, database: Database) -> None:
        with database.write() as session:
            demo.add_demo(session, "ann")
            add_intent(session, "bikes", "rent a bike")
            revision = edit_faq.current_revision(session)
            add_live_version(session, kind="train", knowledge_revision=revision)
            demo.remove_demo(session, "ann")
            revision = edit_faq.current_revision(session)
            new = add_version(
                session, kind="untrained", knowledge_revision=revision, training_rows=1
            )
            pointer = release.read_pointer(session)
            assert pointer is not None
            release.install_untrained(session, new.id, "fits", pointer.generation)
            assert find_outgrown(session) is None

    def test_an_empty_faq_asks_for_no_model(self, database: Database) -> None:
        with database.write() as session:
            demo.add_demo(session, "ann")
            demo.remove_demo(session, "ann")
            assert not request_what_is_needed(session, "ann")
            assert count(session, TrainingJob) == 0

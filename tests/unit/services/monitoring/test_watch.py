import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from chatbot.domain.gate import Verdict
from chatbot.domain.matching import Decision
from chatbot.errors import ArtefactRefused, Conflict
from chatbot.matching.bundle import Bundle
from chatbot.services.access import audit
from chatbot.services.delivery import events, webhooks
from chatbot.services.monitoring import watch
from chatbot.services.releases import promotion_stop, release
from chatbot.services.releases.kinds import WatchState
from chatbot.settings import Settings
from chatbot.storage.artefacts import ArtefactStore
from chatbot.storage.database import Database, now
from chatbot.storage.tables import AuditEvent, Delivery, ModelVersion, Watch
from factories import add_confirmed, add_intent, add_query, add_version
from fakes import FakeModels


class Damaged(FakeModels):
    def open_bundle(self, digest: str) -> Bundle:
        raise ArtefactRefused(f"{digest[:12]}: a file is missing")


class Desk:
    """Version `old` was live for a day with 300 questions; then `new` was promoted."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.settings = Settings(data_dir=folder, watch_least=100)
        store = ArtefactStore(str(folder / "artefacts"), folder / "cache", folder / "staging")
        self.models = FakeModels(self.settings, database, store)
        self.damaged = Damaged(self.settings, database, store)
        with database.write() as session:
            add_intent(session, "vpn", "the VPN is down")
            self.old = add_version(session).id
            release.install_untrained(session, self.old, "first", 0)
        self.ask(self.old, 300, handed_over=30, days_ago=1)

    def ask(
        self, version: int, count: int, handed_over: int = 0, down: int = 0, days_ago: float = 0
    ) -> None:
        with self.database.write() as session:
            for place in range(count):
                decision = Decision.HANDOFF if place < handed_over else Decision.ANSWER
                add_query(
                    session,
                    decision=decision.value,
                    model_version=version,
                    asked_at=now() - timedelta(days=days_ago),
                    helpful=None if down == 0 else place >= down,
                )

    def judge(self, version: int, count: int, wrong: int, sampled: bool, days_ago: float) -> None:
        with self.database.write() as session:
            for place in range(count):
                add_confirmed(
                    session,
                    f"question {place} of {version}",
                    None if place < wrong else "vpn",
                    model_version=version,
                    decision=Decision.ANSWER.value,
                    candidates=[{"intent": "vpn", "probability": 0.9}],
                    sample_share=0.02 if sampled else None,
                    asked_at=now() - timedelta(days=days_ago),
                )

    def promote(self, by_a_person: bool = False) -> int:
        with self.database.write() as session:
            version = add_version(session, verdict=Verdict.PROMOTE).id
            pointer = release.read_pointer(session)
            assert pointer is not None
            if by_a_person:
                release.promote(session, version, "ann", "checked by hand")
            else:
                release.promote_automatically(session, version, "better", pointer.generation)
        return version

    def look(self, models: FakeModels | None = None) -> bool:
        return watch.compare_live(self.database, models or self.models, self.settings)

    def watches(self) -> list[Watch]:
        with self.database.read() as session:
            return list(watch.list_watches(session, 10))

    @property
    def live(self) -> int:
        with self.database.read() as session:
            pointer = release.read_pointer(session)
            assert pointer is not None
            return pointer.version_id

    def is_withdrawn(self, version: int) -> bool:
        with self.database.read() as session:
            return release.get_version(session, version).withdrawn


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


@contextmanager
def days_later(monkeypatch: pytest.MonkeyPatch, days: float) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(watch, "now", lambda: now() + timedelta(days=days))
        yield


def test_a_promotion_is_watched_and_an_installation_is_not(desk: Desk) -> None:
    assert not desk.look()
    assert desk.watches() == []
    new = desk.promote()
    assert not desk.look()
    [begun] = desk.watches()
    assert (begun.version_id, begun.previous_id, begun.state) == (
        new,
        desk.old,
        WatchState.WATCHING,
    )
    assert begun.until - begun.since == timedelta(days=7)


def test_without_days_nothing_is_watched(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"watch_days": 0})
    desk.promote()
    desk.look()
    assert desk.watches() == []


def test_a_version_that_hands_over_far_more_is_rolled_back_with_the_reason(desk: Desk) -> None:
    new = desk.promote()
    desk.look()
    desk.ask(new, 120, handed_over=60)
    assert desk.look()
    assert desk.live == desk.old
    assert desk.is_withdrawn(new)
    [done] = desk.watches()
    assert done.state == WatchState.ROLLED_BACK
    assert done.message.startswith(
        f"Version {new} does worse with visitors: 50.0% of 120 questions are handed over, "
        f"10.0% of 300 with version {desk.old} (p = "
    )
    with desk.database.read() as session:
        [last] = release.list_releases(session, 1)
        trail = [(e.actor, e.action) for e in audit.list_events(session, None, 3)]
    assert (last.kind, last.released_by, last.reason) == ("rollback", "watch", done.message)
    assert ("watch", "watch.alarm") in trail
    assert ("watch", "model.rollback") in trail


def test_a_version_that_does_as_well_passes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    new = desk.promote()
    desk.look()
    desk.ask(new, 120, handed_over=13)
    assert not desk.look()
    assert desk.watches()[0].state == WatchState.WATCHING
    with days_later(monkeypatch, 7.1):
        assert not desk.look()
        assert not desk.look()
    [done] = desk.watches()
    assert (done.state, done.message) == (WatchState.PASSED, "No alarm. Compared: handed over.")
    assert desk.live == new


def test_too_little_traffic_is_no_proof_and_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = desk.promote()
    desk.look()
    desk.ask(new, 99, handed_over=99)
    with days_later(monkeypatch, 7.1):
        desk.look()
    [done] = desk.watches()
    assert (done.state, desk.live) == (WatchState.PASSED, new)
    assert "too few questions" in done.message


def test_trials_and_questions_of_other_versions_do_not_count(desk: Desk) -> None:
    new = desk.promote()
    desk.look()
    desk.ask(desk.old, 200, handed_over=200)
    with desk.database.write() as session:
        for _ in range(150):
            add_query(session, model_version=new, asked_at=now(), test=True)
    assert not desk.look()
    handed_over = watch.interim_tests_of(desk.watches()[0])[0]
    assert (handed_over.before.of, handed_over.after.of) == (300, 0)


def test_the_version_before_is_compared_as_it_was_in_the_two_weeks_before(desk: Desk) -> None:
    desk.ask(desk.old, 40, handed_over=40, days_ago=13.9)
    desk.ask(desk.old, 50, handed_over=50, days_ago=14.1)
    new = desk.promote()
    desk.look()
    desk.ask(new, 120)
    desk.look()
    handed_over = watch.interim_tests_of(desk.watches()[0])[0]
    assert (handed_over.before.bad, handed_over.before.of) == (30 + 40, 300 + 40)


def test_only_these_two_versions_count_each_in_its_own_time(desk: Desk) -> None:
    with desk.database.write() as session:
        other = add_version(session).id
    desk.ask(other, 60, handed_over=60, days_ago=1)
    new = desk.promote()
    desk.ask(new, 70, handed_over=70, days_ago=1)
    desk.look()
    desk.ask(other, 80, handed_over=80)
    desk.ask(new, 120, handed_over=12)
    desk.look()
    handed_over = watch.interim_tests_of(desk.watches()[0])[0]
    assert (handed_over.before.of, handed_over.after.of) == (300, 120)


def test_the_last_look_tests_what_came_since(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    new = desk.promote()
    desk.look()
    desk.ask(new, 120, handed_over=12)
    desk.look()
    desk.ask(new, 80, handed_over=80)
    assert not desk.look(), "the count has not doubled"
    with days_later(monkeypatch, 7.1):
        assert desk.look()
    assert desk.live == desk.old


def test_the_trail_and_the_row_say_how_a_watch_ended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.promote()
    desk.look()
    desk.ask(first, 120, handed_over=12)
    desk.look()
    [open_one] = desk.watches()
    assert (open_one.closed_at, open_one.looks) == (None, 1)
    with days_later(monkeypatch, 7.1):
        desk.look()
    second = desk.promote()
    desk.look()
    desk.ask(second, 200, handed_over=20)
    third = desk.promote(by_a_person=True)
    desk.look()
    desk.ask(third, 120, handed_over=120)
    desk.look()
    alarm, ended, passed = desk.watches()
    assert (passed.state, ended.state, alarm.state) == (
        WatchState.PASSED,
        WatchState.ENDED,
        WatchState.ALARM,
    )
    assert (passed.closed_at is None, ended.closed_at is None) == (False, False)
    assert alarm.closed_at is None
    with desk.database.read() as session:
        trail = [e for e in audit.list_events(session, None, 20) if e.actor == "watch"]
    assert [(e.action, e.subject, e.detail["reason"]) for e in reversed(trail)] == [
        ("watch.pass", str(first), passed.message),
        ("watch.alarm", str(third), alarm.message),
    ]


def test_thumbs_are_compared(desk: Desk) -> None:
    desk.ask(desk.old, 40, down=4, days_ago=1)
    new = desk.promote()
    desk.look()
    desk.ask(new, 20, down=16)
    assert desk.look()
    assert "80.0% of 20 thumbs point down" in desk.watches()[0].message


def test_corrections_count_in_the_random_sample_alone(desk: Desk) -> None:
    """Agents judge what is doubtful first, so those of a new version always look bad at first."""
    desk.judge(desk.old, 40, wrong=2, sampled=True, days_ago=1)
    new = desk.promote()
    desk.look()
    desk.judge(new, 40, wrong=40, sampled=False, days_ago=0)
    assert not desk.look()
    desk.judge(new, 30, wrong=20, sampled=True, days_ago=0)
    assert desk.look()
    assert "66.7% of 30 judged answers of the random sample are wrong" in desk.watches()[0].message


def test_a_persons_promotion_raises_an_alarm_but_is_not_undone(desk: Desk) -> None:
    new = desk.promote(by_a_person=True)
    desk.look()
    desk.ask(new, 120, handed_over=120)
    assert not desk.look()
    assert not desk.look()
    assert desk.live == new
    assert desk.watches()[0].state == WatchState.ALARM
    with desk.database.read() as session:
        actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("watch.alarm") == 1


def test_an_alarm_is_told_once(desk: Desk) -> None:
    with desk.database.write() as session:
        kinds = [events.EventKind.MODEL_ALARM]
        webhooks.create_webhook(session, "ann", "https://example.org/hook", kinds, desk.settings)
    new = desk.promote(by_a_person=True)
    desk.look()
    desk.ask(new, 120, handed_over=120)
    desk.look()
    desk.look()
    with desk.database.read() as session:
        [delivery] = session.scalars(select(Delivery))
    assert json.loads(delivery.body)["data"] == {
        "version": new,
        "previous_version": desk.old,
        "reason": desk.watches()[0].message,
    }


def test_who_moves_the_pointer_ends_the_watch(desk: Desk) -> None:
    desk.promote()
    desk.look()
    with desk.database.write() as session:
        release.roll_back(session, "ann", "complaints")
    assert not desk.look()
    [ended] = desk.watches()
    assert ended.state == WatchState.ENDED
    assert ended.message == f"ann made version {desk.old} live meanwhile."


def test_the_next_promotion_ends_the_watch_and_begins_another(desk: Desk) -> None:
    first = desk.promote()
    desk.look()
    second = desk.promote()
    desk.look()
    assert [(w.version_id, w.previous_id, w.state) for w in desk.watches()] == [
        (second, first, WatchState.WATCHING),
        (first, desk.old, WatchState.ENDED),
    ]


def test_a_version_that_cannot_be_loaded_is_not_returned_to_until_it_can(desk: Desk) -> None:
    new = desk.promote()
    desk.look()
    desk.ask(new, 120, handed_over=120)
    assert not desk.look(desk.damaged)
    assert (desk.live, desk.watches()[0].state) == (new, WatchState.ALARM)
    assert desk.look()
    assert (desk.live, desk.watches()[0].state) == (desk.old, WatchState.ROLLED_BACK)


def test_of_two_workers_one_saves(desk: Desk) -> None:
    new = desk.promote()
    desk.look()
    [seen] = desk.watches()
    desk.ask(new, 120)
    desk.look()
    with pytest.raises(Conflict), desk.database.write() as session:
        watch._save(session, seen, watch.interim_tests_of(seen))


def test_a_person_who_is_quicker_than_the_rollback_wins(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = desk.promote()
    desk.look()
    desk.ask(new, 120, handed_over=120)
    with desk.database.write() as session:
        third = add_version(session).id

    def promote_meanwhile(digest: str) -> None:
        with desk.database.write() as session:
            release.promote(session, third, "ann", "in a hurry")

    monkeypatch.setattr(desk.models, "open_bundle", promote_meanwhile)
    assert not desk.look()
    assert desk.live == third


class TestHold:
    @pytest.fixture
    def held(self, desk: Desk) -> Desk:
        new = desk.promote()
        desk.look()
        desk.ask(new, 120, handed_over=120)
        assert desk.look()
        return desk

    def test_no_night_promotes_anything_until_an_admin_clears_it(self, held: Desk) -> None:
        with pytest.raises(Conflict, match="rolled back automatically"):
            held.promote()
        with held.database.write() as session:
            promotion_stop.lift_stop(session, "ann", "the FAQ was half imported")
        new = held.promote()
        assert held.live == new

    def test_the_version_itself_stays_withdrawn(self, held: Desk) -> None:
        bad = held.watches()[0].version_id
        with held.database.write() as session:
            promotion_stop.lift_stop(session, "ann", "looked at it")
        with pytest.raises(Conflict, match="was rolled back"), held.database.write() as session:
            release.promote_automatically(session, bad, "better", 3)

    def test_it_lasts_over_an_installation_but_a_person_who_promotes_ends_it(
        self, held: Desk
    ) -> None:
        with held.database.write() as session:
            session.execute(
                update(ModelVersion).where(ModelVersion.id == held.old).values(kind="untrained")
            )
            untrained = add_version(session, kind="untrained").id
            release.install_untrained(session, untrained, "calibrated again", 3)
        with held.database.read() as session:
            assert promotion_stop.find_stop(session) is not None
        held.promote(by_a_person=True)
        with held.database.read() as session:
            assert promotion_stop.find_stop(session) is None

    def test_what_does_not_hold_cannot_be_cleared(self, desk: Desk, held: Desk) -> None:
        with held.database.write() as session:
            promotion_stop.lift_stop(session, "ann", "looked at it")
        with pytest.raises(Conflict, match="nothing to clear"), held.database.write() as session:
            promotion_stop.lift_stop(session, "ann", "looked at it")

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, update

from chatbot.domain.gate import Verdict
from chatbot.errors import Conflict, NotFound
from chatbot.services.access import audit
from chatbot.services.delivery.events import EventKind
from chatbot.services.knowledge.catalogue import read_target
from chatbot.services.knowledge.removed_demo import REMOVED
from chatbot.services.releases import release
from chatbot.storage.database import Database
from chatbot.storage.migrate import migrate
from chatbot.storage.tables import AuditEvent, ModelPointer, ModelVersion, Release, VersionExample
from factories import add_query, add_version, make_small_report
from hooks import add_hook, rows


@pytest.fixture
def versions(database: Database) -> list[int]:
    """Four versions, none live."""
    with database.write() as session:
        return [add_version(session).id for _ in range(4)]


def promote(database: Database, *version_ids: int) -> None:
    for version_id in version_ids:
        with database.write() as session:
            release.promote(session, version_id, "ann", "better")


def roll_back(database: Database, to_version: int | None = None) -> int:
    with database.write() as session:
        return release.roll_back(session, "ann", "complaints", to_version).to_version


def live(database: Database) -> tuple[int, int]:
    """(version, generation)"""
    with database.read() as session:
        pointer = release.read_pointer(session)
    assert pointer is not None
    return pointer.version_id, pointer.generation


def withdrawn(database: Database) -> set[int]:
    with database.read() as session:
        return set(session.scalars(select(ModelVersion.id).where(ModelVersion.withdrawn)))


def history(database: Database) -> list[tuple[int, int | None, int, str]]:
    with database.read() as session:
        rows = release.list_releases(session, 100)
        return [(r.generation, r.from_version, r.to_version, r.kind) for r in reversed(rows)]


def test_nothing_is_live_at_first(database: Database, versions: list[int]) -> None:
    with database.read() as session:
        assert release.read_pointer(session) is None
        assert read_target(session) is None


def test_promoting_moves_the_pointer_and_writes_history(
    database: Database, versions: list[int]
) -> None:
    promote(database, versions[0], versions[2])
    assert live(database) == (3, 2)
    assert history(database) == [(1, None, 1, "promote"), (2, 1, 3, "promote")]
    with database.read() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
        target = read_target(session)
    assert [(e.actor, e.action, e.subject) for e in events] == [
        ("ann", "model.promote", "1"),
        ("ann", "model.promote", "3"),
    ]
    assert target is not None
    assert (target.version, target.generation) == (3, 2)


def test_what_is_live_cannot_be_promoted_again(database: Database, versions: list[int]) -> None:
    promote(database, versions[0])
    with pytest.raises(Conflict, match="Version 1 is live already"):
        promote(database, versions[0])
    assert live(database) == (1, 1)
    assert len(history(database)) == 1


def test_an_unknown_version_is_named(database: Database, versions: list[int]) -> None:
    with pytest.raises(NotFound, match="no model version 99"):
        promote(database, 99)
    promote(database, 1)
    with pytest.raises(NotFound, match="no model version 99"):
        roll_back(database, 99)


def test_a_move_that_expects_another_generation_is_refused(
    database: Database, versions: list[int]
) -> None:
    promote(database, versions[0])
    with pytest.raises(Conflict, match="generation 1, not 0"), database.write() as session:
        release.promote(session, versions[1], "ann", "better", expected_generation=0)
    with database.write() as session:
        release.promote(session, versions[1], "ann", "better", expected_generation=1)
    assert live(database) == (2, 2)


def test_a_rollback_that_expects_another_generation_is_refused(
    database: Database, versions: list[int]
) -> None:
    promote(database, versions[0], versions[1])
    with pytest.raises(Conflict, match="generation 2, not 1"), database.write() as session:
        release.roll_back(session, "ann", "complaints", expected_generation=1)
    assert (live(database), withdrawn(database)) == ((versions[1], 2), set())
    with database.write() as session:
        release.roll_back(session, "ann", "complaints", expected_generation=2)
    assert live(database) == (versions[0], 3)


def test_of_many_simultaneous_moves_each_generation_has_one_winner(
    database: Database, versions: list[int]
) -> None:
    promote(database, versions[0])

    def attempt(version_id: int) -> bool:
        try:
            with database.write() as session:
                release.promote(session, version_id, "ann", "race", expected_generation=1)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(attempt, [2, 3, 4, 2, 3, 4]))
    assert sum(won) == 1
    assert live(database)[1] == 2
    assert len(history(database)) == 2


def test_of_many_first_moves_one_wins(database: Database, versions: list[int]) -> None:
    def attempt(version_id: int) -> bool:
        try:
            with database.write() as session:
                release.install_untrained(session, version_id, "first", expected_generation=0)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, versions)) == 1
    assert live(database)[1] == 1


def test_rolling_back_returns_to_the_version_before_and_withdraws_the_one_left(
    database: Database, versions: list[int]
) -> None:
    promote(database, 1, 2, 3)
    assert roll_back(database) == 2
    assert live(database) == (2, 4)
    assert withdrawn(database) == {3}
    assert history(database)[-1] == (4, 3, 2, "rollback")


def test_rolling_back_again_passes_over_what_was_withdrawn(
    database: Database, versions: list[int]
) -> None:
    promote(database, 1, 2, 3)
    assert [roll_back(database), roll_back(database)] == [2, 1]
    assert withdrawn(database) == {2, 3}
    with pytest.raises(Conflict, match="No earlier version was live"):
        roll_back(database)
    assert live(database) == (1, 5)


def test_rolling_back_after_a_new_promotion_passes_over_the_old_mistake(
    database: Database, versions: list[int]
) -> None:
    promote(database, 1, 2)
    roll_back(database)
    promote(database, 3)
    assert roll_back(database) == 1


def test_rolling_back_to_a_named_version_takes_it_in_again(
    database: Database, versions: list[int]
) -> None:
    promote(database, 1, 2, 3)
    roll_back(database)
    assert roll_back(database, to_version=3) == 3
    assert withdrawn(database) == {2}


@pytest.mark.parametrize(
    ("to_version", "reason"),
    [
        pytest.param(4, "Version 4 never was live. To make it live, promote it", id="never-live"),
        pytest.param(2, "Version 2 is live already", id="live"),
    ],
)
def test_there_are_versions_that_one_cannot_roll_back_to(
    database: Database, versions: list[int], to_version: int, reason: str
) -> None:
    promote(database, 1, 2)
    with pytest.raises(Conflict, match=reason):
        roll_back(database, to_version)
    assert live(database) == (2, 2)
    assert withdrawn(database) == set()


def test_without_a_live_model_there_is_nothing_to_roll_back(
    database: Database, versions: list[int]
) -> None:
    with pytest.raises(Conflict, match="nothing to roll back"):
        roll_back(database)


def test_a_person_may_promote_what_was_withdrawn(database: Database, versions: list[int]) -> None:
    promote(database, 1, 2)
    roll_back(database)
    promote(database, 2)
    assert live(database) == (2, 4)
    assert withdrawn(database) == set()


def promote_automatically(database: Database, version_id: int, expected_generation: int) -> None:
    with database.write() as session:
        release.promote_automatically(session, version_id, "gain", expected_generation)


def judge(database: Database, version_id: int, verdict: Verdict | None) -> None:
    with database.write() as session:
        release.conclude(session, version_id, verdict, make_small_report(verdict=verdict))


def test_the_nightly_run_promotes_what_the_gate_passed(
    database: Database, versions: list[int]
) -> None:
    promote(database, 1)
    judge(database, 2, Verdict.PROMOTE)
    promote_automatically(database, 2, expected_generation=1)
    assert live(database) == (2, 2)
    with database.read() as session:
        assert release.list_releases(session, 1)[0].released_by == "nightly"


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.INSUFFICIENT_EVIDENCE, None])
def test_the_nightly_run_promotes_nothing_else(
    database: Database, versions: list[int], verdict: Verdict | None
) -> None:
    promote(database, 1)
    judge(database, 2, verdict)
    judge(database, 3, Verdict.PROMOTE)
    with pytest.raises(Conflict):
        promote_automatically(database, 2, expected_generation=1)
    assert live(database) == (1, 1)


def test_the_nightly_run_never_promotes_what_a_person_rolled_back(
    database: Database, versions: list[int]
) -> None:
    promote(database, 1)
    judge(database, 2, Verdict.PROMOTE)
    promote_automatically(database, 2, expected_generation=1)
    roll_back(database)
    with pytest.raises(Conflict):
        promote_automatically(database, 2, expected_generation=3)
    assert live(database) == (1, 3)


def test_a_persons_move_during_the_training_wins(database: Database, versions: list[int]) -> None:
    promote(database, 1)
    judge(database, 2, Verdict.PROMOTE)
    promote(database, 3)
    with pytest.raises(Conflict, match="generation 2, not 1"):
        promote_automatically(database, 2, expected_generation=1)
    assert live(database) == (3, 2)


def install(database: Database, version_id: int, expected_generation: int) -> None:
    with database.write() as session:
        release.install_untrained(session, version_id, "the FAQ grew", expected_generation)


class TestInstalling:
    @pytest.fixture
    def untrained(self, database: Database, versions: list[int]) -> list[int]:
        """Two untrained versions beside the four trained ones."""
        with database.write() as session:
            return [add_version(session, kind="untrained").id for _ in range(2)]

    def test_an_untrained_version_is_the_first_and_follows_another_untrained_one(
        self, database: Database, untrained: list[int]
    ) -> None:
        first, second = untrained
        install(database, first, expected_generation=0)
        install(database, second, expected_generation=1)
        assert history(database) == [(1, None, first, "install"), (2, first, second, "install")]
        with database.read() as session:
            assert {row.released_by for row in release.list_releases(session, 9)} == {"system"}

    def test_a_trained_version_is_not_replaced_by_an_untrained_one(
        self, database: Database, untrained: list[int]
    ) -> None:
        promote(database, 1)
        with pytest.raises(Conflict, match="Version 1, which is live, was trained"):
            install(database, untrained[0], expected_generation=1)
        assert live(database) == (1, 1)

    def test_one_that_learnt_from_a_removed_demo_is(
        self, database: Database, untrained: list[int]
    ) -> None:
        promote(database, 1)
        with database.write() as session:
            release.get_version(session, 1).knowledge_revision = 4
            audit.record(session, "ann", REMOVED, "demo", revision=5)
        install(database, untrained[0], expected_generation=1)
        assert live(database) == (untrained[0], 2)

    def test_what_was_rolled_back_stays_away(
        self, database: Database, untrained: list[int]
    ) -> None:
        first, second = untrained
        install(database, first, expected_generation=0)
        install(database, second, expected_generation=1)
        roll_back(database)
        with pytest.raises(Conflict, match=f"Version {second} was rolled back"):
            install(database, second, expected_generation=3)


def test_each_move_is_told_and_leaves_its_trace(database: Database, versions: list[int]) -> None:
    kinds = (EventKind.MODEL_PROMOTED, EventKind.MODEL_ROLLED_BACK)
    add_hook(database, "http://127.0.0.1:9/", *kinds)
    promote(database, 1, 2)
    roll_back(database)
    told = [(row.kind, json.loads(row.body)["data"]) for row in rows(database)]
    common = {"reason": "better", "by": "ann", "kind": "promote"}
    back = {"reason": "complaints", "by": "ann", "kind": "rollback"}
    assert told == [
        (kinds[0], {"version": 1, "previous_version": None, "generation": 1} | common),
        (kinds[0], {"version": 2, "previous_version": 1, "generation": 2} | common),
        (kinds[1], {"version": 1, "previous_version": 2, "generation": 3} | back),
    ]
    with database.read() as session:
        trace = [row for row in audit.list_events(session, None, 9) if "model." in row.action]
    assert [(row.action, row.subject, row.detail) for row in reversed(trace)] == [
        ("model.promote", "1", {"left": None, "reason": "better"}),
        ("model.promote", "2", {"left": 1, "reason": "better"}),
        ("model.rollback", "1", {"left": 2, "reason": "complaints"}),
    ]


def test_only_what_was_held_back_is_told_with_its_reasons(
    database: Database, versions: list[int]
) -> None:
    add_hook(database, "http://127.0.0.1:9/", EventKind.MODEL_HELD)
    judged = (Verdict.PROMOTE, Verdict.HOLD, Verdict.INSUFFICIENT_EVIDENCE, None)
    for version_id, verdict in zip(versions, judged, strict=True):
        with database.write() as session:
            report = make_small_report(reasons=["It does worse.", "It answers less."])
            release.conclude(session, version_id, verdict, report)
    reason = "It does worse. It answers less."
    assert [json.loads(row.body)["data"] for row in rows(database)] == [
        {"version": 2, "verdict": "hold", "reason": reason},
        {"version": 3, "verdict": "insufficient_evidence", "reason": reason},
    ]


def test_the_pointer_is_read_anew_though_this_session_knows_an_older_one(
    database: Database, versions: list[int]
) -> None:
    promote(database, 1)
    with database.write() as session:
        known = release.read_pointer(session)
        assert known is not None
        moved = update(ModelPointer).values(version_id=2, generation=2)
        session.execute(moved.execution_options(synchronize_session=False))
        pointer = release.read_pointer(session)
        assert pointer is not None
        assert (pointer.version_id, pointer.generation) == (2, 2)


def test_the_newest_moves_come_first_and_no_more_than_asked_for(
    database: Database, versions: list[int]
) -> None:
    promote(database, 1, 2, 3)
    with database.read() as session:
        assert [row.to_version for row in release.list_releases(session, 2)] == [3, 2]


def new_version(digest: str, learnt: list[str] | None = None) -> release.NewVersion:
    return release.NewVersion(digest, "train", 1, "c" * 12, 3, "f" * 64, 10, learnt or [])


def test_registering_the_same_artefact_again_returns_its_row(
    database: Database, versions: list[int]
) -> None:
    with database.write() as session:
        made = release.register(session, new_version("a" * 64))
        first = made.id
        assert (made.kind, made.parent_id, made.report) == ("train", 1, {})
    with database.write() as session:
        assert release.register(session, new_version("a" * 64)).id == first
        assert release.register(session, new_version("b" * 64)).id != first
        assert session.scalar(select(func.count(ModelVersion.id))) == 6


def test_a_version_remembers_the_questions_that_it_learnt_and_that_still_exist(
    database: Database, versions: list[int]
) -> None:
    with database.write() as session:
        learnt = [add_query(session).id, add_query(session).id]
        add_query(session, "noise")
        version = release.register(session, new_version("a" * 64, [*learnt, "deleted meanwhile"]))
        query = select(VersionExample.query_id).where(VersionExample.version_id == version.id)
        assert set(session.scalars(query)) == set(learnt)


def test_the_newest_judged_version_of_the_same_rows_is_found(
    database: Database, versions: list[int]
) -> None:
    with database.write() as session:
        add_version(session, fingerprint="x", verdict="hold")
        newest = add_version(session, fingerprint="x", verdict="promote", withdrawn=True).id
        add_version(session, fingerprint="x", verdict=None)
        add_version(session, fingerprint="y", verdict="promote")
        found = release.find_judged(session, fingerprint="x")
        assert found is not None
        assert found.id == newest
        assert release.find_judged(session, fingerprint="z") is None


def test_versions_are_listed_newest_first_and_paged(
    database: Database, versions: list[int]
) -> None:
    with database.read() as session:
        first = [v.id for v in release.list_versions(session, None, 3)]
        rest = [v.id for v in release.list_versions(session, first[-1], 3)]
    assert (first, rest) == ([4, 3, 2], [1])


class Releases(RuleBasedStateMachine):
    """Whatever people and the nightly run do: one live version, and generations only grow."""

    database: Database

    @initialize()
    def start(self) -> None:
        with self.database.write() as session:
            for table in (Release, ModelPointer, ModelVersion):
                session.query(table).delete()
            self.versions = [
                add_version(session, verdict=verdict).id
                for verdict in ("promote", "hold", "promote", "promote")
            ]
        self.live: int | None = None
        self.generation = 0
        self.withdrawn: set[int] = set()
        self.was_live: list[int] = []

    def move(self, to: int) -> None:
        self.live, self.generation = to, self.generation + 1
        self.was_live.append(to)

    @rule(place=st.integers(0, 3), stale=st.booleans())
    def promote(self, place: int, stale: bool) -> None:
        version_id = self.versions[place]
        expected = self.generation - 1 if stale else self.generation
        try:
            with self.database.write() as session:
                release.promote(session, version_id, "ann", "why", expected_generation=expected)
        except Conflict:
            assert stale or version_id == self.live
        else:
            assert not stale
            assert version_id != self.live
            self.move(version_id)
            self.withdrawn.discard(version_id)

    @rule(place=st.integers(0, 3))
    def promote_automatically(self, place: int) -> None:
        version_id = self.versions[place]
        allowed = version_id not in self.withdrawn and place != 1 and version_id != self.live
        try:
            with self.database.write() as session:
                release.promote_automatically(session, version_id, "why", self.generation)
        except Conflict:
            assert not allowed
        else:
            assert allowed
            self.move(version_id)

    @rule()
    def roll_back(self) -> None:
        left = self.live
        earlier = [v for v in self.was_live if v != left and v not in self.withdrawn]
        try:
            with self.database.write() as session:
                release.roll_back(session, "ann", "why")
        except Conflict:
            assert not earlier
        else:
            assert left is not None
            self.move(earlier[-1])
            self.withdrawn.add(left)

    @precondition(lambda self: self.was_live)
    @rule(data=st.data())
    def roll_back_to(self, data: st.DataObject) -> None:
        left, to = self.live, data.draw(st.sampled_from(self.was_live))
        try:
            with self.database.write() as session:
                release.roll_back(session, "ann", "why", to)
        except Conflict:
            assert to == left
        else:
            assert left is not None
            self.move(to)
            self.withdrawn.add(left)
            self.withdrawn.discard(to)

    @invariant()
    def the_rows_agree(self) -> None:
        with self.database.read() as session:
            pointers = session.scalars(select(ModelPointer)).all()
            rows = session.scalars(select(Release).order_by(Release.generation)).all()
            out = set(session.scalars(select(ModelVersion.id).where(ModelVersion.withdrawn)))
        expected = [(self.live, self.generation)] if self.live is not None else []
        assert [(p.version_id, p.generation) for p in pointers] == expected
        assert [r.generation for r in rows] == list(range(1, self.generation + 1))
        assert [r.to_version for r in rows] == self.was_live
        assert [r.from_version for r in rows] == [None, *self.was_live][: len(rows)]
        assert out == self.withdrawn
        assert self.live not in out


@pytest.fixture(scope="module")
def machine_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("machine") / "chatbot.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        migrate(database)
        yield database


def test_any_sequence_of_moves_leaves_exactly_one_live_version(machine_database: Database) -> None:
    class OnDatabase(Releases):
        database = machine_database

    run_state_machine_as_test(
        OnDatabase,
        settings=hypothesis_settings(max_examples=30, stateful_step_count=15, deadline=None),
    )


def test_looks_are_counted_for_each_live_version_alone(database: Database) -> None:
    with database.write() as session:
        add_version(session)
        for live, look in ((1, 1), (1, 2), (2, 1)):
            add_version(session, live_id=live, look=look)
        add_version(session, live_id=None, look=9)
        assert release.count_comparisons(session, 1) == 2
        assert release.count_comparisons(session, 2) == 1
        assert release.count_comparisons(session, 3) == 0

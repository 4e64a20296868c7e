from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from chatbot.bootstrap import Parts
from chatbot.domain.error_budget import significance
from chatbot.domain.holdout import is_held_out
from chatbot.domain.matching import DISPUTED, THUMB_DOWN, Candidate, Decision
from chatbot.domain.paired import more_needed
from chatbot.domain.ranking import BEHIND
from chatbot.errors import ArtefactRefused
from chatbot.matching.matcher import Matcher
from chatbot.matching.reading import Match
from chatbot.services.learning.shadow import (
    GOOD_SHARE,
    MOST_DISPUTED,
    TENURE,
    Shadow,
    differ,
    find_shadow,
    list_traffic,
    note_disagreements,
    own_evidence,
    read_standing,
    say,
)
from chatbot.services.learning.training_set import freeze
from chatbot.services.releases import release
from chatbot.services.releases.reports import get_report, keep_report
from chatbot.services.review.confirm import confirm
from chatbot.services.review.questions import Filters, list_queries
from chatbot.services.review.rank_queue import rank_queue
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Confirmation, Disagreement
from factories import (
    add_confirmed,
    add_lacking_version,
    add_live_version,
    add_query,
    add_version,
    change_report,
    make_small_report,
)
from fakes import teach


def add_candidate(parts: Parts) -> int:
    """Knows what “Kestrel” is, which the live version does not; its evidence was not enough."""
    with parts.database.write() as session:
        version = add_lacking_version(session)
    teach(parts, version.digest, {"our Kestrel has trouble": "connect to the VPN from home"})
    return version.id


def texts(pattern: str, count: int) -> list[str]:
    """The first that would measure."""
    found = (pattern.format(number) for number in range(1000))
    return [text for text in found if is_held_out(text, 0.3)][:count]


def ask(parts: Parts, *asked: str, **changes: object) -> list[str]:
    with parts.database.write() as session:
        return [add_query(session, text, **changes).id for text in asked]


def rank_now(parts: Parts) -> None:
    assert rank_queue(parts.database, parts.models, parts.settings)


def note(database: Database, shadow: Shadow | None, query_ids: Collection[str]) -> None:
    with database.write() as session:
        note_disagreements(session, shadow, query_ids)


def disputed(parts: Parts) -> set[str]:
    with parts.database.read() as session:
        return set(session.scalars(select(Disagreement.query_id)))


def judge(parts: Parts, ids: Sequence[str], intent: str | None = "vpn") -> None:
    for query_id in ids:
        with parts.database.write() as session:
            assert confirm(session, query_id, intent, "ann", parts.settings).part == "held_out"


def test_what_the_two_disagree_on_comes_first_behind_thumbs_down(parts: Parts) -> None:
    version = add_candidate(parts)
    kestrel = ask(parts, *texts("our Kestrel has trouble again {}", 4))
    same = ask(parts, *texts("purple elephants number {}", 4))
    [down] = ask(parts, "green tigers", helpful=False, usefulness=THUMB_DOWN)
    rank_now(parts)
    with parts.database.read() as session:
        page, _ = list_queries(session, Filters(), None, 50)
        flags = session.scalars(select(Disagreement)).all()
    assert page[0].id == down
    assert {row.id for row in page[1:5]} == set(kestrel)
    assert all(DISPUTED < row.usefulness < THUMB_DOWN for row in page[1:5])
    assert all(row.usefulness < DISPUTED for row in page if row.id in same)
    assert sum(row.usefulness < BEHIND for row in page if row.id in same) == len(same) // 2
    assert {(row.query_id, row.version_id, row.live_id) for row in flags} == {
        (each, version, 1) for each in kestrel
    }


def test_a_question_that_would_train_is_not_asked_for_the_candidates_sake(parts: Parts) -> None:
    add_candidate(parts)
    ask(parts, *[text for text in map(str, range(30)) if not is_held_out(text, 0.3)])
    teaching = [f"our Kestrel has trouble again {n}" for n in range(30)]
    ask(parts, *[text for text in teaching if not is_held_out(text, 0.3)])
    rank_now(parts)
    assert disputed(parts) == set()


def test_a_candidate_takes_so_many_clicks_between_two_comparisons_and_no_more(
    parts: Parts,
) -> None:
    add_candidate(parts)
    ask(parts, *texts("our Kestrel has trouble again {}", MOST_DISPUTED + 10))
    rank_now(parts)
    first = disputed(parts)
    assert len(first) == MOST_DISPUTED
    judge(parts, sorted(first)[:15])
    rank_now(parts)
    assert disputed(parts) == first


def test_a_candidate_that_cannot_be_opened_keeps_nobody_from_ranking(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = add_candidate(parts)
    opened = parts.models.open_version

    def refuse_the_candidate(wanted: int | None = None, to_judge: bool = False) -> Matcher:
        if wanted == version:
            raise ArtefactRefused("it is damaged")
        return opened(wanted, to_judge)

    monkeypatch.setattr(parts.models, "open_version", refuse_the_candidate)
    ask(parts, *texts("our Kestrel has trouble again {}", 4))
    rank_now(parts)
    assert disputed(parts) == set()


def test_without_a_candidate_nothing_is_disputed(parts: Parts) -> None:
    ask(parts, *texts("our Kestrel has trouble again {}", 4))
    rank_now(parts)
    assert disputed(parts) == set()


def test_a_candidate_that_is_settled_leaves_only_what_was_judged(parts: Parts) -> None:
    version = add_candidate(parts)
    judged, *_ = ask(parts, *texts("our Kestrel has trouble again {}", 4))
    rank_now(parts)
    judge(parts, [judged])
    with parts.database.write() as session:
        release.get_version(session, version).withdrawn = True
    rank_now(parts)
    assert disputed(parts) == {judged}


@pytest.mark.parametrize(
    ("decision", "first", "second", "is_noticed"),
    [
        (Decision.ANSWER, "vpn", "leave", True),
        (Decision.CLARIFY, "vpn", "leave", True),
        (Decision.CLARIFY, "vpn", "vpn", False),
        (Decision.HANDOFF, "vpn", "leave", False),
    ],
)
def test_two_versions_differ_where_a_visitor_would_notice(
    decision: Decision, first: str, second: str, is_noticed: bool
) -> None:
    live, candidate = (
        Match(decision, (Candidate(intent, 0.5),), exact=False) for intent in (first, second)
    )
    assert differ(live, candidate) is is_noticed


class TestWhichOne:
    def test_is_the_newest_that_lacked_evidence_beside_what_is_live(
        self, database: Database
    ) -> None:
        with database.write() as session:
            live = add_live_version(session).id
            assert find_shadow(session) is None
            lacking: dict[str, Any] = {"verdict": "insufficient_evidence", "live_id": live}
            add_version(session, **lacking)
            newest = add_version(session, **lacking).id
            add_version(session, **lacking, withdrawn=True)
            add_version(session, **lacking | {"verdict": "hold"})
            add_version(session, **lacking | {"live_id": live + 1})
            assert find_shadow(session) == Shadow(newest, live)

    def test_keeps_its_place_for_a_while(self, database: Database) -> None:
        with database.write() as session:
            live = add_live_version(session).id
            lacking: dict[str, Any] = {"verdict": "insufficient_evidence", "live_id": live}
            first = add_version(session, **lacking).id
            query = add_query(session)
        note(database, Shadow(first, live), {query.id})
        with database.write() as session:
            second = add_version(session, **lacking).id
            assert find_shadow(session) == Shadow(first, live)
            session.execute(update(Disagreement).values(found_at=now() - TENURE))
            assert find_shadow(session) == Shadow(second, live)
            session.execute(update(Disagreement).values(found_at=now() - TENURE / 2))
            release.get_version(session, first).verdict = "hold"
            assert find_shadow(session) == Shadow(second, live)

    def test_gives_way_to_a_newer_one_once_it_was_judged_by_what_it_disputes(
        self, database: Database
    ) -> None:
        with database.write() as session:
            live = add_live_version(session).id
            lacking: dict[str, Any] = {"verdict": "insufficient_evidence", "live_id": live}
            first = add_version(session, **lacking).id
            query = add_query(session)
        note(database, Shadow(first, live), {query.id})
        with database.write() as session:
            report = make_small_report(live_version=live, data={"disputed": 7})
            keep_report(release.get_version(session, first), report)
            assert find_shadow(session) == Shadow(first, live)
            second = add_version(session, **lacking).id
            assert find_shadow(session) == Shadow(second, live)

    def test_there_is_none_before_the_first_model(self, database: Database) -> None:
        with database.read() as session:
            assert find_shadow(session) is None


class TestNotes:
    @pytest.fixture
    def pair(self, database: Database) -> Shadow:
        with database.write() as session:
            return Shadow(add_version(session).id, add_live_version(session).id)

    def test_say_since_when(self, database: Database, pair: Shadow) -> None:
        with database.write() as session:
            ids = [add_query(session, f"question {n}").id for n in range(3)]
        note(database, pair, set(ids[:2]))
        long_ago = now() - timedelta(days=2)
        with database.write() as session:
            session.execute(update(Disagreement).values(found_at=long_ago))
        note(database, pair, set(ids[1:]))
        with database.read() as session:
            found = {row.query_id: row.found_at for row in session.scalars(select(Disagreement))}
        assert found.keys() == set(ids[1:])
        assert found[ids[1]] == long_ago < found[ids[2]]

    def test_of_what_was_judged_meanwhile_are_not_made_and_not_taken_back(
        self, database: Database, pair: Shadow
    ) -> None:
        with database.write() as session:
            early = add_confirmed(session, "judged meanwhile", None).id
            waiting = add_query(session, "waits").id
        note(database, pair, {early, waiting})
        with database.write() as session:
            assert set(session.scalars(select(Disagreement.query_id))) == {waiting}
            session.add(Confirmation(query_id=waiting, part="held_out", confirmed_by="agent"))
        other = Shadow(pair.live_id, pair.version_id)
        note(database, other, set())
        note(database, None, set())
        with database.read() as session:
            [kept] = session.scalars(select(Disagreement))
        assert (kept.query_id, kept.version_id) == (waiting, pair.version_id)

    def test_move_to_the_next_candidate_while_nobody_judged(
        self, database: Database, pair: Shadow
    ) -> None:
        with database.write() as session:
            query = add_query(session).id
            following = Shadow(add_version(session).id, pair.live_id)
        note(database, pair, {query})
        note(database, following, {query})
        with database.read() as session:
            [kept] = session.scalars(select(Disagreement))
        assert kept.version_id == following.version_id


class TestEvidence:
    def test_is_not_limited_by_the_cap_and_uses_none_of_it(self, parts: Parts) -> None:
        capped = parts.settings.model_copy(update={"held_out_cap": 1})
        add_candidate(parts)
        asked = ask(parts, *texts("our Kestrel has trouble again {}", 3))
        assert rank_queue(parts.database, parts.models, capped)
        assert disputed(parts) == set(asked)
        by_chance = ask(parts, *texts("the VPN is so slow today {}", 2))
        parts_of = []
        for query_id in [*asked, *by_chance]:
            with parts.database.write() as session:
                parts_of.append(confirm(session, query_id, "vpn", "ann", capped).part)
        assert parts_of == ["held_out"] * 4 + ["training"]

    def test_asked_for_two_versions_is_about_no_third(self, parts: Parts) -> None:
        version = add_candidate(parts)
        chosen = ask(parts, *texts("our Kestrel has trouble again {}", 3))
        rank_now(parts)
        by_chance = ask(parts, *texts("purple elephants number {}", 2))
        judge(parts, chosen)
        judge(parts, by_chance, None)
        with parts.database.read() as session:
            frozen = freeze(session, parts.settings)
            own, disputed = own_evidence(session, frozen, version, 1)
            of_a_third, none = own_evidence(session, frozen, None, 1)
            beside_another, _ = own_evidence(session, frozen, version, 7)
        assert (len(own.held_out), disputed) == (5, 3)
        assert (len(of_a_third.held_out), none) == (2, 0)
        assert of_a_third.held_out == beside_another.held_out
        assert own.evidence != of_a_third.evidence
        assert own.fingerprint == of_a_third.fingerprint

    def test_a_question_that_waits_takes_nothing_from_the_same_one_judged_by_chance(
        self, parts: Parts
    ) -> None:
        [text] = texts("our Kestrel has trouble again {}", 1)
        with parts.database.write() as session:
            version = add_lacking_version(session).id
            waits = add_query(session, text).id
        note(parts.database, Shadow(version, 1), {waits})
        judge(parts, ask(parts, text))
        with parts.database.read() as session:
            frozen = freeze(session, parts.settings)
            of_a_third, asked_for = own_evidence(session, frozen, None, 1)
        assert ([row.text for row in of_a_third.held_out], asked_for) == ([text], 0)

    def test_traffic_is_what_measures_newest_first_each_wording_once(self, parts: Parts) -> None:
        old, new = texts("purple elephants number {}", 2)
        ask(parts, old, new, new)
        ask(parts, "a test", test=True)
        ask(parts, *[f"it trains {n}" for n in range(9) if not is_held_out(f"it trains {n}", 0.3)])
        with parts.database.read() as session:
            assert list_traffic(session, parts.settings, 10) == [new, old]

    def test_traffic_has_no_tests_and_nothing_that_the_faq_says_word_for_word(
        self, parts: Parts
    ) -> None:
        tried, known, asked = texts("purple elephants number {}", 3)
        ask(parts, tried, test=True)
        ask(parts, known, exact=True)
        ask(parts, asked)
        with parts.database.read() as session:
            assert list_traffic(session, parts.settings, 10) == [asked]

    def test_traffic_is_looked_for_among_as_many_as_usually_hold_it(self, parts: Parts) -> None:
        """Three in ten measure, so the newest three are read for one of them."""
        ask(parts, *texts("purple elephants number {}", 1))
        trains = [f"it trains {n}" for n in range(9) if not is_held_out(f"it trains {n}", 0.3)]
        settings = parts.settings.model_copy(update={"held_out_share": 0.3})
        for text, expected in zip(trains, (1, 1, 0), strict=False):
            ask(parts, text)
            with parts.database.read() as session:
                assert len(list_traffic(session, settings, 1)) == expected


class TestStanding:
    def test_counts_down_as_agents_judge(self, parts: Parts) -> None:
        version = add_candidate(parts)
        asked = ask(parts, *texts("our Kestrel has trouble again {}", 4))
        rank_now(parts)
        alpha = significance(parts.settings.gate_alpha, 2)
        needed = more_needed({1: 3, -1: 1}, alpha, MOST_DISPUTED, GOOD_SHARE)
        with parts.database.read() as session:
            before = read_standing(session, parts.settings)
        judge(parts, asked[:3])
        with parts.database.read() as session:
            after = read_standing(session, parts.settings)
        assert before is not None
        assert after is not None
        assert (before.version_id, before.live_id) == (version, 1)
        assert (before.waiting, before.judged, before.lacks) == (4, 0, needed)
        assert (after.waiting, after.judged, after.lacks) == (1, 3, needed - 3)
        assert "1 questions wait for a verdict and 3 got one" in say(after)

    def test_does_not_count_again_what_the_last_comparison_had(self, parts: Parts) -> None:
        version = add_candidate(parts)
        asked = ask(parts, *texts("our Kestrel has trouble again {}", 4))
        rank_now(parts)
        judge(parts, asked[:3])
        with parts.database.write() as session:
            row = release.get_version(session, version)
            keep_report(row, change_report(get_report(row), data={"disputed": 3}))
        with parts.database.read() as session:
            standing = read_standing(session, parts.settings)
        assert standing is not None
        assert (standing.waiting, standing.judged) == (1, 0)

    def test_counts_no_question_that_two_others_disagree_on(self, parts: Parts) -> None:
        version = add_candidate(parts)
        own, beside_another, of_another = ask(parts, *texts("our Kestrel has trouble again {}", 3))
        with parts.database.write() as session:
            for query_id, pair in (
                (own, (version, 1)),
                (beside_another, (version, version)),
                (of_another, (1, 1)),
            ):
                session.add(Disagreement(query_id=query_id, version_id=pair[0], live_id=pair[1]))
        with parts.database.read() as session:
            standing = read_standing(session, parts.settings)
        assert standing is not None
        assert (standing.waiting, standing.judged) == (1, 0)

    def test_lacks_nothing_once_more_was_judged_than_was_needed(self, parts: Parts) -> None:
        add_candidate(parts)
        alpha = significance(parts.settings.gate_alpha, 2)
        needed = more_needed({1: 3, -1: 1}, alpha, MOST_DISPUTED, GOOD_SHARE)
        asked = ask(parts, *texts("our Kestrel has trouble again {}", needed + 1))
        rank_now(parts)
        judge(parts, asked)
        with parts.database.read() as session:
            standing = read_standing(session, parts.settings)
        assert standing is not None
        assert standing.lacks == 0

    def test_goes_on_from_weighed_differences_with_their_share_of_the_significance(
        self, parts: Parts
    ) -> None:
        weighed = {
            "questions": 40,
            "better": 6,
            "worse": 2,
            "gain": 0.05,
            "gain_interval": [-0.01, 0.1],
            "p_value": 0.3,
            "needed_p_value": 0.01,
            "differences": [[100, 6], [-50, 2]],
        }
        version = add_candidate(parts)
        with parts.database.write() as session:
            row = release.get_version(session, version)
            told = {"whole": weighed, "needed_p_value": 0.04}
            keep_report(row, change_report(get_report(row), comparison=told))
        with parts.database.read() as session:
            standing = read_standing(session, parts.settings)
        alpha = significance(parts.settings.gate_alpha, 2) / 4
        assert standing is not None
        assert standing.lacks == more_needed({100: 6, -50: 2}, alpha, MOST_DISPUTED, GOOD_SHARE)
        assert standing.lacks != more_needed({1: 3, -1: 1}, alpha * 4, MOST_DISPUTED, GOOD_SHARE)

    def test_is_none_without_a_candidate(self, parts: Parts) -> None:
        with parts.database.read() as session:
            assert read_standing(session, parts.settings) is None

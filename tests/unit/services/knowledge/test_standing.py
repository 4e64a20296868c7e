"""How far a verdict is in effect, as it is given and as all rows together say."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from chatbot.domain.matching import Decision
from chatbot.domain.quarantine import FEW_PHRASINGS
from chatbot.services.knowledge.edit_faq import current_revision
from chatbot.services.learning import quarantine
from chatbot.services.review.confirm import confirm, undo
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Confirmation, KnowledgeChange
from factories import add_confirmed, add_intent, add_query, settle_all

ANSWERED, ASKED_BACK, HANDED_OVER = Decision.ANSWER, Decision.CLARIFY, Decision.HANDOFF


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, held_out_share=0.0)


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    """And two agents, so that each could second the other."""
    with database.write() as session:
        add_intent(session, "vpn", *[f"the VPN is down, case {n}" for n in range(FEW_PHRASINGS)])
        add_intent(session, "leave", "a day off")
        for agent in ("ann", "bob"):
            said = add_confirmed(session, f"{agent} was here", "leave").confirmation
            assert said is not None
            said.confirmed_by = agent


def ask(
    database: Database, *texts: str, decision: Decision = ANSWERED, first: str = "vpn"
) -> list[str]:
    candidates = [{"intent": first, "probability": 0.9}]
    with database.write() as session:
        return [
            add_query(session, text, decision=decision.value, candidates=candidates).id
            for text in texts
        ]


def say(
    database: Database,
    settings: Settings,
    by: str,
    ids: Sequence[str],
    intent: str | None = "leave",
    by_admin: bool = False,
) -> list[str]:
    """Each in a transaction of its own; how far they are in effect then."""
    for query_id in ids:
        with database.write() as session:
            confirm(session, query_id, intent, by, settings, by_admin)
    return standings(database, ids)


def standings(database: Database, ids: Sequence[str]) -> list[str]:
    with database.read() as session:
        return [session.get_one(Confirmation, query_id).standing for query_id in ids]


def test_what_agrees_with_the_bot_or_fills_its_gap_counts_at_once(
    database: Database, settings: Settings
) -> None:
    right = ask(database, "vpn again")
    assert say(database, settings, "ann", right, "vpn") == ["votes"]
    gaps = ask(database, *map(str, range(5)), decision=HANDED_OVER)
    assert say(database, settings, "ann", gaps) == ["votes"] * 5
    doubts = ask(database, *map(str, range(10, 15)), decision=ASKED_BACK)
    assert say(database, settings, "ann", doubts) == ["votes"] * 5


@pytest.mark.parametrize("intent", ["leave", None])
def test_overruling_an_answer_waits_for_a_second_person(
    database: Database, settings: Settings, intent: str | None
) -> None:
    ids = ask(database, "one", "two", "three")
    assert say(database, settings, "mallory", ids, intent) == ["second"] * 3
    say(database, settings, "ann", ids[:1], intent)
    assert standings(database, ids) == ["votes"] * 2 + ["second"], "it backs itself and one more"
    with database.read() as session:
        row = session.get_one(Confirmation, ids[0])
        assert (row.confirmed_by, row.seconded_by) == ("mallory", "ann")


def test_an_intent_of_few_phrasings_gives_one_and_asks_for_more(
    database: Database, settings: Settings
) -> None:
    ids = ask(database, "one", "two", "three", decision=ASKED_BACK, first="leave")
    assert say(database, settings, "ann", ids, "vpn") == ["votes", "second", "second"]


def test_the_same_words_said_by_another_are_a_second(
    database: Database, settings: Settings
) -> None:
    first, again, other = ask(database, "my tunnel", "My TUNNEL", "something else")
    assert say(database, settings, "ann", [first, other]) == ["second"] * 2
    assert say(database, settings, "bob", [again]) == ["votes"]
    assert standings(database, [first, other]) == ["votes", "second"]


def test_nobody_seconds_themselves(database: Database, settings: Settings) -> None:
    first, again = ask(database, "my tunnel", "My TUNNEL")
    assert say(database, settings, "ann", [first, again, first]) == ["second"] * 3


def test_an_admins_word_is_enough(database: Database, settings: Settings) -> None:
    own, seconded = ask(database, "one", "two")
    assert say(database, settings, "admin", [own], by_admin=True) == ["votes"]
    assert say(database, settings, "ann", [seconded], "leave") == ["votes"], "it backs another"
    changed = say(database, settings, "ann", [own], None)
    assert changed == ["second"], "what somebody else says instead is not the admin's word"


def test_where_one_person_does_all_the_review_nobody_is_waited_for(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        session.execute(update(Confirmation).values(confirmed_by="ann"))
    ids = ask(database, *map(str, range(5)))
    assert say(database, settings, "ann", ids) == ["votes"] * 5
    later = ask(database, "later")
    say(database, settings, "bob", ask(database, "vpn once more"), "vpn")
    assert say(database, settings, "ann", later) == ["second"]
    with database.write() as session:
        settle_all(session, settings)
    assert standings(database, ids) == ["votes"] * 5, "what counted is not taken back"


def test_a_flood_is_kept_apart_as_it_comes(database: Database, settings: Settings) -> None:
    settings = settings.model_copy(update={"quarantine_never_below": 3})
    ids = ask(database, *map(str, range(5)), decision=HANDED_OVER)
    assert say(database, settings, "mallory", ids[:3]) == ["votes"] * 3
    assert say(database, settings, "mallory", ids[3:]) == ["apart"] * 2
    assert standings(database, ids) == ["apart"] * 5
    with database.write() as session:
        [found] = quarantine.list_quarantined(session, settings)
        before = current_revision(session)
        quarantine.admit(session, settings, "admin", found.group, "a strike")
        changed = select(KnowledgeChange.phrasing).where(KnowledgeChange.revision > before)
        assert set(session.scalars(changed)) == set(map(str, range(5)))
    assert standings(database, ids) == ["votes"] * 5


def test_who_overrules_too_often_has_all_of_that_day_kept_apart(
    database: Database, settings: Settings
) -> None:
    settings = settings.model_copy(update={"quarantine_after_overrulings": 2})
    gap, later = ask(database, "a gap", "another gap", decision=HANDED_OVER, first="else")
    assert say(database, settings, "mallory", [gap]) == ["votes"]
    say(database, settings, "mallory", ask(database, "one", "two", "three"))
    assert say(database, settings, "mallory", [later]) == ["apart"]
    assert standings(database, [gap]) == ["apart"]
    with database.write() as session:
        assert settle_all(session, settings) == 0


def test_a_busy_day_is_no_flood(database: Database, settings: Settings) -> None:
    settings = settings.model_copy(update={"quarantine_never_below": 3})
    with database.write() as session:
        for day in range(1, 29):
            for text in ("early", "late"):
                add_confirmed(session, f"{text} on day {day}", "leave", days_ago=day)
    ids = ask(database, *map(str, range(5)), decision=HANDED_OVER)
    assert say(database, settings, "ann", ids) == ["votes"] * 5


def test_beyond_a_nights_share_only_the_words_obey(database: Database, settings: Settings) -> None:
    settings = settings.model_copy(
        update={"nightly_cap_per_intent": 4, "nightly_cap_per_source": 3}
    )
    ids = ask(database, *map(str, range(4)), decision=HANDED_OVER)
    with database.write() as session:
        session.execute(update(Confirmation).values(confirmed_at=now() - timedelta(days=2)))
    assert say(database, settings, "ann", ids) == ["votes"] * 3 + ["turn"]
    others = ask(database, "a", "b", decision=HANDED_OVER)
    assert say(database, settings, "bob", others) == ["votes", "turn"]
    with database.write() as session:
        session.execute(update(Confirmation).values(confirmed_at=now() - timedelta(days=3)))
        settle_all(session, settings)
    assert standings(database, [*ids, *others]) == ["votes"] * 6


def test_settling_all_says_what_settling_each_said(database: Database, settings: Settings) -> None:
    settings = settings.model_copy(update={"quarantine_never_below": 4})
    for number, decision in enumerate([ANSWERED, ASKED_BACK, HANDED_OVER] * 4):
        first = "vpn" if number % 2 else "leave"
        asked = ask(database, f"a{number}", f"b{number}", decision=decision, first=first)
        say(
            database, settings, ["ann", "bob", "cleo"][number % 3], asked, ["vpn", None][number % 2]
        )
    with database.write() as session:
        assert settle_all(session, settings) == 0
        before = current_revision(session)
        assert settle_all(session, settings) == 0
        assert current_revision(session) == before


def test_support_that_is_taken_back_is_missed_when_all_are_settled(
    database: Database, settings: Settings
) -> None:
    own, support = ask(database, "one", "two")
    say(database, settings, "ann", [own])
    assert say(database, settings, "bob", [support]) == ["votes"]
    assert standings(database, [own]) == ["votes"]
    with database.write() as session:
        undo(session, support, "bob")
        settle_all(session, settings)
    assert standings(database, [own]) == ["second"]


def test_a_verdict_reads_its_kind_and_not_all_rows(database: Database, settings: Settings) -> None:
    with database.write() as session:
        for number in range(300):
            add_confirmed(session, f"question {number}", "leave", decision="handoff")
    [query_id] = ask(database, "one")
    fetched = 0

    def count(*args: object) -> None:
        nonlocal fetched
        fetched += 1

    event.listen(Confirmation, "load", count)
    try:
        say(database, settings, "ann", [query_id])
    finally:
        event.remove(Confirmation, "load", count)
    assert fetched <= 2

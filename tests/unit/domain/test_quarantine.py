from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from chatbot.domain.quarantine import Group, Limits, Selection, Standing, Verdict, select

TODAY = date(2026, 3, 31)
LIMITS = Limits(source=100, intent=60, sudden=20, alone=10)
_serial = count()


def said(
    source: str,
    says: str,
    number: int,
    days_ago: int = 0,
    released: bool = False,
    overrules: str | None = None,
) -> list[Verdict]:
    day = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC) - timedelta(days=days_ago)
    return [
        Verdict(
            f"{next(_serial):06}", source, says, day + timedelta(seconds=n), released, overrules
        )
        for n in range(number)
    ]


def selected(*rows: list[Verdict], today: date = TODAY) -> Selection:
    return select([row for some in rows for row in some], LIMITS, today)


def usual(says: str, a_day: int, days: int = 28) -> Iterator[list[Verdict]]:
    """What several agents say of an intent day by day."""
    for day in range(1, days + 1):
        for agent in range(a_day):
            yield said(f"agent {agent}", says, 1, days_ago=day)


def test_a_normal_day_is_admitted() -> None:
    rows = said("ann", "vpn", 15), said("bob", "leave", 15)
    found = selected(*rows)
    assert len(found.admitted) == 30
    assert (found.waiting, found.quarantined) == (frozenset(), {})


def test_nothing_selects_nothing() -> None:
    assert selected() == Selection(frozenset(), frozenset(), {})


class TestQuarantine:
    def test_far_more_of_an_intent_than_usual_is_kept_apart_whole(self) -> None:
        flood = said("mallory", "vpn", 21)
        others = said("ann", "vpn", 5), said("mallory", "leave", 5)
        found = selected(flood, *others)
        assert found.quarantined == {Group("mallory", "vpn", TODAY): [row.id for row in flood]}
        assert found.admitted == {row.id for some in others for row in some}

    def test_a_few_are_never_sudden(self) -> None:
        assert selected(said("ann", "vpn", 20)).quarantined == {}

    def test_what_is_usual_for_an_intent_is_no_shift(self) -> None:
        busy = said("ann", "vpn", 40)
        assert selected(*usual("vpn", 8), busy).quarantined == {}
        assert set(selected(*usual("vpn", 7), busy).quarantined) == {Group("ann", "vpn", TODAY)}
        assert set(selected(*usual("leave", 8), busy).quarantined) == {Group("ann", "vpn", TODAY)}

    def test_a_flood_does_not_excuse_the_next_one(self) -> None:
        floods = [said("mallory", "vpn", 50, days_ago=n) for n in range(10)]
        assert len(selected(*floods).quarantined) == 10

    def test_none_of_these_is_counted_by_what_the_bot_had_said(self) -> None:
        attack = said("mallory", "none of these, instead of vpn", 21)
        harmless = [said("ann", f"none of these, instead of {n}", 5) for n in range(10)]
        assert set(selected(attack, *harmless).quarantined) == {
            Group("mallory", "none of these, instead of vpn", TODAY)
        }

    def test_what_an_admin_released_is_admitted_whatever_the_caps(self) -> None:
        found = selected(said("ann", "vpn", 500, released=True))
        assert len(found.admitted) == 500

    def test_a_released_day_is_usual_from_then_on(self) -> None:
        released = said("ann", "vpn", 28 * 8, days_ago=3, released=True)
        assert selected(released, said("ann", "vpn", 40)).quarantined == {}


class TestOverruling:
    def overruled(self, source: str, number: int, days_ago: int = 0) -> list[Verdict]:
        return said(source, "vpn", number, days_ago, overrules="leave")

    def test_a_few_may_be_anyones_own_opinion(self) -> None:
        assert selected(self.overruled("ann", 10)).quarantined == {}

    def test_more_are_kept_apart_with_all_that_the_source_said_of_the_intent_that_day(self) -> None:
        attack, doubtful = self.overruled("mallory", 11), said("mallory", "vpn", 5)
        others = said("ann", "vpn", 5), said("mallory", "leave", 5)
        found = selected(attack, doubtful, *others)
        [group] = found.quarantined
        assert group == Group("mallory", "vpn", TODAY)
        assert set(found.quarantined[group]) == {row.id for row in attack + doubtful}
        assert found.alone == {group}

    def test_a_few_each_day_add_up(self) -> None:
        drops = [self.overruled("mallory", 2, days_ago=n) for n in range(20)]
        found = selected(*drops)
        assert len(found.admitted) == 10
        assert {row.id for row in drops[0]} <= {
            i for ids in found.quarantined.values() for i in ids
        }

    def test_four_weeks_later_they_are_forgotten(self) -> None:
        found = selected(self.overruled("ann", 10, days_ago=29), self.overruled("ann", 10))
        assert found.quarantined == {}

    @pytest.mark.parametrize("days_ago", [0, 3, 10])
    def test_it_teaches_once_others_say_the_same(self, days_ago: int) -> None:
        many = self.overruled("ann", 20, days_ago=5)
        assert selected(many, self.overruled("bob", 3, days_ago)).quarantined != {}
        assert selected(many, self.overruled("bob", 4, days_ago)).quarantined == {}

    def test_what_an_admin_released_speaks_for_the_rest(self) -> None:
        released = said("ann", "vpn", 11, days_ago=2, released=True, overrules="leave")
        assert selected(released, self.overruled("ann", 12)).quarantined == {}

    def test_correcting_different_mistakes_is_an_agents_work(self) -> None:
        work = [said("ann", "vpn", 8, overrules=f"intent {n}") for n in range(2)]
        assert selected(*work).quarantined == {}


class TestSecondPerson:
    def against(
        self, source: str, number: int, free: int | None = 0, days_ago: int = 0, words: str = ""
    ) -> list[Verdict]:
        rows = said(source, "vpn", number, days_ago)
        return [row._replace(instead_of="leave", free=free, words=words) for row in rows]

    def waiting(self, *rows: list[Verdict]) -> int:
        found = selected(*rows)
        assert not found.unseconded & found.admitted
        assert len(found.unseconded | found.admitted) == sum(map(len, rows))
        return len(found.unseconded)

    def test_is_asked_before_a_sure_answer_is_overruled(self) -> None:
        alone = self.against("mallory", 5)
        assert self.waiting(alone, said("ann", "vpn", 5)) == 5
        assert set(selected(alone).standings().values()) == {Standing.SECOND}

    def test_is_not_asked_for_the_first_doubts(self) -> None:
        assert self.waiting(self.against("ann", 5, free=1)) == 4
        assert self.waiting(self.against("ann", 5, free=None)) == 0
        assert self.waiting(self.against("ann", 1, free=1), self.against("ann", 1, 1, 29)) == 0

    def test_each_verdict_of_others_backs_one(self) -> None:
        assert self.waiting(self.against("ann", 5), self.against("bob", 1)) == 4
        assert self.waiting(self.against("ann", 5), self.against("bob", 3, days_ago=3)) == 2
        assert self.waiting(self.against("ann", 5), self.against("bob", 5, days_ago=29)) == 5
        assert self.waiting(self.against("ann", 3), self.against("bob", 3)) == 0

    def test_is_whoever_says_the_same_of_the_same_words(self) -> None:
        asked, other = self.against("ann", 1, words="a"), self.against("ann", 1, words="b")
        agrees = [row._replace(words="a") for row in said("bob", "vpn", 1)]
        assert self.waiting(asked, other) == 2
        found = selected(asked, other, agrees)
        assert found.unseconded == {other[0].id}
        disagrees = [row._replace(words="a") for row in said("bob", "leave", 1)]
        assert self.waiting(asked, other, disagrees) == 2

    def test_has_agreed_or_an_admin_has(self) -> None:
        rows = self.against("ann", 2)
        for seen in (rows[0]._replace(seconded=True), rows[0]._replace(released=True)):
            assert self.waiting([seen], rows[1:]) == 0, "and backs another"

    def test_of_what_is_in_quarantine_nobody_is_asked_and_it_backs_nothing(self) -> None:
        flood = self.against("mallory", 21)
        found = selected(flood, self.against("ann", 1))
        assert sum(map(len, found.quarantined.values())) == 21
        assert len(found.unseconded) == 1

    def test_what_waits_for_one_takes_no_turn_of_a_night(self) -> None:
        waits = [said("ann", f"intent {n}", 10) for n in range(10)]
        waits = [[row._replace(instead_of="leave", free=0) for row in rows] for rows in waits]
        found = selected(*waits, said("ann", "vpn", 15))
        assert (len(found.unseconded), len(found.admitted), len(found.waiting)) == (100, 15, 0)


class TestCaps:
    def many(self, number: int, days_ago: int = 0) -> list[Verdict]:
        """Of one source on one day, of more intents than a cap of intents could matter for."""
        return [
            row for n in range(number // 10) for row in said("ann", f"intent {n}", 10, days_ago)
        ]

    def test_what_exceeds_a_sources_night_waits_and_comes_in_the_nights_after(self) -> None:
        rows = self.many(250)
        admitted = [len(selected(rows, today=TODAY + timedelta(days=n)).admitted) for n in range(4)]
        assert admitted == [100, 100, 200, 250]

    def test_the_oldest_come_first(self) -> None:
        rows = self.many(150)
        early = sorted(rows, key=lambda row: (row.at, row.id))[:100]
        assert selected(rows).admitted == {row.id for row in early}

    def test_several_sources_together_are_capped_by_intent(self) -> None:
        rows = [said(f"agent {n}", "vpn", 15) for n in range(6)]
        assert len(selected(*rows).admitted) == 60
        assert len(selected(*rows, today=TODAY + timedelta(days=2)).admitted) == 90

    def test_a_cap_of_one_source_leaves_the_others_alone(self) -> None:
        found = selected(self.many(300), said("bob", "leave", 10))
        assert len(found.admitted) == 110

    def test_old_work_is_admitted_at_once(self) -> None:
        rows = self.many(250, days_ago=30)
        assert len(selected(rows).admitted) == 250


@pytest.mark.parametrize("hostile", [0.01, 0.05, 0.1])
def test_hostile_clicks_on_one_intent_hardly_reach_the_training(hostile: float) -> None:
    """Thirty days of 400 confirmations over 40 intents; one account adds its share on one."""
    honest = [
        said(f"agent {n % 5}", f"intent {n % 40}", 2, days_ago=day)
        for day in range(30)
        for n in range(200)
    ]
    attack = said("mallory", "intent 7", int(12_000 * hostile), days_ago=0)
    found = selected(*honest, attack)
    let_in = len(found.admitted & {row.id for row in attack})
    assert let_in <= LIMITS.sudden
    assert len(found.admitted) - let_in >= 11_000


def test_every_verdict_has_one_standing() -> None:
    floods = {Group("mallory", "leave", TODAY): ["d", "e"], Group("bob", "vpn", TODAY): ["f"]}
    chosen = Selection(frozenset("a"), frozenset("b"), floods, unseconded=frozenset("c"))
    assert chosen.standings() == {
        "a": Standing.VOTES,
        "b": Standing.TURN,
        "c": Standing.SECOND,
        **dict.fromkeys("def", Standing.APART),
    }

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from chatbot.bootstrap import Parts
from chatbot.domain.holdout import is_held_out, is_validation, measuring_order
from chatbot.domain.live_sample import rank
from chatbot.domain.matching import DISPUTED
from chatbot.services.review import queue_rows, store_ranking
from chatbot.services.review.chosen import list_chosen
from chatbot.services.review.confirm import confirm
from chatbot.services.review.questions import Filters, list_queries
from chatbot.services.review.rank_queue import rank_queue
from chatbot.storage.database import Database
from chatbot.storage.tables import Query, QueueRanking
from factories import add_evaluation, add_lacking_version, add_live_version, add_query
from fakes import KNOWN, UNCLEAR, FakeModels, add_faq

SHARE = 0.3


def texts(pattern: str, count: int, held_out: bool) -> list[str]:
    """The first that the hash puts into the wanted part."""
    found = (pattern.format(number) for number in range(1000))
    return [text for text in found if is_held_out(text, SHARE) == held_out][:count]


def ask(parts: Parts, *asked: str, **changes: object) -> list[str]:
    with parts.database.write() as session:
        return [add_query(session, text, **changes).id for text in asked]


def rank_now(parts: Parts) -> bool:
    return rank_queue(parts.database, parts.models, parts.settings)


def queue(parts: Parts) -> Sequence[str]:
    with parts.database.read() as session:
        return [row.text for row in list_queries(session, Filters(), None, 200)[0]]


def usefulness(parts: Parts) -> dict[str, float]:
    with parts.database.read() as session:
        return {row.text: row.usefulness for row in session.scalars(select(Query))}


def test_a_group_of_questions_comes_before_a_lonely_one_but_not_all_of_it(parts: Parts) -> None:
    group = texts("where can I find the big parking garage for cars {}", 6, held_out=False)
    lonely = ["purple elephants are late"]
    ask(parts, *lonely, *group)
    rank_now(parts)
    shown = queue(parts)
    assert shown[0] in group
    assert shown.index(lonely[0]) < len(group)


def test_the_live_model_is_asked_anew(parts: Parts) -> None:
    """A question that it has learnt meanwhile teaches nothing, whatever it was logged with."""
    [unclear] = texts(UNCLEAR + " {}", 1, held_out=False)
    ask(parts, KNOWN, usefulness=0.9)
    ask(parts, unclear, usefulness=0.0)
    rank_now(parts)
    found = usefulness(parts)
    assert found[KNOWN] == 0
    assert 0 < found[unclear] < DISPUTED


def test_the_same_words_are_judged_once(parts: Parts) -> None:
    [again, other] = texts("purple elephants number {}", 2, held_out=False)
    ids = ask(parts, again, again, again, other)
    rank_now(parts)
    with parts.database.read() as session:
        values = [session.get_one(Query, each).usefulness for each in ids]
    assert sorted(value > 0 for value in values) == [False, False, True, True]

    with parts.database.write() as session:
        confirm(session, ids[2], None, "ann", parts.settings)
    rank_now(parts)
    with parts.database.read() as session:
        assert [session.get_one(Query, each).usefulness for each in ids[:2]] == [0, 0]


def test_what_was_judged_but_not_learnt_covers_what_is_like_it(parts: Parts) -> None:
    group = texts("my badge {} does not open the door of the parking garage", 6, held_out=False)
    lonely = texts("purple elephants number {}", 2, held_out=False)
    judged, *_ = ask(parts, *group, *lonely)
    with parts.database.write() as session:
        confirm(session, judged, None, "ann", parts.settings)
    rank_now(parts)
    assert queue(parts)[0] in lonely


def test_what_would_only_measure_comes_in_an_order_that_says_nothing_of_it(parts: Parts) -> None:
    measuring = texts("please reset the password of my VPN {}", 9, held_out=True)
    measuring += texts("purple elephants number {}", 9, held_out=True)
    teaching = texts("green tigers number {}", 18, held_out=False)
    ask(parts, *measuring, *teaching)
    rank_now(parts)
    shown = queue(parts)
    assert [text for text in shown if text in measuring] == sorted(measuring, key=measuring_order)
    assert 6 <= sum(text in measuring for text in shown[:18]) <= 12


def test_what_calibrates_comes_in_such_an_order_too(parts: Parts) -> None:
    found = texts("please reset the password of my VPN {}", 200, held_out=False)
    found += texts("purple elephants number {}", 200, held_out=False)
    calibrating = [text for text in found if is_validation(text, 0.1)]
    teaching = [text for text in found if not is_validation(text, 0.1)][:100]
    ask(parts, *calibrating, *teaching)
    rank_now(parts)
    shown = queue(parts)
    by_chance = sorted(calibrating, key=measuring_order)
    assert [text for text in shown if text in calibrating] == by_chance


class TestChosen:
    """What agents were asked because it is hard says too little of all questions."""

    def chosen(self, parts: Parts, text: str, **changes: object) -> set[str]:
        [query] = ask(parts, text, **changes)
        with parts.database.read() as session:
            return list_chosen(session, [query], parts.settings)

    def test_are_those_that_the_ranking_chose(self, parts: Parts) -> None:
        found = texts("purple elephants number {}", 100, held_out=False)
        ranked = next(text for text in found if not is_validation(text, 0.1))
        by_chance = next(text for text in found if is_validation(text, 0.1))
        assert self.chosen(parts, ranked) == {ranked}
        assert self.chosen(parts, by_chance) == set()
        assert self.chosen(parts, by_chance, helpful=False) == {by_chance}
        assert self.chosen(parts, ranked, sample_share=0.02) == set()


@pytest.mark.parametrize("text", ["purple elephants are late", "an evaluated question"])
def test_what_measures_already_is_not_asked_for_again(parts: Parts, text: str) -> None:
    with parts.database.write() as session:
        add_evaluation(session, text.upper(), "vpn")
    ask(parts, text)
    rank_now(parts)
    assert usefulness(parts)[text] == 0


def test_an_intent_with_all_the_held_out_questions_that_it_may_have_gets_no_more(
    parts: Parts,
) -> None:
    """Its next verdict would train, so it is ranked by what it teaches."""
    full = parts.settings.model_copy(update={"held_out_cap": 1})
    judged, *others = texts("I forgot the password of my laptop {}", 4, held_out=True)
    [query] = ask(parts, judged)
    with parts.database.write() as session:
        assert confirm(session, query, "reset-password", "ann", full).part == "held_out"
    ask(parts, *others)
    assert rank_queue(parts.database, parts.models, full)
    assert sum(usefulness(parts)[text] > 0 for text in others) == 3


def test_thumbs_down_samples_and_tests_stay_where_they_are(parts: Parts) -> None:
    sample = "5" * 32
    ask(parts, "purple elephants", helpful=False, usefulness=1.0)
    ask(parts, "green tigers", id=sample, sample_share=0.02, usefulness=rank(sample))
    ask(parts, "a test", test=True, usefulness=0.0)
    ask(parts, *texts("blue whales {}", 3, held_out=False))
    rank_now(parts)
    found = usefulness(parts)
    assert (found["purple elephants"], found["green tigers"]) == (1.0, rank(sample))
    assert found["a test"] == 0.0
    assert queue(parts)[0] == "purple elephants"


def test_an_unchanged_queue_is_left_alone_and_any_change_ranks_it_anew(parts: Parts) -> None:
    [query] = ask(parts, "purple elephants")
    assert rank_now(parts)
    assert not rank_now(parts)

    ask(parts, "green tigers")
    assert rank_now(parts)
    with parts.database.write() as session:
        confirm(session, query, None, "ann", parts.settings)
    assert rank_now(parts)
    assert not rank_now(parts)


@pytest.mark.parametrize(
    ("setting", "value"), [("held_out_share", 0.5), ("held_out_cap", 7), ("validation_share", 0.3)]
)
def test_a_setting_that_the_order_depends_on_ranks_it_anew(
    parts: Parts, setting: str, value: float
) -> None:
    ask(parts, "purple elephants")
    assert rank_now(parts)
    changed = parts.settings.model_copy(update={setting: value})
    assert rank_queue(parts.database, parts.models, changed)
    assert not rank_queue(parts.database, parts.models, changed)


def test_a_smaller_cap_lets_what_would_measure_teach(parts: Parts) -> None:
    """The digest knows of it, so the order follows the setting at once."""
    judged, *others = texts("I forgot the password of my laptop {}", 4, held_out=True)
    [query] = ask(parts, judged)
    with parts.database.write() as session:
        confirm(session, query, "reset-password", "ann", parts.settings)
    ask(parts, *others)
    rank_now(parts)
    before = usefulness(parts)
    full = parts.settings.model_copy(update={"held_out_cap": 1})
    assert rank_queue(parts.database, parts.models, full)
    assert usefulness(parts) != before


def test_a_ranking_that_died_on_the_way_is_done_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(parts, *texts("purple elephants number {}", 3, held_out=False), usefulness=0.0)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store_ranking, "now", die)
        with pytest.raises(KeyboardInterrupt):
            rank_now(parts)
    with parts.database.read() as session:
        assert session.get(QueueRanking, 1) is None
    assert set(usefulness(parts).values()) == {0.0}
    assert rank_now(parts)
    assert 0.0 not in usefulness(parts).values()


def test_ranking_twice_gives_the_same_order(parts: Parts) -> None:
    ask(parts, *texts("purple elephants number {}", 20, held_out=False))
    rank_now(parts)
    first = usefulness(parts)
    with parts.database.write() as session:
        session.delete(session.get_one(QueueRanking, 1))
    assert rank_now(parts)
    assert usefulness(parts) == first


def test_a_question_too_old_to_be_ranked_gives_up_its_place(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, *newer = texts("purple elephants number {}", 4, held_out=False)
    ask(parts, old, usefulness=0.89)
    ask(parts, *newer)
    monkeypatch.setattr(queue_rows, "MOST_RANKED", 3)
    rank_now(parts)
    found = usefulness(parts)
    assert found[old] == 0
    assert all(found[text] > 0 for text in newer)


def test_it_runs_on_both_databases(parts: Parts, database: Database) -> None:
    models = FakeModels(parts.settings, database, parts.artefacts)
    with database.write() as session:
        add_faq(session)
        live = add_live_version(session).id
        lacking = add_lacking_version(session, live=live).id
        for text in texts("purple elephants number {}", 5, held_out=False):
            add_query(session, text, model_version=lacking, usefulness=0.0)
    assert rank_queue(database, models, parts.settings)
    assert not rank_queue(database, models, parts.settings)
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Query.usefulness > 0)) == 5


def test_without_a_model_nothing_is_ranked(empty_parts: Parts) -> None:
    assert not rank_now(empty_parts)

from sqlalchemy import func, select

from chatbot.bootstrap import Parts
from chatbot.domain.holdout import is_validation, measuring_order
from chatbot.domain.matching import DISPUTED
from chatbot.services.review.confirm import confirm
from chatbot.services.review.rank_queue import rank_queue
from chatbot.storage.database import Database
from chatbot.storage.tables import Query, QueueRanking
from factories import add_lacking_version, add_live_version, add_query
from fakes import KNOWN, UNCLEAR, FakeModels, add_faq
from queues import ask, queue, rank_now, texts, usefulness


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


def test_ranking_twice_gives_the_same_order(parts: Parts) -> None:
    ask(parts, *texts("purple elephants number {}", 20, held_out=False))
    rank_now(parts)
    first = usefulness(parts)
    with parts.database.write() as session:
        session.delete(session.get_one(QueueRanking, 1))
    assert rank_now(parts)
    assert usefulness(parts) == first


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

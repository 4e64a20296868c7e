import pytest

from chatbot.bootstrap import Parts
from chatbot.services.review.confirm import confirm
from chatbot.services.review.rank_queue import rank_queue
from factories import add_evaluation
from queues import ask, rank_now, texts, usefulness


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

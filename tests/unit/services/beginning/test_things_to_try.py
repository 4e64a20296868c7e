"""Whatever is shown was asked before: it does what its heading says."""

from chatbot.bootstrap import Parts
from chatbot.domain.matching import Decision
from chatbot.services.beginning.things_to_try import MOST, ThingsToTry, find_things_to_try
from chatbot.services.knowledge.edit_faq import get_intent
from factories import add_evaluation
from fakes import ANSWERED, UNCLEAR, UNKNOWN


def find(parts: Parts) -> ThingsToTry:
    with parts.database.read() as session:
        return find_things_to_try(session, parts.live.current())


def test_each_does_what_its_heading_says(parts: Parts) -> None:
    with parts.database.write() as session:
        add_evaluation(session, UNCLEAR, "vpn")
    found = find(parts)
    decided = {
        Decision.ANSWER: found.answered,
        Decision.CLARIFY: found.asked_back,
        Decision.HANDOFF: found.handed_over,
    }
    assert UNCLEAR in found.asked_back
    for decision, texts in decided.items():
        assert 0 < len(texts) <= MOST
        assert {match.decision for match in parts.live.current().match_all(list(texts))} == {
            decision
        }


def test_what_the_bot_does_not_know_by_heart_comes_first(parts: Parts) -> None:
    with parts.database.write() as session:
        add_evaluation(session, ANSWERED, "reset-password")
    assert find(parts).answered[0] == ANSWERED


def test_one_of_each_intent_is_shown(parts: Parts) -> None:
    with parts.database.write() as session:
        add_evaluation(session, ANSWERED, "reset-password")
        add_evaluation(session, f"{ANSWERED} now", "reset-password")
    matches = parts.live.current().match_all(list(find(parts).answered))
    intents = [match.candidates[0].intent for match in matches]
    assert len(set(intents)) == len(intents) == MOST


def test_what_is_answered_wrongly_is_no_example(parts: Parts) -> None:
    with parts.database.write() as session:
        add_evaluation(session, ANSWERED, "vpn")
        add_evaluation(session, UNKNOWN, "vpn")
    assert ANSWERED not in find(parts).answered
    assert UNKNOWN not in find(parts).answered


def test_a_disabled_intent_is_not_shown(parts: Parts) -> None:
    with parts.database.write() as session:
        add_evaluation(session, ANSWERED, "reset-password")
        get_intent(session, "reset-password").enabled = False
    parts.live.refresh()
    assert ANSWERED not in find(parts).answered

"""A visitor says which of the offered readings was meant."""

from sqlalchemy.orm import Session

from chatbot.errors import Conflict, NotFound
from chatbot.matching.catalogue import IntentCard
from chatbot.matching.matcher import Matcher
from chatbot.services.review.questions import get_query


def choose(session: Session, matcher: Matcher, query_id: str, intent: str) -> IntentCard:
    """Store the candidate that a visitor chose, and return the card to show for it.

    Agents see the choice beside the question. A later one replaces it.

    Raises NotFound, also for an intent that is gone, and Conflict for one that was no candidate.
    """
    query = get_query(session, query_id)
    if intent not in [candidate["intent"] for candidate in query.candidates]:
        raise Conflict(f"“{intent}” was not a candidate for this question.")
    card = matcher.intents.get(intent)
    if card is None:
        raise NotFound(f"There is no intent {intent} any more.")
    query.chosen_intent = intent
    return card

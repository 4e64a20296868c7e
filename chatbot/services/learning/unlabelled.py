"""Questions that visitors asked and nobody judged, as far as a guess of them may vote.

They are no phrasings of the FAQ, and neither train, calibrate nor measure; see decision 0021.
"""

from collections import Counter
from collections.abc import Container

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import is_held_out
from chatbot.domain.text import normalise
from chatbot.settings import Settings
from chatbot.storage.tables import Confirmation, EvaluationQuestion, Query, ReviewTurn

MOST_OF_A_CONVERSATION = 10
"""Distinct questions of one conversation. Whoever floods the bot must at least start many."""

_READ_FOR_EACH = 20
"""Logged questions that are looked at for each that is wanted: popular ones repeat."""


def list_unlabelled(session: Session, settings: Settings, known: Container[str]) -> list[str]:
    """List the newest distinct questions without a verdict, at most `unlabelled_cap`, newest first.

    `known` are normalised texts that train, measure or are pinned. Left out are also tests, what an
    agent judged or skipped, whatever became of that, and what would be held out if an agent
    confirmed it: no text that measures a model may be among its neighbours.
    """
    if not settings.unlabelled_cap:
        return []
    authored = set(session.scalars(select(EvaluationQuestion.normalised)))
    chosen: dict[str, str] = {}
    conversations: Counter[str] = Counter()
    for text, conversation in session.execute(_newest(settings.unlabelled_cap * _READ_FOR_EACH)):
        same = normalise(text)
        if same in chosen or same in known or same in authored:
            continue
        if is_held_out(text, settings.held_out_share):
            continue
        if conversation is not None:
            conversations[conversation] += 1
            if conversations[conversation] > MOST_OF_A_CONVERSATION:
                continue
        chosen[same] = text
        if len(chosen) == settings.unlabelled_cap:
            break
    return list(chosen.values())


def _newest(most: int) -> Select[str, str | None]:
    """(text, conversation) of questions whose text nobody judged or skipped."""
    judged = select(Query.text_key).join(Confirmation, Confirmation.query_id == Query.id)
    skipped = select(Query.text_key).join(ReviewTurn, ReviewTurn.query_id == Query.id)
    return (
        select(Query.text, Query.conversation_id)
        .where(
            Query.test.is_(False),
            Query.text_key.not_in(judged),
            Query.text_key.not_in(skipped.where(ReviewTurn.skipped)),
        )
        .order_by(Query.asked_at.desc(), Query.id)
        .limit(most)
    )

"""Find gaps, what people ask that the FAQ has no answer to: unanswered questions that are alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.matching.in_batches import in_batches
from chatbot.matching.matcher import Matcher
from chatbot.services.monitoring.daily_counts import WINDOW
from chatbot.services.review.questions import Filters, filtered, get_query
from chatbot.storage.database import now
from chatbot.storage.tables import Query

MOST_QUESTIONS = 500
MOST_GAPS = 8
MOST_EXAMPLES = 3
LEAST_SIZE = 2
LEAST_SIMILARITY = 0.6
_BATCH = 32


class Unanswered(NamedTuple):
    """A question that was handed over or asked back, and that nobody has judged."""

    id: str
    text: str
    text_key: str


@dataclass(frozen=True)
class Gap:
    """A group of questions that ask much the same; `centre` is the one that most
    others are like.
    """

    centre: str
    size: int
    examples: Sequence[str]


def find_gaps(session: Session, matcher: Matcher) -> list[Gap]:
    """Return the largest groups among the newest unanswered questions, the largest first."""
    asked = _list_unanswered(session)
    times = Counter(question.text_key for question in asked)
    distinct = list({question.text_key: question for question in asked}.values())
    vectors = _embed(matcher, [question.text for question in distinct])
    weights = np.array([times[question.text_key] for question in distinct])
    return [
        Gap(
            distinct[group[0]].id,
            int(weights[group].sum()),
            [distinct[place].text for place in group[:MOST_EXAMPLES]],
        )
        for group in _group(vectors @ vectors.T, weights)
    ]


def list_alike(session: Session, matcher: Matcher, query_id: str) -> list[str]:
    """List the ids of the unanswered questions that are like this one, itself included. Raises
    NotFound.
    """
    centre = get_query(session, query_id)
    asked = _list_unanswered(session)
    vectors = _embed(matcher, [centre.text, *(question.text for question in asked)])
    similarities = vectors[1:] @ vectors[0]
    alike = [q.id for q, s in zip(asked, similarities, strict=True) if s >= LEAST_SIMILARITY]
    return list(dict.fromkeys([centre.id, *alike]))


def _list_unanswered(session: Session) -> Sequence[Unanswered]:
    newest = (
        filtered(Filters())
        .with_only_columns(Query.id, Query.text, Query.text_key)
        .where(Query.decision != Decision.ANSWER, Query.asked_at >= now() - WINDOW)
        .order_by(Query.asked_at.desc())
        .limit(MOST_QUESTIONS)
    )
    return [Unanswered(*row) for row in session.execute(newest)]


def _embed(matcher: Matcher, texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed texts in small batches: a visitor's question must not wait for all of them."""
    embed = matcher.bundle.embedder.embed
    batches = [embed(some) for some in in_batches(texts, _BATCH)]
    return np.vstack(batches) if batches else embed([])


def _group(
    similarities: NDArray[np.float32], weights: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Greedily: again and again the question that most free ones are like, with these.

    A group lists its centre first, then the likest.
    """
    alike = similarities >= LEAST_SIMILARITY
    free = np.ones(len(weights), bool)
    groups: list[NDArray[np.int64]] = []
    while free.any() and len(groups) < MOST_GAPS:
        sizes = np.where(free, alike @ (weights * free), 0)
        centre = int(sizes.argmax())
        if sizes[centre] < LEAST_SIZE:
            break
        members = np.flatnonzero(alike[centre] & free)
        groups.append(members[np.argsort(-similarities[centre, members], kind="stable")])
        free[members] = False
    return groups

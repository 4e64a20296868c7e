"""Rank what waits for a verdict again, by what the live model makes of it; see decision 0019.

A worker does this beside everything else: what a visitor asks is logged with a first guess. It
reads once, asks the versions without a session, and stores once. It may die at any step, or run
twice at once: the next run comes to the same order.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chatbot.domain.matching import uncertainty
from chatbot.domain.ranking import Floats
from chatbot.domain.review_queue import (
    Open,
    Rules,
    Waiting,
    choose_disputed,
    list_open,
    may_measure,
    rank_questions,
)
from chatbot.errors import ArtefactRefused
from chatbot.matching.in_batches import in_batches
from chatbot.matching.matcher import Matcher
from chatbot.matching.reading import Match
from chatbot.services.learning.shadow import differ
from chatbot.services.releases.open_models import StoredModels
from chatbot.services.review.queue_rows import Queue, read_queue
from chatbot.services.review.store_ranking import store_ranking
from chatbot.settings import Settings
from chatbot.storage.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Asked:
    """The answers of the live version to the queue.

    `vectors` is (n, d), one for each of the `questions`; `known` is (m, d), one for each text that
    was judged and not learnt.
    """

    questions: Sequence[Open]
    vectors: Floats
    known: Floats


def rank_queue(database: Database, models: StoredModels, settings: Settings) -> bool:
    """Return whether anything changed since the queue was last ranked; if so, it is ranked now.

    Raises ArtefactRefused if the live model cannot be opened, ServiceUnavailable.
    """
    with database.read() as session:
        queue = read_queue(session, settings)
    if queue is None:
        return False
    asked = _ask_live(models, queue)
    rules = Rules(
        held_out_share=settings.held_out_share,
        validation_share=settings.validation_share,
        full=queue.full,
        disputed=_find_disputed(models, queue, asked.questions, settings.held_out_share),
        has_shadow=queue.shadow is not None,
    )
    usefulness = rank_questions(asked.questions, asked.vectors, asked.known, rules)
    with database.write() as session:
        store_ranking(session, queue, rules.disputed, usefulness)
    return True


def _ask_live(models: StoredModels, queue: Queue) -> _Asked:
    live = models.open_version(queue.live_id)
    known, _ = _read(live, queue.not_learnt)
    waiting = list_open(queue.waiting, queue.measured)
    vectors, matches = _read(live, [each.text for each in waiting])
    times = Counter(each.text_key for each in queue.waiting)
    questions = [
        _open(each, times[each.text_key], match)
        for each, match in zip(waiting, matches, strict=True)
    ]
    return _Asked(questions, vectors, known)


def _open(waiting: Waiting, times: int, match: Match) -> Open:
    return Open(
        id=waiting.id,
        text=waiting.text,
        times=times,
        is_known=match.exact,
        uncertainty=uncertainty(match.decision, match.candidates, match.exact),
        first=match.candidates[0].intent if match.candidates else None,
    )


def _find_disputed(
    models: StoredModels, queue: Queue, questions: Sequence[Open], share: float
) -> frozenset[str]:
    """Return the ids of what the candidate in the shadow would end otherwise, of what may measure.

    Both are asked as they will be judged: a verdict on the one settles no other between the two.
    """
    if queue.shadow is None:
        return frozenset()
    try:
        candidate = models.open_version(queue.shadow.version_id, to_judge=True)
    except ArtefactRefused:
        log.exception("the candidate in the shadow cannot be asked")
        return frozenset()
    live = models.open_version(queue.live_id, to_judge=True)
    eligible = [each for each in questions if may_measure(each, share)]
    texts = [each.text for each in eligible]
    pairs = zip(_read(live, texts)[1], _read(candidate, texts)[1], strict=True)
    found = [each for each, both in zip(eligible, pairs, strict=True) if differ(*both)]
    return choose_disputed(found, queue.room)


def _read(matcher: Matcher, texts: Sequence[str]) -> tuple[Floats, list[Match]]:
    """Vectors and matches; what was just embedded is remembered, so each text is encoded once."""
    vectors, matches = [matcher.bundle.embedder.embed([])], []
    for batch in in_batches(texts):
        vectors.append(matcher.bundle.embedder.embed(batch))
        matches += matcher.match_all(batch)
    return np.vstack(vectors), matches

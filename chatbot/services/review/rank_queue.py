"""Rank what waits for a verdict, anew and by what the live model makes of it; see decision 0019.

A worker does this beside everything else: what a visitor asks is logged with a first guess. It may
die at any step, or run twice at once: the next run comes to the same order.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, bindparam, select, update

from chatbot.domain.matching import uncertainty
from chatbot.domain.ranking import rank_by_coverage, spread, spread_disputed
from chatbot.domain.split import is_held_out, is_validation, measuring_order
from chatbot.domain.text import normalise
from chatbot.errors import ArtefactRefused
from chatbot.matching.matcher import Matcher
from chatbot.matching.reading import Match
from chatbot.services.learning.shadow import differ, note_disagreements
from chatbot.services.releases.follow import StoredModels
from chatbot.services.review.waiting import Queue, Waiting, is_ranked, read_queue, read_state
from chatbot.settings import Settings
from chatbot.storage.database import Database, batched, now
from chatbot.storage.tables import Query, QueueRanking

log = logging.getLogger(__name__)

_BATCH = 64


def rank_queue(database: Database, models: StoredModels, settings: Settings) -> bool:
    """Whether anything changed since it was last ranked; if so, it is ranked now.

    Raises ArtefactRefused if the live model cannot be opened, ServiceUnavailable.
    """
    with database.read() as session:
        state = read_state(session, settings)
        ranked = session.get(QueueRanking, 1)
        if state is None or (ranked is not None and ranked.state == state):
            return False
        queue = read_queue(session, settings)
    ranking = _Ranking(queue, models, settings)
    note_disagreements(database, queue.shadow, ranking.disputed)
    _store(database, queue.waiting, ranking.usefulness())
    _put_behind(database, queue.waiting)
    with database.write() as session:
        session.merge(QueueRanking(id=1, state=state, ranked_at=now()))
    return True


class _Ranking:
    """Each wording once, by what a verdict on it would do: teach, measure, or nothing.

    `disputed` would measure, and the candidate in the shadow disagrees with the live version: as
    many of these as there is room for.
    """

    def __init__(self, queue: Queue, models: StoredModels, settings: Settings) -> None:
        self._queue, self._settings = queue, settings
        self._times = Counter(each.text_key for each in queue.waiting)
        oldest = {each.text_key: each for each in queue.waiting}.values()
        self._open = [each for each in oldest if self._is_open(each)]
        live = models.open_version(queue.live_id)
        self._known, _ = _read(live, queue.not_learnt)
        self._vectors, matches = _read(live, [each.text for each in self._open])
        self._matches = {each.id: match for each, match in zip(self._open, matches, strict=True)}
        eligible = [each for each in self._open if self._may_measure(each)]
        self.disputed = self._find_disputed(models, eligible)
        self._measuring = [each for each in eligible if self._would_measure(each)]
        measuring = {each.id for each in self._measuring}
        others = [each for each in self._open if each.id not in measuring]
        self._calibrating = [each for each in others if self._may_calibrate(each)]

    def usefulness(self) -> dict[str, float]:
        """Of every waiting question, by its id.

        Those that would measure or calibrate come in an order that says nothing of them. Chosen
        by what the live version is unsure of, they would flatter any other one, and make each too
        modest. While a candidate is in the shadow, half of those that measure give way to what it
        disputes; the other half still tells the nights' new candidates from the live version.
        """
        by_chance = _by_chance(self._measuring)
        disputed = [each.id for each in by_chance if each.id in self.disputed]
        measuring = [each.id for each in by_chance if each.id not in self.disputed]
        calibrating = [each.id for each in _by_chance(self._calibrating)]
        teaching = self._rank_teaching()
        share = 0.5 if self._queue.shadow else 1.0
        return {
            **dict.fromkeys((each.id for each in self._queue.waiting), 0.0),
            **dict(zip(disputed, spread_disputed(len(disputed)), strict=True)),
            **dict(zip(teaching, spread(len(teaching)), strict=True)),
            **dict(zip(measuring, spread(len(measuring), share), strict=True)),
            **dict(zip(calibrating, spread(len(calibrating)), strict=True)),
        }

    def _rank_teaching(self) -> list[str]:
        by_chance = {each.id for each in [*self._measuring, *self._calibrating]}
        places = rank_by_coverage(
            self._vectors,
            np.array([_uncertainty(self._matches[each.id]) for each in self._open], np.float32),
            np.array([self._times[each.text_key] for each in self._open], np.float32),
            np.array([each.id not in by_chance for each in self._open], bool),
            self._known,
        )
        return [self._open[place].id for place in places]

    def _find_disputed(self, models: StoredModels, eligible: Sequence[Waiting]) -> set[str]:
        """By what they will be judged by: a verdict on the one settles no other between the two."""
        if self._queue.shadow is None:
            return set()
        try:
            candidate = models.open_version(self._queue.shadow.version_id, to_judge=True)
        except ArtefactRefused:
            log.exception("the candidate in the shadow cannot be asked")
            return set()
        live = models.open_version(self._queue.live_id, to_judge=True)
        texts = [each.text for each in eligible]
        pairs = zip(_read(live, texts)[1], _read(candidate, texts)[1], strict=True)
        found = [each for each, both in zip(eligible, pairs, strict=True) if differ(*both)]
        return {each.id for each in _by_chance(found)[: self._queue.room]}

    def _is_open(self, each: Waiting) -> bool:
        return not each.is_settled and normalise(each.text) not in self._queue.measured

    def _may_measure(self, each: Waiting) -> bool:
        is_known = self._matches[each.id].exact
        return not is_known and is_held_out(each.text, self._settings.held_out_share)

    def _may_calibrate(self, each: Waiting) -> bool:
        is_known = self._matches[each.id].exact
        return not is_known and is_validation(each.text, self._settings.validation_share)

    def _would_measure(self, each: Waiting) -> bool:
        """Where its intent has all held-out questions that it may have, a verdict would train."""
        candidates = self._matches[each.id].candidates
        first = candidates[0].intent if candidates else None
        return each.id in self.disputed or first not in self._queue.full


def _read(matcher: Matcher, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Match]]:
    """Vectors and matches; what was just embedded is remembered, so each text is encoded once."""
    vectors, matches = [matcher.bundle.embedder.embed([])], []
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        vectors.append(matcher.bundle.embedder.embed(batch))
        matches += matcher.match_all(batch)
    return np.vstack(vectors), matches


def _by_chance(waiting: Sequence[Waiting]) -> list[Waiting]:
    return sorted(waiting, key=lambda each: measuring_order(each.text))


def _uncertainty(match: Match) -> float:
    return uncertainty(match.decision, match.candidates, match.exact)


def _store(database: Database, waiting: Sequence[Waiting], usefulness: dict[str, float]) -> None:
    """In short transactions, because questions are logged meanwhile; only what changed."""
    changed = [
        {"query": each.id, "value": usefulness[each.id]}
        for each in waiting
        if each.usefulness != usefulness[each.id]
    ]
    queries = cast("Table", Query.__table__)
    change = (
        update(queries)
        .where(queries.c.id == bindparam("query"), is_ranked())
        .values(usefulness=bindparam("value"))
    )
    for some in batched(changed):
        with database.write() as session:
            session.connection().execute(change, some)


def _put_behind(database: Database, waiting: Sequence[Waiting]) -> None:
    """Questions too old to be ranked must not keep the place that they had when they were new."""
    if not waiting:
        return
    with database.read() as session:
        older = session.scalars(
            select(Query.id).where(
                is_ranked(),
                ~Query.confirmation.has(),
                Query.usefulness > 0,
                Query.asked_at < session.get_one(Query, waiting[-1].id).asked_at,
            )
        ).all()
    for some in batched(older):
        with database.write() as session:
            session.execute(
                update(Query).where(Query.id.in_(some), is_ranked()).values(usefulness=0.0)
            )

"""Rank what waits for a verdict, anew and by what the live model makes of it; see decision 0019.

A worker does this beside everything else: what a visitor asks is logged with a first guess. It may
die at any step, or run twice at once: the next run comes to the same order.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Table, and_, bindparam, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from chatbot.domain.matching import uncertainty
from chatbot.domain.ranking import rank_by_coverage, spread, spread_disputed
from chatbot.domain.split import Part, is_held_out, measuring_order
from chatbot.domain.text import normalise
from chatbot.matching.matcher import Match, Matcher
from chatbot.services.follow import StoredModels
from chatbot.services.release import read_pointer
from chatbot.services.shadow import Shadow, differ, find_shadow, note_disagreements
from chatbot.settings import Settings
from chatbot.storage.database import Database, batched, now
from chatbot.storage.tables import (
    Confirmation,
    Disagreement,
    EvaluationQuestion,
    Intent,
    Knowledge,
    Pin,
    Query,
    QueueRanking,
    VersionExample,
)

MOST_RANKED = 5000
MOST_NOT_LEARNT = 1000
_BATCH = 64


class Waiting(NamedTuple):
    """A question that waits; `is_settled` if the same words were judged already."""

    id: str
    text: str
    text_key: str
    usefulness: float
    is_settled: bool


@dataclass(frozen=True)
class Queue:
    """What is to be ranked, read at one moment; the newest come first.

    A verdict on a text of `measured` teaches nothing and proves nothing new. `not_learnt` was
    judged, but the live version does not know it; `full` intents have all held-out questions that
    they may have.
    """

    live_id: int
    shadow: Shadow | None
    waiting: Sequence[Waiting]
    measured: set[str]
    not_learnt: Sequence[str]
    full: set[str]


def rank_queue(database: Database, models: StoredModels, settings: Settings) -> bool:
    """Whether anything changed since it was last ranked; if so, it is ranked now.

    Raises ArtefactRefused if a model cannot be opened, ServiceUnavailable.
    """
    with database.read() as session:
        state = _read_state(session, settings)
        ranked = session.get(QueueRanking, 1)
        if state is None or (ranked is not None and ranked.state == state):
            return False
        queue = _read_queue(session, settings)
    ranking = _Ranking(queue, models, settings)
    note_disagreements(database, queue.shadow, ranking.disputed)
    _store(database, queue.waiting, ranking.usefulness())
    _put_behind(database, queue.waiting)
    with database.write() as session:
        session.merge(QueueRanking(id=1, state=state, ranked_at=now()))
    return True


class _Ranking:
    """Each wording once, by what a verdict on it would do: teach, measure, or nothing.

    `disputed` would measure, and the candidate in the shadow disagrees with the live version.
    """

    def __init__(self, queue: Queue, models: StoredModels, settings: Settings) -> None:
        self._queue, self._settings = queue, settings
        self._times = Counter(each.text_key for each in queue.waiting)
        newest = {each.text_key: each for each in reversed(queue.waiting)}.values()
        self._open = [each for each in newest if self._is_open(each)]
        live = models.open_version(queue.live_id)
        self._known, _ = _read(live, queue.not_learnt)
        self._vectors, matches = _read(live, [each.text for each in self._open])
        self._matches = {each.id: match for each, match in zip(self._open, matches, strict=True)}
        eligible = [each for each in self._open if self._may_measure(each)]
        self.disputed = self._find_disputed(models, eligible)
        self._measuring = [each for each in eligible if self._would_measure(each)]

    def usefulness(self) -> dict[str, float]:
        """Of every waiting question, by its id.

        Those that would measure come in an order that says nothing of them: chosen by what the
        live version is unsure of, they would flatter any other one. While a candidate is in the
        shadow they give way to what it disputes.
        """
        by_chance = sorted(self._measuring, key=lambda each: measuring_order(each.text))
        disputed = [each.id for each in by_chance if each.id in self.disputed]
        measuring = [each.id for each in by_chance if each.id not in self.disputed]
        teaching = self._rank_teaching()
        share = 0.5 if self._queue.shadow else 1.0
        return {
            **dict.fromkeys((each.id for each in self._queue.waiting), 0.0),
            **dict(zip(disputed, spread_disputed(len(disputed)), strict=True)),
            **dict(zip(teaching, spread(len(teaching)), strict=True)),
            **dict(zip(measuring, spread(len(measuring), share), strict=True)),
        }

    def _rank_teaching(self) -> list[str]:
        measuring = {each.id for each in self._measuring}
        places = rank_by_coverage(
            self._vectors,
            np.array([_uncertainty(self._matches[each.id]) for each in self._open], np.float32),
            np.array([self._times[each.text_key] for each in self._open], np.float32),
            np.array([each.id not in measuring for each in self._open], bool),
            self._known,
        )
        return [self._open[place].id for place in places]

    def _find_disputed(self, models: StoredModels, eligible: Sequence[Waiting]) -> set[str]:
        if self._queue.shadow is None:
            return set()
        candidate = models.open_version(self._queue.shadow.version_id)
        _, matches = _read(candidate, [each.text for each in eligible])
        pairs = zip(eligible, matches, strict=True)
        return {each.id for each, match in pairs if differ(self._matches[each.id], match)}

    def _is_open(self, each: Waiting) -> bool:
        return not each.is_settled and normalise(each.text) not in self._queue.measured

    def _may_measure(self, each: Waiting) -> bool:
        is_known = self._matches[each.id].exact
        return not is_known and is_held_out(each.text, self._settings.held_out_share)

    def _would_measure(self, each: Waiting) -> bool:
        """Where its intent has all held-out questions that it may have, a verdict would train."""
        candidates = self._matches[each.id].candidates
        first = candidates[0].intent if candidates else None
        return each.id in self.disputed or first not in self._queue.full


def _read_state(session: Session, settings: Settings) -> str | None:
    """A digest of all that the order depends on; None before the first model."""
    pointer = read_pointer(session)
    if pointer is None:
        return None
    newest = select(Query.asked_at).where(Query.test.is_(False)).order_by(Query.asked_at.desc())
    verdicts = select(func.count(), func.max(Confirmation.confirmed_at)).select_from(Confirmation)
    content = [
        pointer.generation,
        session.scalar(select(Knowledge.revision)),
        str(session.scalar(newest.limit(1))),
        str(session.execute(verdicts).one()),
        str(find_shadow(session)),
        settings.held_out_share,
        settings.held_out_cap,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _read_queue(session: Session, settings: Settings) -> Queue:
    pointer = read_pointer(session)
    assert pointer is not None
    authored = session.scalars(select(EvaluationQuestion.normalised))
    return Queue(
        live_id=pointer.version_id,
        shadow=find_shadow(session),
        waiting=_list_waiting(session),
        measured={*authored, *session.scalars(select(Pin.normalised))},
        not_learnt=_list_not_learnt(session, pointer.version_id),
        full=_list_full(session, settings.held_out_cap),
    )


def _list_waiting(session: Session) -> list[Waiting]:
    other = aliased(Query)
    is_settled = exists().where(Confirmation.query_id == other.id, other.text_key == Query.text_key)
    newest = (
        select(Query.id, Query.text, Query.text_key, Query.usefulness, is_settled)
        .where(_is_ranked(), ~Query.confirmation.has())
        .order_by(Query.asked_at.desc(), Query.id)
        .limit(MOST_RANKED)
    )
    return [Waiting(*row) for row in session.execute(newest)]


def _is_ranked() -> ColumnElement[bool]:
    """Thumbs down stay in front, and what was drawn at random stays where chance put it."""
    return and_(Query.test.is_(False), Query.sample_share.is_(None), Query.helpful.is_not(False))


def _list_not_learnt(session: Session, live_id: int) -> Sequence[str]:
    newest = (
        select(Query.text)
        .join(Confirmation, Confirmation.query_id == Query.id)
        .outerjoin(
            VersionExample,
            and_(VersionExample.query_id == Query.id, VersionExample.version_id == live_id),
        )
        .where(Confirmation.part == Part.TRAINING, VersionExample.query_id.is_(None))
        .order_by(Confirmation.confirmed_at.desc(), Query.id)
        .limit(MOST_NOT_LEARNT)
    )
    return session.scalars(newest).all()


def _list_full(session: Session, cap: int) -> set[str]:
    counted = (
        select(Intent.name)
        .join(Confirmation, Confirmation.intent_id == Intent.id)
        .where(
            Confirmation.part == Part.HELD_OUT,
            Confirmation.query_id.not_in(select(Disagreement.query_id)),
        )
        .group_by(Intent.name)
        .having(func.count() >= cap)
    )
    return set(session.scalars(counted))


def _read(matcher: Matcher, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Match]]:
    """Vectors and matches; what was just embedded is remembered, so each text is encoded once."""
    vectors, matches = [matcher.bundle.embedder.embed([])], []
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        vectors.append(matcher.bundle.embedder.embed(batch))
        matches += matcher.match_all(batch)
    return np.vstack(vectors), matches


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
        .where(queries.c.id == bindparam("query"), _is_ranked())
        .values(usefulness=bindparam("value"))
    )
    for some in batched(changed):
        with database.write() as session:
            session.connection().execute(change, some)


def _put_behind(database: Database, waiting: Sequence[Waiting]) -> None:
    """Questions too old to be ranked must not keep the place that they had when they were new."""
    if len(waiting) < MOST_RANKED:
        return
    with database.read() as session:
        older = session.scalars(
            select(Query.id).where(
                _is_ranked(),
                ~Query.confirmation.has(),
                Query.usefulness > 0,
                Query.asked_at < session.get_one(Query, waiting[-1].id).asked_at,
            )
        ).all()
    for some in batched(older):
        with database.write() as session:
            session.execute(
                update(Query).where(Query.id.in_(some), _is_ranked()).values(usefulness=0.0)
            )

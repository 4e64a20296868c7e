"""A candidate that lacked evidence answers in silence beside the live version; see decision 0019.

Agents are asked where the two disagree. Such a verdict is evidence about these two alone: asked for
by what one version gets wrong, it would flatter any third one.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.orm import Session

from chatbot.domain.accuracy import reply_of
from chatbot.domain.error_budget import significance
from chatbot.domain.gate import Verdict
from chatbot.domain.holdout import Purpose, is_held_out
from chatbot.domain.paired import more_needed
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.text import normalise
from chatbot.matching.reading import Match
from chatbot.services.learning.training_set import Frozen
from chatbot.services.releases.release import count_comparisons, get_version, read_pointer
from chatbot.services.releases.reports import get_report
from chatbot.settings import Settings
from chatbot.storage.database import batched, now
from chatbot.storage.tables import Confirmation, Disagreement, ModelVersion, Query

TENURE = timedelta(days=7)
MOST_DISPUTED = 40
"""Disagreements that agents are asked about between two comparisons.

More would take days of clicks from everything else that a verdict can do.
"""

GOOD_SHARE = 0.75
"""Of the disagreements, what a candidate that deserves promotion is taken to have right.

Each comparison makes the next one stricter, so there is none before such a candidate would win it.
"""

_JUDGED = select(Confirmation.query_id)


@dataclass(frozen=True)
class Shadow:
    """The candidate that answers in silence, and the live version beside it."""

    version_id: int
    live_id: int


@dataclass(frozen=True)
class Standing:
    """The progress of a candidate in the shadow.

    Of its disagreements, `waiting` are to be judged and `judged` were since its verdict; after
    `lacks` more it is judged again.
    """

    version_id: int
    live_id: int
    waiting: int
    judged: int
    lacks: int

    @property
    def room(self) -> int:
        """The number of disagreements that may wait at the front of the queue."""
        return max(0, MOST_DISPUTED - self.judged)


def find_shadow(session: Session) -> Shadow | None:
    """Return the newest candidate that lacked evidence beside what is live now; None if there is
    none.

    It keeps the place while nights bring others, so that its evidence adds up: until it was judged
    by that, or for `TENURE`.
    """
    pointer = read_pointer(session)
    if pointer is None:
        return None
    live = pointer.version_id
    eligible = select(ModelVersion.id).where(
        ModelVersion.verdict == Verdict.INSUFFICIENT_EVIDENCE,
        ModelVersion.withdrawn.is_(False),
        ModelVersion.live_id == live,
    )
    in_place = (
        select(Disagreement.version_id)
        .where(Disagreement.live_id == live)
        .group_by(Disagreement.version_id)
        .having(func.min(Disagreement.found_at) > now() - TENURE)
    )
    waits = eligible.where(ModelVersion.id.in_(in_place), ModelVersion.disputed == 0)
    kept = waits.order_by(ModelVersion.id).limit(1)
    newest = eligible.order_by(ModelVersion.id.desc()).limit(1)
    found = session.scalar(kept) or session.scalar(newest)
    return Shadow(found, live) if found is not None else None


def differ(live: Match, candidate: Match) -> bool:
    """Return whether a visitor would notice; what both hand over is the same, whatever
    comes first.
    """
    return reply_of(live.decision, live.candidates) != reply_of(
        candidate.decision, candidate.candidates
    )


def note_disagreements(session: Session, shadow: Shadow | None, query_ids: Collection[str]) -> None:
    """Keep exactly these of the waiting questions; what was judged meanwhile stays as it was."""
    noted = select(Disagreement).where(Disagreement.query_id.not_in(_JUDGED))
    rows = session.scalars(noted).all()
    kept = {row.query_id for row in rows if _is_of(row, shadow)} & set(query_ids)
    for some in batched(row.query_id for row in rows if row.query_id not in kept):
        session.execute(delete(Disagreement).where(Disagreement.query_id.in_(some)))
    if shadow is None:
        return
    for some in batched(sorted(set(query_ids) - kept)):
        free = select(Query.id).where(Query.id.in_(some), Query.id.not_in(_JUDGED))
        session.add_all(
            Disagreement(query_id=each, version_id=shadow.version_id, live_id=shadow.live_id)
            for each in session.scalars(free).all()
        )


def read_standing(session: Session, settings: Settings) -> Standing | None:
    """Return the standing of the candidate in the shadow; None if there is none."""
    shadow = find_shadow(session)
    if shadow is None:
        return None
    version = get_version(session, shadow.version_id)
    differences, share = _read_evidence(get_report(version))
    alpha = share * significance(
        settings.gate_alpha, 1 + count_comparisons(session, shadow.live_id)
    )
    judged = _count(session, shadow, Disagreement.query_id.in_(_JUDGED)) - version.disputed
    needed = more_needed(differences, alpha, MOST_DISPUTED, GOOD_SHARE)
    return Standing(
        version_id=shadow.version_id,
        live_id=shadow.live_id,
        waiting=_count(session, shadow, Disagreement.query_id.not_in(_JUDGED)),
        judged=judged,
        lacks=max(0, needed - judged),
    )


def say(standing: Standing) -> str:
    return (
        f"It answers in silence beside version {standing.live_id}. Where the two disagree, "
        f"{standing.waiting} questions wait for a verdict and {standing.judged} got one since the "
        f"last comparison; it is judged again after {standing.lacks} more."
    )


def own_evidence(
    session: Session, frozen: Frozen, version_id: int | None, live_id: int | None
) -> tuple[Frozen, int]:
    """Return `frozen` without questions asked because two other versions disagree on them.

    The number beside it says how many were asked because these two do.
    """
    asked = (
        select(Query.text, Disagreement.version_id, Disagreement.live_id)
        .join(Query, Query.id == Disagreement.query_id)
        .join(Confirmation, Confirmation.query_id == Query.id)
        .where(Confirmation.part == Purpose.HELD_OUT)
    )
    pairs = {normalise(text): pair for text, *pair in session.execute(asked)}
    own = [version_id, live_id]
    held_out = [row for row in frozen.held_out if pairs.get(normalise(row.text), own) == own]
    own_count = sum(normalise(row.text) in pairs for row in held_out)
    return replace(frozen, held_out=held_out), own_count


def list_traffic(session: Session, settings: Settings, most: int) -> list[str]:
    """List the newest texts that measure, or would if they were judged: what visitors ask."""
    newest = (
        select(Query.text_key, Query.text)
        .where(Query.test.is_(False), Query.exact.is_(False))
        .order_by(Query.asked_at.desc())
        .limit(round(most / max(settings.held_out_share, 0.01)))
    )
    distinct = dict(session.execute(newest).all())
    return [text for text in distinct.values() if is_held_out(text, settings.held_out_share)][:most]


def _read_evidence(report: EvaluationReport) -> tuple[dict[int, int], float]:
    """Return by how much questions told the two apart, and what share of its alpha that test may
    spend.

    Reports from before decisions were weighed count who had the right intent first.
    """
    comparison = report.comparison
    assert comparison is not None  # without one there is no verdict
    whole, needed = comparison.whole, comparison.needed_p_value
    if whole is None or needed is None:
        return {1: comparison.only_candidate, -1: comparison.only_live}, 1.0
    return dict(whole.differences), whole.needed_p_value / needed


def _is_of(row: Disagreement, shadow: Shadow | None) -> bool:
    return shadow is not None and (row.version_id, row.live_id) == (
        shadow.version_id,
        shadow.live_id,
    )


def _count(session: Session, shadow: Shadow, which: ColumnElement[bool]) -> int:
    own = and_(Disagreement.version_id == shadow.version_id, Disagreement.live_id == shadow.live_id)
    return session.scalar(select(func.count()).select_from(Disagreement).where(own, which)) or 0

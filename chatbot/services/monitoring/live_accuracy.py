"""Estimate how often the live bot is right, by the random sample alone: what agents choose misleads
(selection bias).
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.live_sample import did_right
from chatbot.domain.matching import Candidate, Decision
from chatbot.domain.proportion import Share
from chatbot.services.monitoring.daily_counts import WINDOW
from chatbot.storage.database import now
from chatbot.storage.tables import Confirmation, Intent, Query

MOST_JUDGED = 2_000


@dataclass(frozen=True)
class LiveAccuracy:
    """The accuracy on the questions of WINDOW: how many were drawn, and what agents say of the
    judged.
    """

    drawn: int
    right: Share
    wrong_answers: Share

    @property
    def judged(self) -> int:
        return self.right.of

    def breaks(self, promise: float) -> bool:
        """Return whether more answers are wrong than promised, beyond chance."""
        return self.wrong_answers.of > 0 and self.wrong_answers.low > promise


def read_live_accuracy(session: Session) -> LiveAccuracy:
    """Estimate the live accuracy by inverse probability weighting (Horvitz and Thompson 1952).

    Each row weighs what its probability of being drawn says.
    """
    is_sample = (
        Query.sample_share.is_not(None),
        Query.asked_at >= now() - WINDOW,
        Query.test.is_(False),
    )
    judged = (
        select(Query.sample_share, Query.decision, Query.candidates, Query.offered, Intent.name)
        .join(Confirmation, Confirmation.query_id == Query.id)
        .outerjoin(Intent, Intent.id == Confirmation.intent_id)
        .where(*is_sample)
        .order_by(Query.asked_at.desc())
        .limit(MOST_JUDGED)
    )
    right: list[tuple[bool, float]] = []
    wrong_answers: list[tuple[bool, float]] = []
    for share, decided, candidates, offered, meant in session.execute(judged):
        decision = Decision(decided)
        is_right = did_right(decision, [Candidate(**c) for c in candidates], offered, meant)
        right.append((is_right, 1 / (share or 1)))
        if decision is Decision.ANSWER:
            wrong_answers.append((not is_right, 1 / (share or 1)))
    drawn = session.scalar(select(func.count()).select_from(Query).where(*is_sample)) or 0
    return LiveAccuracy(drawn, Share.weighted(right), Share.weighted(wrong_answers))

"""Let the live version's thresholds follow what visitors ask; see decision 0031.

A worker does it every few minutes. It may die at any step, or run twice at once: what another run
has changed meanwhile is left as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.adaptation import Adapted, Asked, adapt
from chatbot.domain.matching import Scored
from chatbot.matching.in_batches import in_batches
from chatbot.matching.matcher import Matcher
from chatbot.services.monitoring.daily_counts import WINDOW
from chatbot.services.releases import thresholds
from chatbot.services.releases.open_models import StoredModels
from chatbot.services.releases.release import read_pointer
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import CalibrationChange, Confirmation, Intent, Query

MOST_QUESTIONS = 1_000
MOST_JUDGED = 2_000


@dataclass(frozen=True)
class _Row:
    """A question, and its verdict if the random sample has one (`share` is not None)."""

    id: str
    text: str
    meant: str | None = None
    share: float | None = None


class Adapter:
    """An adapter of thresholds that remembers what it has seen last, so that a quiet hour costs
    nothing.
    """

    def __init__(self, database: Database, models: StoredModels, settings: Settings) -> None:
        self._database, self._models, self._settings = database, models, settings
        self._seen: tuple[object, ...] | None = None

    def run(self) -> bool:
        """Return whether thresholds were changed.

        Raises ArtefactRefused if the live model cannot be opened, ServiceUnavailable.
        """
        with self._database.read() as session:
            pointer = read_pointer(session)
            if pointer is None or thresholds.is_held(session, pointer.version_id):
                return False
            before = thresholds.find_in_force(session, pointer.version_id)
            state = _read_state(session, pointer.version_id, before)
            if state == self._seen:
                return False
            rows = _read_rows(session)
            shown = before.state if before else None
        adapted = self._adapt(pointer.version_id, rows)
        changed = adapted is not None and (adapted.is_worth_it or adapted.state != shown)
        if adapted is not None and changed:
            with self._database.write() as session:
                changed = self._take_up(session, pointer.version_id, adapted)
        if not changed:
            self._seen = state
        return changed

    def _adapt(self, version_id: int, rows: Sequence[_Row]) -> Adapted | None:
        matcher = self._models.open_version(version_id)
        bundle = matcher.bundle
        asked = _ask(matcher, rows)
        return adapt(asked, bundle.calibration, bundle.adapted, self._settings.promise)

    def _take_up(self, session: Session, version_id: int, adapted: Adapted) -> bool:
        promise = self._settings.promise
        return thresholds.take_up(session, version_id, adapted, promise) is not None


def _read_state(
    session: Session, version_id: int, before: CalibrationChange | None
) -> tuple[object, ...]:
    """Return what a run depends on, in a few numbers."""
    newest = session.scalar(select(func.max(Query.asked_at)).where(Query.test.is_(False)))
    verdicts = select(func.count()).select_from(Confirmation)
    latest = select(func.max(Confirmation.confirmed_at))
    return (
        version_id,
        before.id if before else None,
        newest,
        session.scalar(verdicts),
        session.scalar(latest),
    )


def _read_rows(session: Session) -> list[_Row]:
    """The newest questions that nobody knew word for word, and what was judged of the sample.

    What agents chose to judge says nothing of the others, so that it counts without its verdict.
    """
    real = (Query.test.is_(False), Query.exact.is_(False), Query.asked_at >= now() - WINDOW)
    judged = (
        select(Query.id, Query.text, Intent.name, Query.sample_share)
        .join(Confirmation, Confirmation.query_id == Query.id)
        .outerjoin(Intent, Intent.id == Confirmation.intent_id)
        .where(*real, Query.sample_share > 0)
        .order_by(Query.asked_at.desc())
        .limit(MOST_JUDGED)
    )
    newest = (
        select(Query.id, Query.text)
        .where(*real)
        .order_by(Query.asked_at.desc())
        .limit(MOST_QUESTIONS)
    )
    rows = {row.id: _Row(row.id, row.text) for row in session.execute(newest)}
    for query_id, text, meant, share in session.execute(judged):
        rows[query_id] = _Row(query_id, text, meant, share)
    return list(rows.values())


def _ask(matcher: Matcher, rows: Sequence[_Row]) -> list[Asked]:
    """Ask the rows as new questions: what agents taught meanwhile is hidden from its
    own judgement.
    """
    known = [matcher.phrasings.row_of(row.text) for row in rows]
    learnt = matcher.score_known([place for place in known if place is not None])
    unknown = [row.text for row, place in zip(rows, known, strict=True) if place is None]
    scored = iter(_score(matcher, unknown))
    taught = iter(learnt)
    return [
        Asked(
            next(scored) if place is None else next(taught),
            row.share is not None,
            row.meant,
            1 / (row.share or 1.0),
        )
        for row, place in zip(rows, known, strict=True)
    ]


def _score(matcher: Matcher, texts: Sequence[str]) -> list[list[Scored]]:
    return [scored for some in in_batches(texts) for scored in matcher.score(some)]

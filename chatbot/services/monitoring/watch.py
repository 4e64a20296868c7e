"""Watch a promoted version on visitors' questions, and roll it back by itself if it does worse.

A watch is a row, made when a worker first sees the promotion, and saved by a compare-and-set: of
two workers that compare at once, one finds it changed. See decision 0016.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from chatbot.domain.interim_tests import Counted, Figure, InterimTest, Rules, begin, repeat_tests
from chatbot.domain.matching import Decision
from chatbot.errors import ArtefactRefused, Conflict
from chatbot.services.access import audit
from chatbot.services.delivery import events
from chatbot.services.releases import release
from chatbot.services.releases.kinds import ReleaseKind, WatchState
from chatbot.services.releases.open_models import StoredModels
from chatbot.settings import Settings
from chatbot.storage.database import Database, changes_a_row, now
from chatbot.storage.tables import Confirmation, Intent, Query, Release, Watch

BY = "watch"
log = logging.getLogger(__name__)

OPEN = (WatchState.WATCHING, WatchState.ALARM)
_COMPARED = timedelta(days=14)
_IS_WORSE = {
    Figure.HANDED_OVER: "questions are handed over",
    Figure.CORRECTED: "judged answers of the random sample are wrong",
    Figure.DID_NOT_HELP: "thumbs point down",
}


def compare_live(database: Database, models: StoredModels, settings: Settings) -> bool:
    """Begin, compare or end what is due, and return whether the live model was rolled back.

    To be called every minute or so, by any number of workers.
    """
    with database.read() as session:
        pointer = release.read_pointer(session)
        live = session.get(Release, pointer.generation) if pointer else None
        watch = session.get(Watch, live.generation) if live else None
        tests = _repeat_tests(session, watch, settings) if watch else []
    if live is None:
        return False
    if watch is None:
        _begin(database, live, settings)
        return False
    is_automatic = live.released_by == release.NIGHTLY
    try:
        if watch.state == WatchState.WATCHING:
            with database.write() as session:
                watch = _save(session, watch, tests)
        return (
            watch.state == WatchState.ALARM and is_automatic and _roll_back(database, models, watch)
        )
    except Conflict:  # another worker, or a person, was quicker
        return False


def list_watches(session: Session, limit: int) -> Sequence[Watch]:
    """List watches, newest first."""
    return session.scalars(select(Watch).order_by(Watch.generation.desc()).limit(limit)).all()


def interim_tests_of(watch: Watch) -> list[InterimTest]:
    return [InterimTest.from_json(figure) for figure in watch.figures]


def _repeat_tests(session: Session, watch: Watch, settings: Settings) -> list[InterimTest]:
    if watch.state != WatchState.WATCHING:
        return interim_tests_of(watch)
    rules = Rules(settings.watch_alpha, settings.watch_margin, settings.watch_least)
    return repeat_tests(
        interim_tests_of(watch), _count(session, watch), rules, now() >= watch.until
    )


def _begin(database: Database, live: Release, settings: Settings) -> None:
    """End what was watched before, and watch this one if it was promoted lately."""
    until = live.released_at + timedelta(days=settings.watch_days)
    is_due = live.kind == ReleaseKind.PROMOTE and live.from_version is not None and now() < until
    with database.read() as session:
        others = session.scalar(select(func.count()).where(_others(live)))
    if not is_due and not others:
        return
    with suppress(Conflict), database.write() as session:
        _end_others(session, live)
        if is_due:
            session.add(
                Watch(
                    generation=live.generation,
                    version_id=live.to_version,
                    previous_id=live.from_version,
                    state=WatchState.WATCHING,
                    since=live.released_at,
                    until=until,
                    figures=[figure.to_json() for figure in begin()],
                )
            )


def _end_others(session: Session, live: Release) -> None:
    session.execute(
        update(Watch)
        .where(_others(live))
        .values(
            state=WatchState.ENDED,
            closed_at=now(),
            message=f"{live.released_by} made version {live.to_version} live meanwhile.",
        )
    )


def _others(live: Release) -> ColumnElement[bool]:
    return and_(Watch.state.in_(OPEN), Watch.generation != live.generation)


def _save(session: Session, watch: Watch, tests: Sequence[InterimTest]) -> Watch:
    """Save the watch with what came out. Raises Conflict if somebody else saved it meanwhile."""
    state, message = WatchState.WATCHING, watch.message
    if worse := [each for each in tests if each.is_worse]:
        state, message = WatchState.ALARM, _say_what_is_worse(watch, worse)
        audit.record(session, BY, "watch.alarm", watch.version_id, reason=message)
        told = {"version": watch.version_id, "previous_version": watch.previous_id}
        events.record(session, events.EventKind.MODEL_ALARM, {**told, "reason": message})
    elif now() >= watch.until:
        state, message = WatchState.PASSED, _say_what_was_compared(tests)
        audit.record(session, BY, "watch.pass", watch.version_id, reason=message)
    change = (
        update(Watch)
        .where(
            Watch.generation == watch.generation,
            Watch.looks == watch.looks,
            Watch.state == WatchState.WATCHING,
        )
        .values(
            looks=watch.looks + 1,
            figures=[each.to_json() for each in tests],
            state=state,
            message=message,
            closed_at=now() if state is WatchState.PASSED else None,
        )
    )
    if not changes_a_row(session, change):
        raise Conflict("Another worker looked at the same moment.")
    return session.get_one(Watch, watch.generation, populate_existing=True)


def _roll_back(database: Database, models: StoredModels, watch: Watch) -> bool:
    """Roll back, but only to a version that can be loaded. Raises Conflict if a person
    was quicker.
    """
    with database.read() as session:
        digest = release.get_version(session, watch.previous_id).digest
    try:
        models.open_bundle(digest)
    except ArtefactRefused:
        log.exception("version %s cannot be rolled back", watch.version_id)
        return False
    with database.write() as session:
        release.roll_back(session, BY, watch.message, watch.previous_id, watch.generation)
        kept = session.get_one(Watch, watch.generation)
        kept.state, kept.closed_at = WatchState.ROLLED_BACK, now()
    return True


def _count(session: Session, watch: Watch) -> dict[Figure, tuple[Counted, Counted]]:
    """Count the version before, in the time before, and the watched one, since it is live."""
    before = and_(
        Query.model_version == watch.previous_id,
        Query.asked_at >= watch.since - _COMPARED,
        Query.asked_at < watch.since,
    )
    after = and_(Query.model_version == watch.version_id, Query.asked_at >= watch.since)
    both = (_count_of(session, before), _count_of(session, after))
    return {figure: (both[0][figure], both[1][figure]) for figure in Figure}


def _count_of(session: Session, which: ColumnElement[bool]) -> dict[Figure, Counted]:
    """Corrections count in the random sample alone: agents judge what is doubtful first."""
    asked, handed_over, thumbs, down = session.execute(
        select(
            func.count(),
            func.count().filter(Query.decision == Decision.HANDOFF),
            func.count(Query.helpful),
            func.count().filter(Query.helpful.is_(False)),
        ).where(which, Query.test.is_(False))
    ).one()
    judged, wrong = session.execute(
        select(func.count(), func.count().filter(Intent.name.is_distinct_from(Query.first_intent)))
        .select_from(Query)
        .join(Confirmation, Confirmation.query_id == Query.id)
        .outerjoin(Intent, Intent.id == Confirmation.intent_id)
        .where(
            which,
            Query.sample_share.is_not(None),
            Query.decision == Decision.ANSWER,
            Query.test.is_(False),
        )
    ).one()
    return {
        Figure.HANDED_OVER: Counted(handed_over, asked),
        Figure.CORRECTED: Counted(wrong, judged),
        Figure.DID_NOT_HELP: Counted(down, thumbs),
    }


def _say_what_is_worse(watch: Watch, worse: Sequence[InterimTest]) -> str:
    words = [
        f"{_of(each.after)} {_IS_WORSE[each.figure]}, {_of(each.before)} with version "
        f"{watch.previous_id} (p = {each.p_value:.2g}; an alarm below {each.needed:.2g})"
        for each in worse
    ]
    return f"Version {watch.version_id} does worse with visitors: {'; '.join(words)}."


def _say_what_was_compared(tests: Sequence[InterimTest]) -> str:
    tested = [each for each in tests if each.tests]
    if not tested:
        return "It passed unseen: too few questions to compare."
    names = ", ".join(each.figure.replace("_", " ") for each in tested)
    return f"No alarm. Compared: {names}."


def _of(counted: Counted) -> str:
    return f"{counted.share:.1%} of {counted.of:,}"

"""The standing of each verdict, how far it is in effect: settled when given, and from all rows now
and then.

What follows from all verdicts together (caps, quarantine, a second person) is kept beside each of
them, so that a matcher that takes one up reads one. A verdict settles itself and those that say the
same against the same intent; a worker settles the rest (docs/decisions/0024).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import NamedTuple, Self, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, func, select, true, update
from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose
from chatbot.domain.matching import Decision
from chatbot.domain.quarantine import FEW_PHRASINGS, WINDOW, Limits, Standing, Verdict
from chatbot.domain.quarantine import select as select_verdicts
from chatbot.domain.text import normalise
from chatbot.services.knowledge.edit_faq import raise_revision
from chatbot.settings import Settings
from chatbot.storage.database import batched, now
from chatbot.storage.tables import Confirmation, Intent, Query, Utterance

NONE_OF = "none of these, instead of "
_UNCAPPED = 2**31
Columns = TypeVarTuple("Columns")


class Change(NamedTuple):
    """A change from one standing to another."""

    before: str
    after: Standing


_VERDICTS = (
    select(
        Confirmation.query_id,
        Confirmation.confirmed_by,
        Intent.name,
        Query.first_intent,
        Query.decision,
        Confirmation.confirmed_at,
        Confirmation.released_by,
        Confirmation.seconded_by,
        Query.text_key,
    )
    .join(Query, Query.id == Confirmation.query_id)
    .outerjoin(Intent, Intent.id == Confirmation.intent_id)
)


@dataclass(frozen=True)
class Context:
    """The context that a verdict is weighed in, besides others of its kind.

    `shared_since` is when a second person or key first confirmed: before, nobody could second. None
    if there is only one. `few` are intents with few phrasings.
    """

    shared_since: datetime | None
    few: frozenset[str]

    @classmethod
    def of_all(cls, session: Session) -> Self:
        began = func.min(Confirmation.confirmed_at)
        first_two = select(began).group_by(Confirmation.confirmed_by).order_by(began).limit(2)
        moments = session.scalars(first_two).all()
        return cls(moments[1] if len(moments) > 1 else None, _few(session, true()))

    @classmethod
    def of_one(cls, session: Session, query: Query, verdict: Confirmation) -> Self:
        """Return the context of a new verdict: whether there is anybody else, and the intent it
        takes from.
        """
        others = select(Confirmation.confirmed_at).where(
            Confirmation.confirmed_by != verdict.confirmed_by
        )
        return cls(
            session.scalar(others.limit(1)) and datetime.min.replace(tzinfo=UTC),
            _few(session, Intent.name == query.first_intent),
        )


def _few(session: Session, which: ColumnElement[bool]) -> frozenset[str]:
    authored = select(Intent.name, func.count(Utterance.id)).outerjoin(Utterance)
    confirmed = (
        select(Intent.name, func.count())
        .join(Confirmation, Confirmation.intent_id == Intent.id)
        .where(Confirmation.part == Purpose.TRAINING, Confirmation.standing == Standing.VOTES)
    )
    known: dict[str, int] = {}
    for counted in (authored, confirmed):
        for name, count in session.execute(counted.where(which).group_by(Intent.name)):
            known[name] = known.get(name, 0) + count
    return frozenset(name for name, count in known.items() if count < FEW_PHRASINGS)


def limits_of(settings: Settings) -> Limits:
    return Limits(
        settings.nightly_cap_per_source,
        settings.nightly_cap_per_intent,
        settings.quarantine_never_below,
        settings.quarantine_after_overrulings,
    )


def read_verdicts(
    session: Session, context: Context, which: ColumnElement[bool] | None = None
) -> list[Verdict]:
    """Return all verdicts, or those in `which`, as the rules see them."""
    query = _VERDICTS if which is None else _VERDICTS.where(which)
    return [_verdict(context, *row) for row in session.execute(query)]


def _verdict(
    context: Context,
    query_id: str,
    source: str,
    intent: str | None,
    first: str | None,
    decision: str,
    at: datetime,
    released: str | None,
    seconded: str | None,
    words: str,
) -> Verdict:
    """The bot is overruled where it answered, and doubted where it asked back."""
    is_other = first is not None and intent != first
    asked_back = decision == Decision.CLARIFY
    is_shared = context.shared_since is not None and at >= context.shared_since
    allowed = {Decision.ANSWER: 0, Decision.CLARIFY: 1 if first in context.few else None}
    return Verdict(
        query_id,
        source,
        intent or f"{NONE_OF}{first}",
        at,
        released is not None,
        overrules=first if is_other and decision == Decision.ANSWER else None,
        instead_of=first if is_other and (asked_back or decision == Decision.ANSWER) else None,
        free=allowed.get(Decision(decision)) if is_other and is_shared else None,
        seconded=seconded is not None,
        words=words,
    )


def in_order_of_verdicts(query: Select[*Columns]) -> Select[*Columns]:
    """Order a query with the newest verdict last, so that it replaces what was said of the same
    words before.
    """
    return query.order_by(Confirmation.confirmed_at, Confirmation.query_id)


def settle(session: Session, query: Query, settings: Settings) -> set[str]:
    """Settle the verdict on `query`, and what it changes for those of its kind.

    Reads what says the same against the same intent in four weeks, at most what a day's flood adds.
    Returns the normalised texts whose standing changed.
    """
    verdict = query.confirmation
    assert verdict is not None
    context = Context.of_one(session, query, verdict)
    which = [Query.text_key == query.text_key, _same_kind(query, verdict)]
    group = _read_group(session, query, verdict)
    if (
        len(group) > settings.quarantine_never_below
    ):  # whether that is a flood depends on what is usual
        which.append(_says_same(query, verdict, since=now() - 2 * WINDOW))
    found = [row for some in which for row in read_verdicts(session, context, some)]
    rows = {row.id: row for row in found}.values()  # one by one, each has its index
    limits = replace(limits_of(settings), source=_UNCAPPED, intent=_UNCAPPED)
    wanted = select_verdicts(rows, limits, now().date()).standings()
    before = _read_standings(session, [row.id for row in rows]) | group
    settled = {
        each: Standing.VOTES
        for each, standing in before.items()
        if standing == Standing.SECOND and wanted.get(each) is Standing.VOTES
    }
    settled[query.id] = own = wanted[query.id]
    if own is Standing.APART or Standing.APART in group.values():
        settled |= dict.fromkeys(group, Standing.APART)
    elif own is Standing.VOTES and _exceeds_caps(session, query, verdict, settings):
        settled[query.id] = Standing.TURN
    return _store(session, before, settled)


def find_unsettled(session: Session, settings: Settings) -> dict[str, Change]:
    """Return the changes where all rows together give another standing than is stored, by query.

    Takes seconds where there are a hundred thousand, so it is no work for a write transaction.
    """
    rows = read_verdicts(session, Context.of_all(session))
    wanted = select_verdicts(rows, limits_of(settings), now().date()).standings()
    before = session.execute(select(Confirmation.query_id, Confirmation.standing)).all()
    return {i: Change(old, wanted[i]) for i, old in before if wanted[i] != old}


def settle_found(session: Session, changes: Mapping[str, Change]) -> None:
    """Store what `find_unsettled` found and nobody changed meanwhile, and tell the matchers."""
    before = _read_standings(session, changes)
    kept = {i: to for i, (old, to) in changes.items() if before.get(i) == old}
    if texts := _store(session, before, kept):
        raise_revision(session, phrasings=texts)


def _store(session: Session, before: Mapping[str, str], wanted: Mapping[str, Standing]) -> set[str]:
    """Keep what is new; the normalised texts of those."""
    by_standing: dict[Standing, list[str]] = {}
    for query_id, standing in wanted.items():
        if before[query_id] != standing:
            by_standing.setdefault(standing, []).append(query_id)
    texts: set[str] = set()
    for standing, ids in by_standing.items():
        for some in batched(ids):
            which = Confirmation.query_id.in_(some)
            session.execute(update(Confirmation).where(which).values(standing=standing))
            found = session.scalars(select(Query.text).where(Query.id.in_(some)))
            texts |= {normalise(text) for text in found}
    return texts


def _read_standings(session: Session, ids: Iterable[str]) -> dict[str, str]:
    standings: dict[str, str] = {}
    for some in batched(list(ids)):
        rows = select(Confirmation.query_id, Confirmation.standing)
        standings.update(session.execute(rows.where(Confirmation.query_id.in_(some))).all())
    return standings


def _same_kind(query: Query, verdict: Confirmation) -> ColumnElement[bool]:
    """Return the condition for what says the same instead of the same first intent, in a window and
    one before it.
    """
    return and_(
        Query.first_intent == query.first_intent,
        Confirmation.intent_id.is_not_distinct_from(verdict.intent_id),
        Confirmation.confirmed_at > now() - 2 * WINDOW,
    )


def _says_same(query: Query, verdict: Confirmation, since: datetime) -> ColumnElement[bool]:
    """Return the condition for saying the same; of “none of these”, what the bot had said first is
    part of it.
    """
    says = Confirmation.intent_id == verdict.intent_id
    if verdict.intent_id is None:
        none = Confirmation.intent_id.is_(None)
        says = and_(none, Query.first_intent.is_not_distinct_from(query.first_intent))
    return and_(says, Confirmation.confirmed_at >= since)


def _read_group(session: Session, query: Query, verdict: Confirmation) -> dict[str, str]:
    """Standings of all that its source says of its intent that day: quarantine takes it whole."""
    rows = (
        select(Confirmation.query_id, Confirmation.standing)
        .join(Query)
        .where(
            Confirmation.confirmed_by == verdict.confirmed_by,
            Confirmation.released_by.is_(None),
            _says_same(query, verdict, _midnight(verdict.confirmed_at.date())),
        )
    )
    return dict(session.execute(rows).all())


def _exceeds_caps(
    session: Session, query: Query, verdict: Confirmation, settings: Settings
) -> bool:
    """Return whether today's share of its source, or of what it says, is used up."""
    if verdict.released_by is not None:
        return False
    used = and_(
        Confirmation.standing == Standing.VOTES,
        Confirmation.released_by.is_(None),
        Confirmation.query_id != query.id,
    )
    midnight = _midnight(now().date())
    mine = and_(Confirmation.confirmed_by == verdict.confirmed_by, _since(midnight))
    return (
        _count(session, and_(used, mine)) >= settings.nightly_cap_per_source
        or _count(session, and_(used, _says_same(query, verdict, midnight)))
        >= settings.nightly_cap_per_intent
    )


def _count(session: Session, which: ColumnElement[bool]) -> int:
    rows = select(func.count()).select_from(Confirmation).join(Query).where(which)
    return session.scalar(rows) or 0


def _since(moment: datetime) -> ColumnElement[bool]:
    return Confirmation.confirmed_at >= moment


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

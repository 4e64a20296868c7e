"""Pairs with a score: two texts and how alike somebody says they are, added and taken back.

What of it teaches the next model is for `services.learning.pairs_to_train` to say.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from chatbot.domain.redaction import redact
from chatbot.domain.text import clean, normalise, pair_key
from chatbot.errors import Conflict, InvalidText, NotFound
from chatbot.formats.limits import MAX_UTTERANCE_CHARS
from chatbot.services.access import audit
from chatbot.storage.database import batched, now
from chatbot.storage.tables import AuditEvent, ScoredPair

MOST_PAIRS = 50_000
_SCORED = "pair.score"


class Source(StrEnum):
    DESK = "desk"
    API = "api"
    IMPORT = "import"


class PairDraft(NamedTuple):
    """A pair of cleaned and redacted texts, as they are stored, and their score."""

    text_a: str
    text_b: str
    score: float

    @property
    def key(self) -> str:
        return pair_key(self.text_a, self.text_b)


@dataclass(frozen=True)
class ImportedPairs:
    """The counts of an import: pairs that were new, got another score, or were there
    as they are.
    """

    added: int = 0
    changed: int = 0
    kept: int = 0


def draft_pair(text_a: str, text_b: str, score: float) -> PairDraft:
    """Return the pair as it would be stored, without what names a visitor.

    Raises InvalidText for a text that no utterance could be, for one text given twice, and for a
    score outside 0 to 1.
    """
    one, other = (redact(clean(text, MAX_UTTERANCE_CHARS)) for text in (text_a, text_b))
    if normalise(one) == normalise(other):
        raise InvalidText("The two texts are the same. Give two different ones.")
    if not 0 <= score <= 1:  # also refuses NaN
        raise InvalidText(f"The score is {score:g}; give one from 0 (different) to 1 (the same).")
    return PairDraft(one, other, score)


def add_pair(
    session: Session, by: str, text_a: str, text_b: str, score: float, source: Source
) -> ScoredPair:
    """Store how alike two texts are, 0 to 1.

    Saying the same again changes nothing, whoever says it; another score replaces the one before.
    Raises InvalidText, and Conflict beyond MOST_PAIRS.
    """
    draft = draft_pair(text_a, text_b, score)
    there = find_pair(session, draft.text_a, draft.text_b)
    if there is not None and there.score == draft.score:
        return there
    if there is None:
        _check_room(session, 1)
    before = _described(there) if there else None
    pair = _store(session, by, draft, source, there)
    session.flush()
    audit.record(session, by, _SCORED, pair.id, **_described(pair), before=before)
    return pair


def import_pairs(session: Session, by: str, drafts: Sequence[PairDraft]) -> ImportedPairs:
    """Add all of `drafts`, each as `add_pair` does. Raises Conflict, beyond MOST_PAIRS."""
    by_key = {draft.key: draft for draft in drafts}
    there = _by_key(session, by_key)
    _check_room(session, len(by_key.keys() - there.keys()))
    changed = [key for key in there if there[key].score != by_key[key].score]
    for key in [key for key in by_key if key not in there] + changed:
        _store(session, by, by_key[key], Source.IMPORT, there.get(key))
    added = len(by_key) - len(there)
    session.flush()
    audit.record(session, by, "pair.import", by, added=added, changed=len(changed))
    return ImportedPairs(added, len(changed), len(there) - len(changed))


def find_pair(session: Session, text_a: str, text_b: str) -> ScoredPair | None:
    """Return the scored pair of two cleaned texts, in whichever order; None if there is none."""
    wanted = ScoredPair.pair_key == key_of(text_a, text_b)
    return session.scalar(select(ScoredPair).where(wanted))


def find_scored(session: Session, texts: Iterable[tuple[str, str]]) -> dict[str, ScoredPair]:
    """Return those pairs of `texts` that have a score, by `key_of`."""
    return _by_key(session, {key_of(one, other) for one, other in texts})


def key_of(text_a: str, text_b: str) -> str:
    """Return the key of the pair that two cleaned texts would make."""
    return pair_key(redact(text_a), redact(text_b))


def list_pairs(
    session: Session, before: int | None, limit: int, by: str | None = None
) -> Sequence[ScoredPair]:
    """List pairs, newest first; `before` is the id to go on from, `by` the account that scored
    them.
    """
    query = select(ScoredPair).order_by(ScoredPair.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ScoredPair.id < before)
    if by is not None:
        query = query.where(ScoredPair.by == by)
    return session.scalars(query).all()


def count_pairs(session: Session, by: str | None = None) -> int:
    """Return how many pairs have a score, or a score by one account."""
    query = select(func.count(ScoredPair.id))
    return session.scalar(query if by is None else query.where(ScoredPair.by == by)) or 0


def all_pairs(session: Session) -> Iterator[ScoredPair]:
    """Yield all pairs, oldest first."""
    yield from session.scalars(
        select(ScoredPair).order_by(ScoredPair.id).execution_options(yield_per=1000)
    )


def remove_pair(session: Session, by: str, pair_id: int) -> None:
    """Take a pair back; the next training no longer learns it. Raises NotFound."""
    pair = session.get(ScoredPair, pair_id)
    if pair is None:
        raise NotFound(f"There is no pair {pair_id}.")
    audit.record(session, by, "pair.remove", pair.id, score=pair.score, scored_by=pair.by)
    session.delete(pair)


def remove_pairs_by(session: Session, by: str, account: str) -> int:
    """Take back all that `account` scored, and return how many they were."""
    count = count_pairs(session, account)
    if count:
        session.execute(delete(ScoredPair).where(ScoredPair.by == account))
        audit.record(session, by, "pair.remove_all", account, pairs=count)
    return count


def undo_last(session: Session, by: str) -> ScoredPair | None:
    """Take back the last score that `by` gave at the desk, and give the pair its earlier one back.

    Return the pair as it was just before: transient if it has no score any more; None if `by` has
    scored nothing that still stands.
    """
    last = session.scalar(
        select(ScoredPair)
        .where(ScoredPair.by == by, ScoredPair.source == Source.DESK)
        .order_by(ScoredPair.at.desc(), ScoredPair.id.desc())
        .limit(1)
    )
    if last is None:
        return None
    audit.record(session, by, "pair.undo", last.id, score=last.score)
    before = _before(session, last)
    if before is None:
        session.delete(last)
    else:
        last.score, last.by, last.source = before["score"], before["by"], before["source"]
        last.at = datetime.fromisoformat(before["at"])
    session.flush()
    return last


def _store(
    session: Session, by: str, draft: PairDraft, source: Source, there: ScoredPair | None
) -> ScoredPair:
    if there is None:
        there = ScoredPair(text_a=draft.text_a, text_b=draft.text_b, pair_key=draft.key)
        session.add(there)
    there.score, there.by, there.source, there.at = draft.score, by, source.value, now()
    return there


def _described(pair: ScoredPair) -> dict[str, Any]:
    return {
        "score": pair.score,
        "by": pair.by,
        "source": pair.source,
        "at": pair.at.isoformat(),
    }


def _before(session: Session, pair: ScoredPair) -> dict[str, Any] | None:
    """Return what a pair's score replaced when it was given, as the audit trail keeps it."""
    events = session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.subject == str(pair.id),
            AuditEvent.action == _SCORED,
            AuditEvent.actor == pair.by,
        )
        .order_by(AuditEvent.id.desc())
    )
    given = pair.at.isoformat()
    return next((event.detail["before"] for event in events if event.detail["at"] == given), None)


def _check_room(session: Session, wanted: int) -> None:
    there = count_pairs(session)
    if there + wanted > MOST_PAIRS:
        raise Conflict(
            f"There are {there} pairs, and at most {MOST_PAIRS} are kept. Remove some that "
            "matter less."
        )


def _by_key(session: Session, keys: Iterable[str]) -> dict[str, ScoredPair]:
    found: dict[str, ScoredPair] = {}
    for some in batched(keys):
        rows = session.scalars(select(ScoredPair).where(ScoredPair.pair_key.in_(some)))
        found |= {row.pair_key: row for row in rows}
    return found

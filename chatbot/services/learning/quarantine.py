"""The quarantine: what agents confirmed and may not teach yet, and an admin's release of it.

Only people who signed in, or hold a key, confirm; no click of a visitor ever trains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chatbot.domain.quarantine import Group, Selection, Standing
from chatbot.domain.quarantine import select as select_verdicts
from chatbot.domain.text import normalise
from chatbot.errors import NotFound
from chatbot.services.access import audit
from chatbot.services.knowledge.edit_faq import raise_revision
from chatbot.services.knowledge.standing import Context, limits_of, read_verdicts
from chatbot.settings import Settings
from chatbot.storage.database import batched, now
from chatbot.storage.tables import Confirmation, Query

_EXAMPLES = 3


@dataclass(frozen=True)
class Quarantined:
    """A group that is kept apart, with some of its questions, and whether it is the only one to
    overrule an answer so often; otherwise it came in a flood.
    """

    group: Group
    count: int
    alone: bool
    examples: Sequence[str]


def select_admitted(session: Session, settings: Settings, today: date | None = None) -> Selection:
    """Select the confirmations that may teach and measure on `today`, by default the day of UTC."""
    verdicts = read_verdicts(session, Context.of_all(session))
    return select_verdicts(verdicts, limits_of(settings), today or now().date())


def list_quarantined(session: Session, settings: Settings) -> list[Quarantined]:
    """List what is in quarantine, newest first."""
    selection = select_admitted(session, settings)
    apart = sorted(selection.quarantined.items(), key=lambda item: item[0].day, reverse=True)
    return [
        Quarantined(group, len(ids), group in selection.alone, _texts(session, ids[:_EXAMPLES]))
        for group, ids in apart
    ]


def admit(session: Session, settings: Settings, by: str, group: Group, reason: str) -> int:
    """Let a group obey, vote and teach from now on, caps or not; return how many it has.

    Raises NotFound if it is not in quarantine.
    """
    ids = select_admitted(session, settings).quarantined.get(group)
    if ids is None:
        raise NotFound(
            f"Nothing that {group.source} said of “{group.says}” on {group.day} is in quarantine."
        )
    texts: set[str] = set()
    for some in batched(ids):
        session.execute(
            update(Confirmation)
            .where(Confirmation.query_id.in_(some))
            .values(released_by=by, standing=Standing.VOTES)
        )
        texts |= {normalise(text) for text in _texts(session, some)}
    raise_revision(session, phrasings=texts)
    audit.record(
        session,
        by,
        "quarantine.release",
        group.says[:200],
        source=group.source,
        day=group.day.isoformat(),
        questions=len(ids),
        reason=reason,
    )
    return len(ids)


def _texts(session: Session, ids: Sequence[str]) -> Sequence[str]:
    return session.scalars(select(Query.text).where(Query.id.in_(ids)).order_by(Query.id)).all()

"""Clashes: phrasings that a file gives to another intent than the FAQ has, or to several at once.

Each has a proposal with its reason; whoever imports takes it, or says otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.text import normalise
from chatbot.errors import Mistake, UtteranceTaken
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.gathering import IN_TWO_INTENTS
from chatbot.storage.database import batched
from chatbot.storage.tables import Intent, Utterance


class Clashes(StrEnum):
    """What becomes of a phrasing that belongs to another intent than the file says."""

    REFUSE = "refuse"  # nothing is imported
    PROPOSED = "proposed"  # as the clash itself proposes
    MOVE = "move"  # to the intent that the file says
    KEEP = "keep"  # where it is; the file's is left out
    DROP = "drop"  # from both, so that a person answers it


@dataclass(frozen=True)
class Taken:
    """A phrasing of the file that belongs to another intent, `owner`, already.

    `proposal` is MOVE or KEEP, and `why` says in a sentence for what reason.
    """

    text: str
    owner: str
    wanted: str
    file: str
    line: int
    proposal: Clashes = Clashes.MOVE
    why: str = ""

    def as_mistake(self) -> Mistake:
        reason = str(UtteranceTaken(self.text, self.owner, self.wanted))
        return Mistake(self.file, self.line, reason)


def find_owners(session: Session, normalised: Iterable[str]) -> dict[str, str]:
    """Return the names of the intents that have phrasings already, by normalised text."""
    owners: dict[str, str] = {}
    for some in batched(normalised):
        taken = select(Utterance.normalised, Intent.name).join(Intent)
        rows = session.execute(taken.where(Utterance.normalised.in_(some)))
        owners.update((text, name) for text, name in rows)
    return owners


def propose(
    only_adds: bool, wanted_is_enabled: bool, owner_is_enabled: bool
) -> tuple[Clashes, str]:
    """Return what is proposed for a clash, and why."""
    if only_adds:
        return Clashes.KEEP, "What is there stays as it is."
    if owner_is_enabled and not wanted_is_enabled:
        return Clashes.KEEP, "The file's intent is disabled, so visitors would lose the answer."
    return Clashes.MOVE, "The file is newer."


def settle(draft: CatalogueDraft, given: Mapping[str, str]) -> CatalogueDraft:
    """Return the draft with phrasings that its file has in several intents given to one of them.

    `given` names the intent by phrasing. What is not a clash of this file, or names an intent that
    is not one of the clash's, changes nothing.
    """
    wanted = {normalise(text): name for text, name in given.items()}
    settled = {
        key: (clash.text, wanted[key])
        for clash in draft.clashes
        if wanted.get(key := normalise(clash.text)) in clash.intents
    }
    intents = dict(draft.intents)
    for text, name in settled.values():
        if name in intents:
            intents[name] = replace(intents[name], utterances=[*intents[name].utterances, text])
    return replace(
        draft,
        intents=intents,
        clashes=[each for each in draft.clashes if normalise(each.text) not in settled],
        left_out=[
            row
            for row in draft.left_out
            if row.reason != IN_TWO_INTENTS or normalise(row.text) not in settled
        ],
    )

"""Sum up what a source says, before anything of it is written."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Self

from chatbot.domain.answer_links import NOWHERE, Surroundings, find_unshown
from chatbot.formats.draft import CatalogueDraft, Others


@dataclass(frozen=True)
class Summary:
    """Counts of a draft.

    `utterances` is without those that are left out, `disabled` counts intents, `clashes` phrasings
    that the source has in several intents, `variants` further wordings of answers, and `personal`
    phrasings in which something was redacted. `left_out` counts rows by reason, the most first.
    `dead_links` counts links of answers that visitors cannot follow, and `linked_pictures` pictures
    that they see as links. `in_context` counts intents that are asked only after another one.
    `languages` are all that the source tells, `language` is the one that is taken, and `others`
    counts what is left out in each other one.
    """

    format: str
    intents: int
    utterances: int
    answers: int
    out_of_scope: int
    disabled: int
    languages: list[str]
    clashes: int
    left_out: dict[str, int]
    variants: int
    follow_ups: int
    personal: int
    dead_links: int
    linked_pictures: int
    in_context: int
    language: str | None
    others: dict[str, Others]

    @classmethod
    def of(cls, draft: CatalogueDraft, surroundings: Surroundings = NOWHERE) -> Self:
        """Return the counts, with what visitors do not see of answers in `surroundings`."""
        intents = draft.intents.values()
        unshown = [find_unshown(each.answer or "", surroundings) for each in intents]
        return cls(
            format=draft.format,
            intents=len(intents),
            utterances=sum(len(each.utterances) for each in intents),
            answers=sum(bool(each.answer) for each in intents),
            out_of_scope=len(draft.out_of_scope),
            disabled=sum(each.enabled is False for each in intents),
            languages=sorted(draft.languages.keys() | draft.others.keys()),
            clashes=len(draft.clashes),
            left_out=dict(Counter(row.reason for row in draft.left_out).most_common()),
            variants=sum(len(each.variants) for each in intents),
            follow_ups=sum(len(each.follow_ups) for each in intents),
            personal=draft.personal,
            dead_links=sum(len(each.links) for each in unshown),
            linked_pictures=sum(len(each.pictures) for each in unshown),
            in_context=sum(each.needs_context for each in intents),
            language=draft.language,
            others=dict(sorted(draft.others.items())),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what `chatbot import --preview --format json` prints."""
        return asdict(self)

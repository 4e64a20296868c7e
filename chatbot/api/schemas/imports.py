"""Files on their way into the FAQ: the way to import, what is found, and how far it is."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field

from chatbot.api.schemas.base import Body, IntentName, Out, Plain
from chatbot.formats.languages import TAG
from chatbot.services.knowledge.clashes import Clashes
from chatbot.services.knowledge.import_preview import MOST_SHOWN
from chatbot.services.knowledge.plan_import import Mode
from chatbot.storage.tables import FaqImport

_CUT = f"The first {MOST_SHOWN}."
_MODE = "`add` only what is new, `update` also what differs, or `replace` everything."
_CLASHES = (
    "Utterances of other intents: each as `proposed`, `move`, `keep` or `drop` all, or `refuse` "
    "the file."
)
_MOST_DECISIONS = 10_000
Language = Annotated[
    str | None,
    Field(
        max_length=35,
        pattern=TAG.pattern,
        description="Of a file in several languages, the one to take, as `de`; else its own.",
    ),
]


class ImportsIn(Body):
    """The way to bring a file in, which is itself the body of the request."""

    name: Plain = Field("file", max_length=200, description="As messages name it.")
    mode: Mode = Field(Mode.UPDATE, strict=False, description=_MODE)
    clashes: Clashes = Field(Clashes.PROPOSED, strict=False, description=_CLASHES)
    language: Language = None
    dry_run: bool = Field(True, strict=False, description="Only say what would change.")


class DecideIn(Body):
    """The decision on a file that was sent before."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mode": "update",
                    "clashes": "proposed",
                    "decided": {"where is my parcel?": "keep"},
                    "given": {"hello": "greeting"},
                    "dry_run": False,
                }
            ]
        }
    )

    mode: Mode = Field(Mode.UPDATE, strict=False, description=_MODE)
    clashes: Clashes = Field(Clashes.PROPOSED, strict=False, description=_CLASHES)
    decided: dict[Plain, Literal["move", "keep", "drop"]] = Field(
        default_factory=dict,
        max_length=_MOST_DECISIONS,
        description="By utterance that another intent has: otherwise than `clashes` says.",
    )
    given: dict[Plain, IntentName] = Field(
        default_factory=dict,
        max_length=_MOST_DECISIONS,
        description="By utterance that several intents of the file have: the one that gets it.",
    )
    language: Language = None
    dry_run: bool = Field(False, description="Only say what would change.")


class OthersOut(Out):
    """The part of a file that is in a language that is not taken."""

    utterances: int
    answers: int


class SummaryOut(Out):
    """Counts of what a file holds."""

    format: str
    intents: int
    utterances: int = Field(description="Without those that are left out.")
    answers: int
    out_of_scope: int
    disabled: int
    languages: list[str]
    clashes: int
    left_out: dict[str, int] = Field(description="Rows by reason.")
    variants: int = Field(description="Further wordings of answers.")
    follow_ups: int = Field(description="Links from one intent to another.")
    personal: int = Field(description="Phrasings in which personal data was redacted.")
    dead_links: int = Field(description="Links of answers that visitors cannot follow.")
    linked_pictures: int = Field(description="Pictures that visitors see as links.")
    in_context: int = Field(description="Intents asked only after another one; disabled.")
    language: str | None = Field(description="The one taken; null where the file tells none.")
    others: dict[str, OthersOut] = Field(description="What is left out, by its language.")


class ChangesOut(Out):
    """The changes that an import made, or would make."""

    intents_added: int
    intents_changed: int
    intents_removed: int
    utterances_added: int
    utterances_moved: int
    utterances_removed: int
    questions_added: int
    questions_removed: int = Field(description="They became utterances.")
    equal: int = Field(description="Intents of the file that are in the FAQ as it says.")
    added: list[str] = Field(description=_CUT)
    changed: dict[str, list[str]] = Field(description=f"By intent, the fields. {_CUT}")
    removed: list[str] = Field(description=_CUT)
    verdicts: int = Field(description="Of agents, which go with the removed intents.")
    warnings: list[str] = Field(description=_CUT)


class TakenOut(Out):
    """An utterance of the file that another intent has."""

    text: str
    owner: str
    wanted: str
    proposal: str
    why: str


class TwiceOut(Out):
    """An utterance that the file has in several intents; none gets it unless one says so."""

    text: str
    intents: list[str]
    owner: str | None = Field(description="The intent of the FAQ that has it, where it stays.")


class ReasonOut(Out):
    """Rows that are left out for one reason."""

    reason: str
    count: int
    examples: list[str]


class FileMistakeOut(Out):
    """A mistake in the file, for which nothing of it is imported."""

    file: str
    line: int = Field(description="0 means the whole file.")
    reason: str


class ImportsOut(Out):
    """A file on its way: how far it is, what it holds, and what importing it changes."""

    id: int
    name: str
    by: str
    at: datetime
    state: Literal["reading", "ready", "refused", "writing", "done", "undone", "failed"]
    step: str
    progress: float = Field(description="0 to 1.")
    message: str
    summary: SummaryOut | None = Field(description="Null until the file is read.")
    changes: ChangesOut | None
    taken: list[TakenOut] = Field(description=_CUT)
    twice: list[TwiceOut] = Field(description=_CUT)
    unanswered: list[str] = Field(description=f"Intents without an answer. {_CUT}")
    left_out: list[ReasonOut]
    mistakes: list[FileMistakeOut] = Field(description=_CUT)
    act: int | None = Field(description="For `POST /v1/faq/undo`; null if nothing changed.")

    @classmethod
    def of(cls, kept: FaqImport) -> Self:
        found = kept.found or {}
        twice = [
            TwiceOut(
                text=each["text"],
                intents=[name for name, _ in each["intents"]],
                owner=each["owner"],
            )
            for each in found.get("twice", ())
        ]
        own = ("id", "name", "by", "at", "state", "step", "progress", "message", "act")
        return cls.model_validate(
            {name: getattr(kept, name) for name in own}
            | {
                "summary": found.get("summary"),
                "changes": _changes(found) if "counts" in found else None,
                "taken": found.get("taken", []),
                "twice": twice,
                "unanswered": [name for name, _ in found.get("unanswered", ())],
                "left_out": found.get("left_out", []),
                "mistakes": [
                    FileMistakeOut(file=file, line=line, reason=reason)
                    for file, line, reason in found.get("mistakes", ())
                ],
            }
        )


def _changes(found: dict[str, Any]) -> ChangesOut:
    counts = found["counts"]
    return ChangesOut(
        **{name: counts[name] for name in counts if not name.startswith("evaluation_")},
        questions_added=counts["evaluation_added"],
        questions_removed=counts["evaluation_removed"],
        equal=found["equal"],
        added=[name for name, *_ in found["added"]],
        changed={name: fields for name, _, fields in found["changes"]},
        removed=[name for name, _ in found["removed"]],
        verdicts=found["verdicts"],
        warnings=found["warnings"],
    )

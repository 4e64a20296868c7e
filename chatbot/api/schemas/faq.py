"""The FAQ as a whole: imports, acts on many intents, the demo, test questions."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field

from chatbot.api.schemas.base import Body, IntentName, Out, Plain, Topic, UtteranceText
from chatbot.http.paging import ById
from chatbot.http.requests import LARGEST_ID
from chatbot.services.beginning.demo import Demo
from chatbot.services.knowledge.bulk_edit import Action, Consequences
from chatbot.services.knowledge.clashes import Clashes
from chatbot.services.knowledge.plan_import import Imported, Mode
from chatbot.storage import tables

_MOST_CONTENT = 4_000_000
_MOST_NAMES = 5000


class ImportIn(Body):
    """A file, and how to bring it in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "format": "csv",
                    "content": "text,intent,answer\nwhere is my invoice?,invoice,Open Billing.\n",
                    "mode": "update",
                    "dry_run": True,
                }
            ]
        }
    )

    format: Literal["csv", "yaml"]
    content: Plain = Field(min_length=1, max_length=_MOST_CONTENT)
    mode: Mode = Field(
        Mode.UPDATE,
        strict=False,
        description="`add` only what is new, `update` also what differs, or `replace` everything.",
    )
    clashes: Clashes = Field(
        Clashes.REFUSE,
        strict=False,
        description="Utterances of other intents: `refuse` the file, `move`, `keep` or `drop` them,"
        " or each as `proposed`.",
    )
    dry_run: bool = Field(False, description="Only say what would change.")


class ClashOut(Out):
    """An utterance of the file that another intent has."""

    text: str
    owner: str
    wanted: str
    line: int


class ImportOut(Out):
    """What an import changed, or with `dry_run` would change."""

    intents_added: int
    intents_changed: int
    intents_removed: int
    utterances_added: int
    utterances_moved: int
    utterances_removed: int
    questions_added: int
    questions_removed: int = Field(description="They became utterances.")
    added: list[str]
    changed: dict[str, list[str]] = Field(description="By intent, the fields that change.")
    removed: list[str]
    clashes: list[ClashOut]
    warnings: list[str]
    act: int | None = Field(description="For `POST /v1/faq/undo`; null if nothing changed.")

    @classmethod
    def of(cls, done: Imported, dry_run: bool) -> Self:
        return cls(
            intents_added=done.intents_added,
            intents_changed=done.intents_changed,
            intents_removed=done.intents_removed,
            utterances_added=done.utterances_added,
            utterances_moved=done.utterances_moved,
            utterances_removed=done.utterances_removed,
            questions_added=done.evaluation_added,
            questions_removed=done.evaluation_removed,
            added=list(done.added),
            changed=done.changes,
            removed=done.removed,
            clashes=[ClashOut.model_validate(clash) for clash in done.clashes],
            warnings=done.warnings,
            act=None if dry_run else done.act,
        )


class BulkIn(Body):
    """Intents, and what to do with all of them."""

    names: list[IntentName] = Field(min_length=1, max_length=_MOST_NAMES)
    action: Action = Field(strict=False)
    topic: Topic = Field("", description="Where to `move` them.")
    dry_run: bool = False


class BulkOut(Out):
    """What an act on many intents changed, or with `dry_run` would change."""

    intents: list[str]
    unchanged: int
    utterances: int = Field(description="Of these intents; a deletion takes them along.")
    questions: int
    verdicts: int = Field(description="A deletion loses them; their queries are open again.")
    pins: int
    act: int | None = Field(description="For `POST /v1/faq/undo`; null if nothing changed.")

    @classmethod
    def of(cls, found: Consequences, act: int | None) -> Self:
        counts = {name: getattr(found, name) for name in ("unchanged", "utterances", "questions")}
        return cls(
            intents=list(found.intents),
            verdicts=found.verdicts,
            pins=found.pins,
            act=act,
            **counts,
        )


class UndoIn(Body):
    """Which act to take back."""

    act: int = Field(ge=1, le=LARGEST_ID)


class UndoOut(Out):
    """What was taken back."""

    action: str
    subject: str


class DemoOut(Out):
    """What of the demo is here, and what removing it takes along."""

    intents: list[str] = Field(description="They go.")
    drafts: list[str] = Field(description="They stay as drafts, with utterances of yours.")
    kept: list[str] = Field(description="They stay, with an answer of yours.")
    utterances: int
    questions: int
    out_of_scope: int
    pins: int
    queries: int
    verdicts: int
    handoffs: int

    @classmethod
    def of(cls, found: Demo) -> Self:
        named = {name: list(getattr(found, name)) for name in ("intents", "drafts", "kept")}
        return cls(**(vars(found) | named))


class QuestionPaging(ById):
    """Test questions are listed newest first."""

    intent: IntentName | None = None
    out_of_scope: bool | None = None
    origin: Literal["demo", "file", "person"] | None = None


class QuestionOut(Out):
    """A question that only measures."""

    id: int
    text: str
    intent: str | None = Field(description="Null means out of scope.")
    calibrates: bool = Field(description="It teaches where to stop, and measures nothing.")
    origin: str | None = Field(description="`demo`, `file`, or null if somebody wrote it.")
    by: str | None
    at: datetime | None

    @classmethod
    def of(cls, row: tables.EvaluationQuestion) -> Self:
        return cls(
            id=row.id,
            text=row.text,
            intent=row.intent.name if row.intent else None,
            calibrates=row.calibration,
            origin=row.origin,
            by=row.added_by,
            at=row.added_at,
        )


class QuestionsOut(Out):
    """A page of test questions, newest first."""

    items: list[QuestionOut]
    next: str | None


class QuestionIn(Body):
    """A test question with its label; no intent means out of scope."""

    text: UtteranceText
    intent: IntentName | None = None


class QuestionIdsIn(Body):
    """Which test questions."""

    ids: list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] = Field(
        min_length=1, max_length=_MOST_NAMES
    )


class QuestionsRemovedOut(Out):
    """How many there were."""

    removed: int

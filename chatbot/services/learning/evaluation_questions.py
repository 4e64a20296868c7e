"""Test questions: labelled, never trained on, so that they tell how good a model is.

Those without an intent are out of scope. Half of these, by a stable hash, teach a version where to
stop answering; all others measure. Each act here keeps what was before, for one undo.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from chatbot.domain.text import clean, normalise
from chatbot.errors import Conflict, InvalidCatalogue, InvalidText, Mistake, NotFound
from chatbot.formats.limits import MAX_UTTERANCE_CHARS
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.knowledge.edit_faq import get_intent
from chatbot.services.knowledge.import_faq import calibrates
from chatbot.services.releases import jobs
from chatbot.services.releases.release import get_version, read_pointer
from chatbot.storage.database import batched
from chatbot.storage.tables import DEMO, FILE, EvaluationQuestion, Intent, Utterance

PAGE = 50
_DELIMITERS = (",", ";", "\t")
OUT_OF_SCOPE = "out of scope"


@dataclass(frozen=True)
class Wanted:
    """A choice of questions to list; empty or None means any. `page` counts from 1.

    `intent` is a name; `origin` is DEMO, FILE, or “person” for what somebody wrote.
    """

    text: str = ""
    intent: str = ""
    out_of_scope: bool | None = None
    origin: str = ""
    page: int = 1


@dataclass(frozen=True)
class Page:
    """A page of the `total` questions that fit; `pages` is at least 1."""

    rows: Sequence[EvaluationQuestion]
    total: int
    number: int
    pages: int


@dataclass(frozen=True)
class Row:
    """A question to bring in; no intent means out of scope."""

    text: str
    intent: str | None
    line: int = 0


def browse(session: Session, wanted: Wanted) -> Page:
    """Return the wanted page, newest first, or the last one if there are fewer."""
    fitting = _fitting(wanted)
    total = session.scalar(select(func.count(EvaluationQuestion.id)).where(*fitting)) or 0
    pages = max(1, -(-total // PAGE))
    number = min(max(1, wanted.page), pages)
    query = select(EvaluationQuestion).where(*fitting).order_by(EvaluationQuestion.id.desc())
    rows = session.scalars(query.limit(PAGE).offset((number - 1) * PAGE)).all()
    return Page(rows, total, number, pages)


def list_questions(
    session: Session, wanted: Wanted, before: int | None, limit: int
) -> Sequence[EvaluationQuestion]:
    """List the questions that fit, newest first; `before` is the id to go on from."""
    query = select(EvaluationQuestion).where(*_fitting(wanted))
    if before is not None:
        query = query.where(EvaluationQuestion.id < before)
    return session.scalars(query.order_by(EvaluationQuestion.id.desc()).limit(limit)).all()


def list_ids(session: Session, wanted: Wanted) -> list[int]:
    """List the ids of all questions that fit, on whatever page."""
    return list(session.scalars(select(EvaluationQuestion.id).where(*_fitting(wanted))))


def list_intent_names(session: Session) -> list[str]:
    """List the names of intents that a question can be labelled with."""
    return list(session.scalars(select(Intent.name).order_by(Intent.name)))


def count_by_origin(session: Session) -> dict[str | None, int]:
    query = select(EvaluationQuestion.origin, func.count()).group_by(EvaluationQuestion.origin)
    return dict(session.execute(query).all())


def get_question(session: Session, question_id: int) -> EvaluationQuestion:
    """Return a test question by its id. Raises NotFound."""
    question = session.get(EvaluationQuestion, question_id)
    if question is None:
        raise NotFound(f"There is no test question {question_id}.")
    return question


def add(session: Session, by: str, text: str, intent: str | None) -> EvaluationQuestion:
    """Add a test question; adding it with the same label again changes nothing.

    Raises InvalidText; NotFound for an unknown intent; Conflict for an utterance, which measures
    nothing, and for a question that is there with another label.
    """
    text = clean(text, MAX_UTTERANCE_CHARS)
    _refuse_utterance(session, text)
    intent_id = get_intent(session, intent).id if intent else None
    there = _find(session, text)
    if there is not None and there.intent_id != intent_id:
        raise Conflict(f"“{text}” is a test question for {_label(there)} already. Change that one.")
    if there is not None:
        return there
    before = faq_snapshot.take(session, texts=[normalise(text)])
    question = _make(text, intent_id, by, None)
    session.add(question)
    session.flush()
    _conclude(session, by, "one added", before, [question])
    return question


def change(
    session: Session, by: str, question_id: int, text: str, intent: str | None
) -> EvaluationQuestion:
    """Reword or relabel it; then it is no longer the demo's. Raises as `add`, and NotFound."""
    question = get_question(session, question_id)
    text = clean(text, MAX_UTTERANCE_CHARS)
    intent_id = get_intent(session, intent).id if intent else None
    if (question.text, question.intent_id) == (text, intent_id):
        return question
    _refuse_utterance(session, text)
    other = _find(session, text)
    if other is not None and other.id != question_id:
        raise Conflict(f"“{text}” is a test question for {_label(other)} already.")
    before = faq_snapshot.take(session, texts=[question.normalised, normalise(text)])
    touched_calibration = question.calibration
    question.text, question.normalised, question.intent_id = text, normalise(text), intent_id
    question.calibration = intent_id is None and calibrates(text)
    question.origin, question.added_by = None, by
    session.flush()
    session.refresh(question)
    _conclude(session, by, "one changed", before, [question], touched_calibration)
    return question


def remove(session: Session, by: str, ids: Iterable[int]) -> int:
    """Remove test questions, and return how many there were."""
    rows: list[EvaluationQuestion] = []
    for some in batched(set(ids)):
        query = select(EvaluationQuestion).where(EvaluationQuestion.id.in_(some))
        rows += session.scalars(query).all()
    if not rows:
        return 0
    before = faq_snapshot.take(session, texts=[row.normalised for row in rows])
    for some in batched(row.id for row in rows):
        session.execute(delete(EvaluationQuestion).where(EvaluationQuestion.id.in_(some)))
    _conclude(session, by, f"{len(rows)} removed", before, rows)
    return len(rows)


def import_rows(session: Session, by: str, rows: Sequence[Row], file: str) -> int:
    """Add those that are not there; one mistake, and nothing happens. Return how many.

    Raises InvalidCatalogue, with its line, for each unknown intent, unusable text, utterance, and
    question that is there with another label.
    """
    names = dict(session.execute(select(Intent.name, Intent.id)).all())
    mistakes: list[Mistake] = []
    fresh: dict[str, EvaluationQuestion] = {}
    for row in rows:
        try:
            text = clean(row.text, MAX_UTTERANCE_CHARS)
            if row.intent and row.intent not in names:
                raise NotFound(f"There is no intent “{row.intent}”.")
            _refuse_utterance(session, text)
            intent_id = names[row.intent] if row.intent else None
            there = fresh.get(normalise(text)) or _find(session, text)
            if there is not None and there.intent_id != intent_id:
                raise Conflict(f"“{text}” is there with another label.")
        except (InvalidText, NotFound, Conflict) as error:
            mistakes.append(Mistake(file, row.line, str(error)))
            continue
        if there is None:
            fresh[normalise(text)] = _make(text, intent_id, by, FILE)
    if mistakes:
        raise InvalidCatalogue(mistakes)
    if fresh:
        before = faq_snapshot.take(session, texts=fresh)
        session.add_all(fresh.values())
        session.flush()
        _conclude(session, by, f"{len(fresh)} imported", before, list(fresh.values()))
    return len(fresh)


def read_csv(content: bytes, file: str) -> list[Row]:
    """Read a CSV with the columns text,intent; an empty intent means out of scope.

    Raises InvalidCatalogue for what is no such CSV.
    """
    try:
        written = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise InvalidCatalogue([Mistake(file, 0, reason)]) from None
    header = written.split("\n", 1)[0].lower()
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.DictReader(io.StringIO(written, newline=""), delimiter=delimiter)
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        if not {"text", "intent"} <= set(reader.fieldnames):
            reason = "needs a header line with the columns text,intent"
            raise InvalidCatalogue([Mistake(file, 1, reason)])
        rows = [
            Row(each["text"] or "", (each["intent"] or "").strip() or None, reader.line_num)
            for each in reader
        ]
    except csv.Error as error:
        reason = f"is not a CSV file: {error}"
        raise InvalidCatalogue([Mistake(file, reader.line_num, reason)]) from None
    return [row for row in rows if row.text.strip() or row.intent]


def _fitting(wanted: Wanted) -> list[ColumnElement[bool]]:
    fitting: list[ColumnElement[bool]] = []
    if text := wanted.text.replace("\x00", "").strip():
        said = EvaluationQuestion.normalised.contains(normalise(text), autoescape=True)
        fitting.append(said)
    if wanted.intent:
        owner = select(Intent.id).where(Intent.name == wanted.intent)
        fitting.append(EvaluationQuestion.intent_id.in_(owner))
    if wanted.out_of_scope is not None:
        fitting.append(EvaluationQuestion.intent_id.is_(None) == wanted.out_of_scope)
    if wanted.origin == "person":
        fitting.append(EvaluationQuestion.origin.is_(None))
    elif wanted.origin in (DEMO, FILE):
        fitting.append(EvaluationQuestion.origin == wanted.origin)
    return fitting


def _make(text: str, intent_id: int | None, by: str, origin: str | None) -> EvaluationQuestion:
    return EvaluationQuestion(
        text=text,
        normalised=normalise(text),
        intent_id=intent_id,
        calibration=intent_id is None and calibrates(text),
        origin=origin,
        added_by=by,
    )


def _find(session: Session, text: str) -> EvaluationQuestion | None:
    same = EvaluationQuestion.normalised == normalise(text)
    return session.scalar(select(EvaluationQuestion).where(same))


def _refuse_utterance(session: Session, text: str) -> None:
    said = select(Utterance).where(Utterance.normalised == normalise(text))
    utterance = session.scalar(said)
    if utterance is not None:
        raise Conflict(
            f"“{text}” is an utterance of “{utterance.intent.name}”, so the bot knows it by heart: "
            "it measures nothing. Put it otherwise."
        )


def _label(question: EvaluationQuestion) -> str:
    return f"“{question.intent.name}”" if question.intent else OUT_OF_SCOPE


def _conclude(
    session: Session,
    by: str,
    what: str,
    before: faq_snapshot.Snapshot,
    rows: Sequence[EvaluationQuestion],
    touched_calibration: bool = False,
) -> None:
    """Keep it for an undo, and have an untrained version's thresholds follow where they must."""
    faq_snapshot.record(session, by, "questions.change", what, before)
    pointer = read_pointer(session)
    if pointer is None or not (touched_calibration or any(row.calibration for row in rows)):
        return
    if get_version(session, pointer.version_id).kind == jobs.JobKind.UNTRAINED:
        jobs.request(session, jobs.JobKind.UNTRAINED, by)

"""The shipped FAQ as a demo: brought in on wish, marked as such, and removed whole.

Removing it leaves what people made beside it. An intent of the demo to which somebody added
phrasings stays with these, as a draft, since its answer is still the demo's; one with an answer of
its own stays live. See decision 0026.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, true, update
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.domain.text import normalise
from chatbot.errors import NotFound
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_path
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.knowledge.edit_faq import current_revision, phrasings_of, raise_revision
from chatbot.services.knowledge.import_faq import Clashes, Imported, Mode, Wanted, import_faq
from chatbot.services.knowledge.removed_demo import REMOVED
from chatbot.services.releases.jobs import JobKind
from chatbot.services.releases.release import read_pointer
from chatbot.storage.database import batched
from chatbot.storage.tables import (
    DEMO,
    Confirmation,
    EvaluationQuestion,
    Handoff,
    Intent,
    ModelVersion,
    Pin,
    Query,
    Utterance,
)

SHIPPED_FAQ = Path(__file__).parents[3] / "faq_data"


@dataclass
class Demo:
    """The parts of the demo that are there, and what removing it takes along.

    `intents` go, by name with title; `drafts` stay with own phrasings as drafts; `kept` have an
    answer of their own and stay. `queries` are those asked while no own intent was there, answered
    with one of `intents`, or confirmed for one.
    """

    intents: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    utterances: int = 0
    questions: int = 0
    out_of_scope: int = 0
    pins: int = 0
    queries: int = 0
    verdicts: int = 0
    handoffs: int = 0

    @property
    def is_there(self) -> bool:
        return bool(self.intents or self.utterances or self.questions or self.out_of_scope)


def is_shipped() -> bool:
    """Return whether this installation has the files of the demo."""
    return (SHIPPED_FAQ / "intents").is_dir()


def is_marked(session: Session) -> bool:
    """Return whether something in the FAQ came in as the demo."""
    tables = (Intent, EvaluationQuestion, Utterance)
    return any(session.scalar(select(exists().where(t.origin == DEMO))) for t in tables)


def add_demo(
    session: Session, by: str, progress: Callable[[int], None] = lambda texts: None
) -> Imported:
    """Bring the demo in, beside what is there, which it does not change.

    Raises NotFound where the installation came without it.
    """
    if not is_shipped():
        raise NotFound("This installation came without the demo FAQ. Import a file of your own.")
    wanted = Wanted(Mode.ADD, Clashes.KEEP, DEMO)
    return import_faq(session, read_demo(), by, progress, wanted)


@cache
def read_demo() -> CatalogueDraft:
    return read_path(SHIPPED_FAQ)


def find_demo(session: Session) -> Demo:
    """Return what `remove_demo` would remove now."""
    return _Removal(session).demo


def remove_demo(session: Session, by: str) -> Demo:
    """Remove the demo with its test questions, pins, and the logged questions about it.

    Undoing that act brings back the FAQ, not what was asked. Later models know nothing of it:
    trained versions from before are withdrawn. Raises NotFound if nothing of it is there.
    """
    removal = _Removal(session)
    if not removal.demo.is_there:
        raise NotFound("Nothing of the demo is here.")
    removal.run(by)
    return removal.demo


class _Removal:
    """The removal of the demo: which rows are its, and how they go."""

    def __init__(self, session: Session) -> None:
        self.session = session
        by_mark = is_marked(session)
        cards, self.utterances, self.questions = (_marked if by_mark else _recognised)(session)
        rows = session.execute(select(Intent.id, Intent.name, Intent.title)).all()
        counts = _count_utterances(session, Utterance.id.is_not(None))
        theirs = _count_ids(session, self.utterances)
        self.gone: dict[int, str] = {}
        self.drafts: dict[int, str] = {}
        self.kept: dict[int, str] = {}
        self.bare: set[int] = set()  # of those kept: without a phrasing of their own
        titles = {}
        for intent_id, name, title in rows:
            titles[name] = title
            of_demo, own = theirs.get(intent_id, 0), 0
            own = counts.get(intent_id, 0) - of_demo
            if intent_id in cards:
                (self.drafts if own else self.gone)[intent_id] = name
            elif of_demo:
                self.kept[intent_id] = name
                if not own:
                    self.bare.add(intent_id)
        self.queries = self._about_the_demo(cards)
        self.demo = self._describe(titles)

    def _describe(self, titles: dict[str, str]) -> Demo:
        def named(chosen: dict[int, str]) -> dict[str, str]:
            return {name: titles[name] for name in sorted(chosen.values())}

        session, count = self.session, func.count()
        in_scope = EvaluationQuestion.intent_id.is_not(None)
        asked = select(count).select_from(Query).where(self.queries)
        judged = asked.join(Confirmation, Confirmation.query_id == Query.id)
        pinned = select(count).select_from(Pin).where(Pin.intent.in_(self.gone.values()))
        handed = select(count).select_from(Handoff).where(self._handed_over())
        questions = self._count_questions(in_scope)
        return Demo(
            named(self.gone),
            named(self.drafts),
            named(self.kept),
            utterances=len(self.utterances),
            questions=questions,
            out_of_scope=self._count_questions(~in_scope),
            pins=session.scalar(pinned) or 0,
            queries=session.scalar(asked) or 0,
            verdicts=session.scalar(judged) or 0,
            handoffs=session.scalar(handed) or 0,
        )

    def _count_questions(self, kind: ColumnElement[bool]) -> int:
        return sum(
            self.session.scalar(select(func.count()).where(EvaluationQuestion.id.in_(some), kind))
            or 0
            for some in batched(self.questions)
        )

    def _about_the_demo(self, cards: set[int]) -> ColumnElement[bool]:
        """Select the demo's logged questions: all from before the first own intent, else those it
        answered.
        """
        names, ids = list(self.gone.values()), list(self.gone)
        own = select(func.min(Intent.created_at)).where(
            Intent.id.not_in([*cards, *self.kept]), Intent.origin.is_(None)
        )
        since: datetime | None = self.session.scalar(own)
        if since is None:
            return true()
        confirmed = select(Confirmation.query_id).where(Confirmation.intent_id.in_(ids))
        answered = and_(Query.decision == Decision.ANSWER.value, Query.first_intent.in_(names))
        return or_(
            Query.asked_at < since,
            answered,
            Query.chosen_intent.in_(names),
            Query.id.in_(confirmed),
        )

    def _handed_over(self) -> ColumnElement[bool]:
        """Hand-offs of conversations that were about nothing else."""
        talks = Query.conversation_id.is_not(None)
        about = select(Query.conversation_id).where(self.queries, talks)
        others = select(Query.conversation_id).where(~self.queries, talks)
        return and_(Handoff.conversation_id.in_(about), Handoff.conversation_id.not_in(others))

    def run(self, by: str) -> None:
        session = self.session
        names = [*self.gone.values(), *self.drafts.values(), *self.kept.values()]
        texts = [
            text
            for some in batched(self.questions)
            for text in session.scalars(
                select(EvaluationQuestion.normalised).where(EvaluationQuestion.id.in_(some))
            )
        ]
        before = faq_snapshot.take(session, names, texts)
        phrasings = self._phrasings()
        session.execute(delete(Handoff).where(self._handed_over()))
        session.execute(delete(Pin).where(Pin.intent.in_(self.gone.values())))
        session.execute(delete(Query).where(self.queries))
        self._delete_knowledge()
        session.expire_all()
        self._withdraw_trained()
        revision = raise_revision(session, names, phrasings)
        demo = self.demo
        counts = {
            name: getattr(demo, name)
            for name in ("utterances", "out_of_scope", "pins", "queries", "verdicts", "handoffs")
        }
        subject = f"{len(demo.intents)} intents"
        faq_snapshot.record(session, by, REMOVED, subject, before, **counts, revision=revision)

    def _phrasings(self) -> set[str]:
        """All that a matcher knows of what goes: utterances, and what agents confirmed."""
        found: set[str] = set()
        affected = {*self.gone, *self.drafts, *self.kept}
        for some in batched(affected):
            for intent in self.session.scalars(select(Intent).where(Intent.id.in_(some))):
                found |= phrasings_of(self.session, intent)
        judged = select(Query.text).where(self.queries, Query.confirmation.has())
        return found | {normalise(text) for text in self.session.scalars(judged)}

    def _delete_knowledge(self) -> None:
        session = self.session
        own = update(Utterance).where(Utterance.intent_id.in_(self.bare)).values(origin=None)
        session.execute(own)
        for some in batched(self.questions):
            session.execute(delete(EvaluationQuestion).where(EvaluationQuestion.id.in_(some)))
        for some in batched(self.utterances):
            theirs = and_(Utterance.id.in_(some), Utterance.intent_id.not_in(self.bare))
            session.execute(delete(Utterance).where(theirs))
        drafts = update(Intent).where(Intent.id.in_(self.drafts))
        session.execute(drafts.values(enabled=False, origin=None))
        for some in batched(self.gone):
            session.execute(delete(Intent).where(Intent.id.in_(some)))

    def _withdraw_trained(self) -> None:
        """Withdraw what was trained on the demo: it is not promoted by itself any more."""
        pointer = read_pointer(self.session)
        live = pointer.version_id if pointer else None
        trained = (ModelVersion.kind == JobKind.TRAIN, ModelVersion.id.is_distinct_from(live))
        made_by_now = ModelVersion.knowledge_revision <= current_revision(self.session)
        self.session.execute(
            update(ModelVersion).where(*trained, made_by_now).values(withdrawn=True)
        )


def _marked(session: Session) -> tuple[set[int], list[int], list[int]]:
    """Ids of intents, utterances and test questions that came in as the demo."""
    return (
        set(session.scalars(select(Intent.id).where(Intent.origin == DEMO))),
        list(session.scalars(select(Utterance.id).where(Utterance.origin == DEMO))),
        list(
            session.scalars(select(EvaluationQuestion.id).where(EvaluationQuestion.origin == DEMO))
        ),
    )


def _recognised(session: Session) -> tuple[set[int], list[int], list[int]]:
    """The same by their content: installations before version 0.2 marked nothing."""
    if not is_shipped():
        return set(), [], []
    shipped = read_demo()
    cards = {(i.name, i.title, i.answer) for i in shipped.intents.values()}
    said = {(i.name, normalise(t)) for i in shipped.intents.values() for t in i.utterances}
    asked = {normalise(t) for i in shipped.intents.values() for t in i.held_out}
    asked |= set(map(normalise, shipped.out_of_scope))
    intents = select(Intent.id, Intent.name, Intent.title, Intent.answer)
    utterances = select(Utterance.id, Intent.name, Utterance.normalised).join(Intent)
    questions = select(EvaluationQuestion.id, EvaluationQuestion.normalised)
    return (
        {i for i, *card in session.execute(intents) if tuple(card) in cards},
        [i for i, *pair in session.execute(utterances) if tuple(pair) in said],
        [i for i, text in session.execute(questions) if text in asked],
    )


def _count_utterances(session: Session, which: ColumnElement[bool]) -> dict[int, int]:
    query = select(Utterance.intent_id, func.count()).where(which).group_by(Utterance.intent_id)
    return dict(session.execute(query).all())


def _count_ids(session: Session, ids: list[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for some in batched(ids):
        for intent_id, count in _count_utterances(session, Utterance.id.in_(some)).items():
            counts[intent_id] = counts.get(intent_id, 0) + count
    return counts

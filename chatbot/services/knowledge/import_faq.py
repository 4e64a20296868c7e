"""Import FAQ files: add, update or replace, all in one transaction and with one undo.

What differs between the ways is decided here; a preview is a rehearsal of the same steps, rolled
back, so that it cannot promise what an import would not do.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import is_held_out
from chatbot.domain.text import normalise
from chatbot.errors import InvalidCatalogue, Mistake, UtteranceTaken
from chatbot.formats.draft import PLACEHOLDER, CatalogueDraft, IntentDraft
from chatbot.services.access import audit
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.knowledge.edit_faq import (
    make_own,
    phrasings_of,
    raise_revision,
    record_deletion,
    stop_measuring,
)
from chatbot.storage.database import Database, batched
from chatbot.storage.tables import DEMO, FILE, EvaluationQuestion, Intent, Utterance

_CALIBRATION_SHARE = 0.5


class Mode(StrEnum):
    ADD = "add"  # what is new; what is there stays as it is
    UPDATE = "update"  # also change what the file says otherwise
    REPLACE = "replace"  # also remove what the file does not have


class Clashes(StrEnum):
    """What becomes of a phrasing that belongs to another intent than the file says."""

    REFUSE = "refuse"  # nothing is imported
    MOVE = "move"  # to the intent that the file says
    KEEP = "keep"  # where it is; the file's is left out


@dataclass(frozen=True)
class Wanted:
    """The way to import; `origin` is DEMO for the shipped FAQ."""

    mode: Mode = Mode.UPDATE
    clashes: Clashes = Clashes.REFUSE
    origin: str | None = None


@dataclass(frozen=True)
class Taken:
    """A phrasing of the file that belongs to another intent, `owner`, already."""

    text: str
    owner: str
    wanted: str
    file: str
    line: int

    def as_mistake(self) -> Mistake:
        reason = str(UtteranceTaken(self.text, self.owner, self.wanted))
        return Mistake(self.file, self.line, reason)


@dataclass
class Imported:
    """The changes that an import made, or would make; `act` is what takes it back as a whole.

    `changes` says of intents by name which of title, topic, answer and enabled changed.
    """

    intents_added: int = 0
    intents_changed: int = 0
    intents_removed: int = 0
    utterances_added: int = 0
    utterances_removed: int = 0
    utterances_moved: int = 0
    evaluation_added: int = 0
    evaluation_removed: int = 0
    warnings: list[str] = field(default_factory=list)
    added: dict[str, int] = field(default_factory=dict)
    changes: dict[str, list[str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    clashes: list[Taken] = field(default_factory=list)
    new_utterances: dict[str, list[str]] = field(default_factory=dict)
    lost_utterances: dict[str, list[str]] = field(default_factory=dict)
    changed_intents: list[str] = field(default_factory=list)
    new_phrasings: list[str] = field(default_factory=list)
    act: int | None = None

    @property
    def changed(self) -> bool:
        return any(
            (
                *(self.intents_added, self.intents_changed, self.intents_removed),
                *(self.utterances_added, self.utterances_removed, self.utterances_moved),
                *(self.evaluation_added, self.evaluation_removed),
            )
        )


class _Rehearsed(Exception):
    """Rolls a preview back."""


def preview_import(database: Database, draft: CatalogueDraft, wanted: Wanted) -> Imported:
    """Return what importing would do; nothing of it stays. Raises InvalidCatalogue as
    `import_faq`.
    """
    with suppress(_Rehearsed), database.write() as session:
        done = import_faq(session, draft, "preview", wanted=wanted)
        raise _Rehearsed
    return done


def import_faq(
    session: Session,
    draft: CatalogueDraft,
    by: str,
    progress: Callable[[int], None] = lambda texts: None,
    wanted: Wanted = Wanted(),
) -> Imported:
    """Bring the FAQ of `draft` in as `wanted`. All or nothing.

    Raises InvalidCatalogue with every phrasing that belongs to another intent already, unless
    `wanted` says what becomes of it. `progress` hears how many more texts are done.
    """
    importing = _Importing(session, draft, by, wanted)
    importing.run(progress)
    return importing.done


def list_taken(session: Session, draft: CatalogueDraft, mode: Mode) -> list[Taken]:
    """List the file's phrasings that other intents have; none in mode REPLACE."""
    if mode is Mode.REPLACE:
        return []
    owners = _owners(session, draft)
    found = []
    for item in draft.intents.values():
        for text in item.utterances:
            owner = owners.get(normalise(text), item.name)
            if owner != item.name:
                place = draft.places.get(normalise(text), (item.name, 0))
                found.append(Taken(text, owner, item.name, *place))
    return found


class _Importing:
    """One import at work: what is there, and what was done so far."""

    def __init__(self, session: Session, draft: CatalogueDraft, by: str, wanted: Wanted) -> None:
        self.session, self.draft, self.by, self.wanted = session, draft, by, wanted
        self.done = Imported(clashes=list_taken(session, draft, wanted.mode))
        self.intents = {intent.name: intent for intent in session.scalars(select(Intent))}
        self.moved: set[str] = set()

    def run(self, progress: Callable[[int], None]) -> None:
        session, draft, done = self.session, self.draft, self.done
        if done.clashes and self.wanted.clashes is Clashes.REFUSE:
            raise InvalidCatalogue([clash.as_mistake() for clash in done.clashes])
        before = self._snapshot()
        if self.wanted.mode is Mode.REPLACE:
            self._remove_what_the_file_lacks()
        if self.wanted.clashes is Clashes.MOVE:
            self.moved = {normalise(clash.text) for clash in done.clashes}
            self._move_clashes()
        present = set(_owners(session, draft))
        for item in draft.intents.values():
            self._import_intent(item, present)
            progress(len(item.utterances) + len(item.held_out))
        measured = stop_measuring(session, done.new_phrasings).get("measured", [])
        done.evaluation_removed += len(measured)
        self._add_evaluation_questions()
        progress(len(draft.out_of_scope))
        if done.changed:
            counts = {
                name: getattr(done, name)
                for name in ("intents_added", "intents_changed", "utterances_added")
            }
            counts |= {"mode": self.wanted.mode.value, "origin": self.wanted.origin}
            subject = f"{len(draft.intents)} intents"
            done.act = faq_snapshot.record(
                session, self.by, "faq.import", subject, before, **counts
            )
            raise_revision(session, done.changed_intents, done.new_phrasings)

    def _snapshot(self) -> faq_snapshot.Snapshot:
        names = {*self.draft.intents, *(clash.owner for clash in self.done.clashes)}
        if self.wanted.mode is Mode.REPLACE:
            names |= self.intents.keys()
        texts = {normalise(text) for text in self.draft.out_of_scope}
        for item in self.draft.intents.values():
            texts |= {normalise(text) for text in (*item.utterances, *item.held_out)}
        return faq_snapshot.take(self.session, names, texts)

    def _remove_what_the_file_lacks(self) -> None:
        for name in self.intents.keys() - self.draft.intents.keys():
            intent = self.intents.pop(name)
            self.done.new_phrasings += phrasings_of(self.session, intent)
            self.done.changed_intents.append(name)
            self.done.removed.append(name)
            record_deletion(self.session, self.by, intent)
            self.session.execute(delete(Intent).where(Intent.id == intent.id))
        self.done.removed.sort()
        self.done.intents_removed = len(self.done.removed)
        for name, item in self.draft.intents.items():
            if name in self.intents:
                self._remove_utterances(self.intents[name], set(map(normalise, item.utterances)))

    def _remove_utterances(self, intent: Intent, kept: set[str]) -> None:
        lost = [u for u in intent.utterances if u.normalised not in kept]
        for some in batched(u.id for u in lost):
            self.session.execute(delete(Utterance).where(Utterance.id.in_(some)))
        self.session.expire(intent, ["utterances"])
        self.done.new_phrasings += [u.normalised for u in lost]
        self.done.utterances_removed += len(lost)
        if lost:
            self.done.lost_utterances[intent.name] = [u.text for u in lost]

    def _move_clashes(self) -> None:
        """Remove clashing utterances from their intents; they come in as the file's
        own afterwards.
        """
        for some in batched(self.moved):
            self.session.execute(delete(Utterance).where(Utterance.normalised.in_(some)))
        for clash in self.done.clashes:
            audit.record(self.session, self.by, "utterance.delete", clash.owner, text=clash.text)
            self.session.expire(self.intents[clash.owner], ["utterances"])
        self.done.utterances_moved = len(self.moved)

    def _import_intent(self, item: IntentDraft, present: set[str]) -> None:
        session, done, intent = self.session, self.done, self.intents.get(item.name)
        created, before, after = intent is None, {}, {}
        if intent is None:
            intent = self._create(item)
        elif self.wanted.mode is not Mode.ADD:
            after = _changes(intent, item)
            before = {name: getattr(intent, name) for name in after}
            self._change(intent, after)
        added = [text for text in item.utterances if normalise(text) not in present]
        for text in added:
            present.add(normalise(text))
            row = Utterance(intent_id=intent.id, text=text, normalised=normalise(text))
            row.origin = self.wanted.origin
            session.add(row)
            done.new_phrasings.append(normalise(text))
        fresh = [text for text in added if normalise(text) not in self.moved]
        done.utterances_added += len(fresh)
        if fresh:
            done.new_utterances[item.name] = fresh
        if created:
            done.added[item.name] = len(item.utterances)
        if created or after or added:
            detail = {"created": created, "before": before, "after": after, "utterances": added}
            audit.record(session, self.by, "intent.import", item.name, **detail)

    def _create(self, item: IntentDraft) -> Intent:
        if item.answer is None:
            warning = f"“{item.name}” has no answer yet; visitors get a placeholder."
            self.done.warnings.append(warning)
        intent = Intent(
            name=item.name,
            title=item.title,
            topic=item.topic,
            answer=item.answer or PLACEHOLDER,
            enabled=item.enabled is not False,
            variants=item.variants,
            follow_ups=item.follow_ups,
            origin=self.wanted.origin,
        )
        self.session.add(intent)
        self.session.flush()
        self.done.intents_added += 1
        self.done.changed_intents.append(item.name)
        return intent

    def _change(self, intent: Intent, after: dict[str, Any]) -> None:
        for name, value in after.items():
            setattr(intent, name, value)
        if self.wanted.origin is None:
            make_own(intent, after)
        if "enabled" in after:
            self.done.new_phrasings += phrasings_of(self.session, intent)
        if after:
            self.done.intents_changed += 1
            self.done.changed_intents.append(intent.name)
            self.done.changes[intent.name] = list(after)

    def _add_evaluation_questions(self) -> None:
        """Add test questions that no utterance is, and that are not there yet."""
        known = set(self.session.scalars(select(EvaluationQuestion.normalised)))
        names = {name: i for i, name in self.session.execute(select(Intent.id, Intent.name))}
        for item in self.draft.intents.values():
            self._add_evaluation(names[item.name], item.held_out, known)
        self._add_evaluation(None, self.draft.out_of_scope, known)

    def _add_evaluation(self, intent_id: int | None, texts: list[str], known: set[str]) -> None:
        """Out-of-scope questions are split by a stable hash: half calibrate, half measure."""
        said = _said(self.session, [normalise(text) for text in texts])
        for text in texts:
            if normalise(text) in known:
                continue
            if normalise(text) in said:
                self.done.warnings.append(f"“{text}” is an utterance, so it measures nothing.")
                continue
            known.add(normalise(text))
            self.session.add(
                EvaluationQuestion(
                    intent_id=intent_id,
                    text=text,
                    normalised=normalise(text),
                    calibration=intent_id is None and calibrates(text),
                    origin=DEMO if self.wanted.origin == DEMO else FILE,
                    added_by=self.by,
                )
            )
            self.done.evaluation_added += 1


def calibrates(text: str) -> bool:
    """Return whether an out-of-scope question teaches where to stop; if not, it measures."""
    return is_held_out(text, _CALIBRATION_SHARE)


def _owners(session: Session, draft: CatalogueDraft) -> dict[str, str]:
    """Return the intents of those utterances that the FAQ has already, by normalised text."""
    owners: dict[str, str] = {}
    texts = {normalise(text) for item in draft.intents.values() for text in item.utterances}
    for some in batched(texts):
        taken = select(Utterance.normalised, Intent.name).join(Intent)
        rows = session.execute(taken.where(Utterance.normalised.in_(some)))
        owners.update((text, name) for text, name in rows)
    return owners


def _said(session: Session, texts: list[str]) -> set[str]:
    """Return those of normalised `texts` that are utterances."""
    said: set[str] = set()
    for some in batched(texts):
        said |= set(
            session.scalars(select(Utterance.normalised).where(Utterance.normalised.in_(some)))
        )
    return said


def _changes(intent: Intent, item: IntentDraft) -> dict[str, Any]:
    """Return what the file says of an intent otherwise than it is.

    What it does not say stays, so that several files complete each other in any order.
    """
    said: dict[str, Any] = {"topic": item.topic or intent.topic}
    if item.has_own_title:
        said["title"] = item.title
    if item.answer is not None:
        said["answer"] = item.answer
    if item.enabled is not None:
        said["enabled"] = item.enabled
    said |= {
        name: getattr(item, name) for name in ("variants", "follow_ups") if getattr(item, name)
    }
    return {name: value for name, value in said.items() if getattr(intent, name) != value}

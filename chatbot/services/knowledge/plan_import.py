"""Plan an import: all that it would do, found out by reading alone.

A preview shows the plan, and an import carries it out, so a preview cannot promise what an import
would not do. Nothing is locked meanwhile: others go on asking and editing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.text import normalise
from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.services.knowledge.clashes import Clashes, Taken, find_owners, propose
from chatbot.services.knowledge.edit_faq import phrasings_of, phrasings_of_all
from chatbot.storage.tables import EvaluationQuestion, Intent, Utterance


class Mode(StrEnum):
    ADD = "add"  # what is new; what is there stays as it is
    UPDATE = "update"  # also change what the file says otherwise
    REPLACE = "replace"  # also remove what the file does not have


@dataclass(frozen=True)
class Wanted:
    """The way to import; `origin` is DEMO for the shipped FAQ.

    `decided` says of single clashes, by normalised text, otherwise than `clashes` of all.
    """

    mode: Mode = Mode.UPDATE
    clashes: Clashes = Clashes.REFUSE
    origin: str | None = None
    decided: Mapping[str, Clashes] = field(default_factory=dict)

    def decide(self, clash: Taken) -> Clashes:
        """Return MOVE, KEEP, DROP or REFUSE."""
        decision = self.decided.get(normalise(clash.text), self.clashes)
        return clash.proposal if decision is Clashes.PROPOSED else decision


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


@dataclass
class Plan:
    """Everything that an import will do to the FAQ that it was made for.

    `intents` are those that are there, by name; `creations` and `changes` what becomes of intents,
    `additions` (text, normalised) by intent, `drops` normalised phrasings that go first, and
    `questions` (intent or None, text, normalised) that will measure.
    """

    done: Imported
    intents: dict[str, Intent]
    creations: dict[str, IntentDraft] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    additions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    drops: list[str] = field(default_factory=list)
    removals: list[Intent] = field(default_factory=list)
    questions: list[tuple[str | None, str, str]] = field(default_factory=list)


def plan_import(session: Session, draft: CatalogueDraft, wanted: Wanted) -> Plan:
    """Return what importing `draft` as `wanted` does; nothing is written.

    Raises InvalidCatalogue with every phrasing that belongs to another intent already, unless
    `wanted` says what becomes of it.
    """
    planning = _Planning(session, draft, wanted)
    if wanted.mode is Mode.REPLACE:
        planning.remove_what_the_file_lacks()
    planning.settle_clashes()
    for item in draft.intents.values():
        planning.plan_intent(item)
    planning.plan_questions()
    return planning.plan


class _Planning:
    """The work on one plan. Keys are normalised texts.

    `owners` says who has the file's phrasings now, `gone` which phrasings lose their place, and
    `added` which come in; `skipped` are those of the file that nobody wants.
    """

    def __init__(self, session: Session, draft: CatalogueDraft, wanted: Wanted) -> None:
        self.session, self.draft, self.wanted = session, draft, wanted
        self.keys = {
            item.name: [(text, normalise(text)) for text in item.utterances]
            for item in draft.intents.values()
        }
        said = (key for pairs in self.keys.values() for _, key in pairs)
        self.owners = find_owners(session, dict.fromkeys(said))
        self.plan = Plan(Imported(), {each.name: each for each in session.scalars(select(Intent))})
        self.done = self.plan.done
        self.gone: set[str] = set()
        self.added: set[str] = set()
        self.moved: set[str] = set()
        self.skipped: set[str] = set()

    def remove_what_the_file_lacks(self) -> None:
        plan, done = self.plan, self.done
        plan.removals = [i for name, i in plan.intents.items() if name not in self.draft.intents]
        for intent in plan.removals:
            del plan.intents[intent.name]
        done.changed_intents += [intent.name for intent in plan.removals]
        done.removed = sorted(intent.name for intent in plan.removals)
        done.intents_removed = len(done.removed)
        removed = {intent.id for intent in plan.removals}
        names = {intent.id: name for name, intent in plan.intents.items()}
        kept = {name: {key for _, key in self.keys[name]} for name in plan.intents}
        columns = select(Utterance.intent_id, Utterance.text, Utterance.normalised)
        for intent_id, text, key in self.session.execute(columns.order_by(Utterance.id)):
            if intent_id in removed:
                self.gone.add(key)
            elif intent_id in names and key not in kept[names[intent_id]]:
                self._lose(names[intent_id], text, key)
        done.new_phrasings += sorted(self.gone | phrasings_of_all(self.session, removed))

    def settle_clashes(self) -> None:
        """Decide on phrasings that other intents have; in mode REPLACE these have lost them."""
        if self.wanted.mode is not Mode.REPLACE:
            self.done.clashes = self._find_clashes()
        refused = []
        for clash in self.done.clashes:
            key = normalise(clash.text)
            match self.wanted.decide(clash):
                case Clashes.REFUSE:
                    refused.append(clash.as_mistake())
                case Clashes.MOVE:
                    self.moved.add(key)
                    self.gone.add(key)
                    self.plan.drops.append(key)
                case Clashes.DROP:
                    self.skipped.add(key)
                    self._lose(clash.owner, clash.text, key)
                    self.done.new_phrasings.append(key)
        if refused:
            raise InvalidCatalogue(refused)
        self.done.utterances_moved = len(self.moved)

    def _find_clashes(self) -> list[Taken]:
        only_adds = self.wanted.mode is Mode.ADD
        found = []
        for name, pairs in self.keys.items():
            for text, key in pairs:
                owner = self.owners.get(key, name)
                if owner != name:
                    enabled = self._will_be_enabled(self.draft.intents[name])
                    proposal = propose(only_adds, enabled, self.plan.intents[owner].enabled)
                    place = self.draft.places.get(key, (name, 0))
                    found.append(Taken(text, owner, name, *place, *proposal))
        return found

    def _will_be_enabled(self, item: IntentDraft) -> bool:
        there = self.plan.intents.get(item.name)
        if there is not None and (item.enabled is None or self.wanted.mode is Mode.ADD):
            return there.enabled
        return item.enabled is not False

    def _lose(self, name: str, text: str, key: str) -> None:
        self.gone.add(key)
        self.plan.drops.append(key)
        self.done.utterances_removed += 1
        self.done.lost_utterances.setdefault(name, []).append(text)

    def plan_intent(self, item: IntentDraft) -> None:
        plan, done, intent = self.plan, self.done, self.plan.intents.get(item.name)
        if intent is None:
            plan.creations[item.name] = item
            done.intents_added += 1
            done.changed_intents.append(item.name)
            if item.answer is None:
                warning = f"“{item.name}” has no answer yet; visitors get a placeholder."
                done.warnings.append(warning)
        elif self.wanted.mode is not Mode.ADD and (after := _changes(intent, item)):
            plan.changes[item.name] = after
            done.intents_changed += 1
            done.changed_intents.append(item.name)
            done.changes[item.name] = list(after)
            if "enabled" in after:
                done.new_phrasings += sorted(phrasings_of(self.session, intent))
        added = [(text, key) for text, key in self.keys[item.name] if self._comes_in(key)]
        if added:
            plan.additions[item.name] = added
            done.new_phrasings += [key for _, key in added]
        fresh = [text for text, key in added if key not in self.moved]
        done.utterances_added += len(fresh)
        if fresh:
            done.new_utterances[item.name] = fresh
        if intent is None:
            done.added[item.name] = len(added)

    def _comes_in(self, key: str) -> bool:
        is_there = key in self.added or (key in self.owners and key not in self.gone)
        if is_there or key in self.skipped:
            return False
        self.added.add(key)
        return True

    def plan_questions(self) -> None:
        """Plan test questions that no utterance is, and that are not there yet."""
        removed = {intent.id for intent in self.plan.removals}
        columns = select(EvaluationQuestion.normalised, EvaluationQuestion.intent_id)
        rows = self.session.execute(columns)
        there = {key for key, intent_id in rows if intent_id not in removed}
        measured = there.intersection(self.done.new_phrasings)
        self.done.evaluation_removed = len(measured)
        there -= measured
        for item in self.draft.intents.values():
            self._plan_questions(item.name, item.held_out, there)
        self._plan_questions(None, self.draft.out_of_scope, there)

    def _plan_questions(self, name: str | None, texts: list[str], there: set[str]) -> None:
        keys = [normalise(text) for text in texts]
        said = find_owners(self.session, [key for key in keys if key not in there])
        for text, key in zip(texts, keys, strict=True):
            if key in there:
                continue
            if key in self.added or (key in said and key not in self.gone):
                self.done.warnings.append(f"“{text}” is an utterance, so it measures nothing.")
                continue
            there.add(key)
            self.plan.questions.append((name, text, key))
            self.done.evaluation_added += 1


def _changes(intent: Intent, item: IntentDraft) -> dict[str, Any]:
    """Return what the file says of an intent otherwise than it is.

    What it does not say stays, so that several files complete each other in any order.
    """
    said: dict[str, Any] = {"title": item.title} if item.has_own_title else {}
    if item.topic:
        said["topic"] = item.topic
    if item.answer is not None:
        said["answer"] = item.answer
    if item.enabled is not None:
        said["enabled"] = item.enabled
    said |= {
        name: getattr(item, name) for name in ("variants", "follow_ups") if getattr(item, name)
    }
    return {name: value for name, value in said.items() if getattr(intent, name) != value}

"""Import FAQ files: add, update or replace, all in one transaction and with one undo."""

from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import is_held_out
from chatbot.domain.text import normalise
from chatbot.formats.draft import PLACEHOLDER, CatalogueDraft, IntentDraft
from chatbot.services.access import audit
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.knowledge.edit_faq import (
    make_own,
    raise_revision,
    record_deletion,
    stop_measuring,
)
from chatbot.services.knowledge.plan_import import Imported, Plan, Wanted, plan_import
from chatbot.storage.database import Database, batched
from chatbot.storage.tables import DEMO, FILE, EvaluationQuestion, Intent, Utterance

_CALIBRATION_SHARE = 0.5
_ROWS_AT_ONCE = 2_000
_UPDATE = Wanted()
_UTTERANCES = cast("Table", Utterance.__table__)
_QUESTIONS = cast("Table", EvaluationQuestion.__table__)
"""As tables: many rows come in without the cost of ORM objects."""


def preview_import(database: Database, draft: CatalogueDraft, wanted: Wanted) -> Imported:
    """Return what importing would do; nothing of it is written, and nobody has to wait for it.

    Raises InvalidCatalogue as `import_faq`.
    """
    with database.read() as session:
        return plan_import(session, draft, wanted).done


def import_faq(
    session: Session,
    draft: CatalogueDraft,
    by: str,
    progress: Callable[[int], None] = lambda texts: None,
    wanted: Wanted = _UPDATE,
    plan: Plan | None = None,
) -> Imported:
    """Bring the FAQ of `draft` in as `wanted`. All or nothing.

    Raises InvalidCatalogue with every phrasing that belongs to another intent already, unless
    `wanted` says what becomes of it. `progress` hears how many more texts are done. A `plan` that
    was made of the same FAQ, before this transaction, makes that shorter.
    """
    plan = plan or plan_import(session, draft, wanted)
    _CarryingOut(session, draft, by, wanted, plan).run(progress)
    return plan.done


class _CarryingOut:
    """One plan being carried out."""

    def __init__(
        self, session: Session, draft: CatalogueDraft, by: str, wanted: Wanted, plan: Plan
    ) -> None:
        self.session, self.draft, self.by, self.wanted = session, draft, by, wanted
        self.plan, self.done = plan, plan.done
        self.rows: list[dict[str, Any]] = []

    def run(self, progress: Callable[[int], None]) -> None:
        if not self.done.changed:
            progress(self.draft.size)
            return
        before = self._snapshot()
        self._remove_intents()
        self._remove_utterances()
        ids = self._create_intents()
        there = self._load_changing()
        for item in self.draft.intents.values():
            self._import_intent(item, ids, there)
            progress(len(item.utterances) + len(item.held_out))
        self._write_utterances()
        if self.done.evaluation_removed:
            stop_measuring(self.session, self.done.new_phrasings)
        self._add_questions(ids)
        progress(len(self.draft.out_of_scope))
        self._record(before)

    def _snapshot(self) -> faq_snapshot.Snapshot:
        """Return the state of all that the plan touches."""
        plan, done = self.plan, self.done
        names = {*plan.creations, *plan.changes, *plan.additions, *done.lost_utterances}
        names |= {intent.name for intent in plan.removals}
        names |= {clash.owner for clash in done.clashes}
        texts = {key for pairs in plan.additions.values() for _, key in pairs}
        texts |= {key for _, _, key in plan.questions}
        return faq_snapshot.take(self.session, names, texts | set(done.new_phrasings))

    def _remove_intents(self) -> None:
        for ids in batched(intent.id for intent in self.plan.removals):
            for intent in self.session.scalars(select(Intent).where(Intent.id.in_(ids))):
                record_deletion(self.session, self.by, intent)
            self.session.execute(delete(Intent).where(Intent.id.in_(ids)))

    def _remove_utterances(self) -> None:
        """Remove what moves or goes; what moves comes in as the file's own afterwards."""
        for some in batched(self.plan.drops):
            self.session.execute(delete(Utterance).where(Utterance.normalised.in_(some)))
        gone = set(self.plan.drops)
        for clash in self.done.clashes:
            if normalise(clash.text) in gone:
                detail = {"text": clash.text}
                audit.record(self.session, self.by, "utterance.delete", clash.owner, **detail)

    def _create_intents(self) -> dict[str, int]:
        """Create the intents that are new, and return the ids of all, by name."""
        created = [
            Intent(
                name=item.name,
                title=item.title,
                topic=item.topic,
                answer=item.answer or PLACEHOLDER,
                enabled=item.enabled is not False,
                variants=item.variants,
                follow_ups=item.follow_ups,
                origin=self.wanted.origin,
            )
            for item in self.plan.creations.values()
        ]
        self.session.add_all(created)
        self.session.flush()
        there = [*self.plan.intents.values(), *created]
        return {intent.name: intent.id for intent in there}

    def _load_changing(self) -> dict[str, Intent]:
        rows: dict[str, Intent] = {}
        for names in batched(self.plan.changes):
            found = self.session.scalars(select(Intent).where(Intent.name.in_(names)))
            rows |= {intent.name: intent for intent in found}
        return rows

    def _import_intent(
        self, item: IntentDraft, ids: dict[str, int], there: dict[str, Intent]
    ) -> None:
        after = self.plan.changes.get(item.name, {})
        added = self.plan.additions.get(item.name, [])
        created = item.name in self.plan.creations
        before = {}
        if after:
            intent = there[item.name]
            before = {name: getattr(intent, name) for name in after}
            for name, value in after.items():
                setattr(intent, name, value)
            if self.wanted.origin is None:
                make_own(intent, after)
        for text, key in added:
            row = {"intent_id": ids[item.name], "text": text, "normalised": key}
            self.rows.append(row | {"origin": self.wanted.origin})
        if len(self.rows) >= _ROWS_AT_ONCE:
            self._write_utterances()
        if created or after or added:
            detail = {"created": created, "before": before, "after": after}
            texts = [text for text, _ in added]
            audit.record(
                self.session, self.by, "intent.import", item.name, **detail, utterances=texts
            )

    def _write_utterances(self) -> None:
        if self.rows:
            self.session.execute(insert(_UTTERANCES), self.rows)
            self.rows = []

    def _add_questions(self, ids: dict[str, int]) -> None:
        """Out-of-scope questions are split by a stable hash: half calibrate, half measure."""
        rows = [
            {
                "intent_id": None if name is None else ids[name],
                "text": text,
                "normalised": key,
                "calibration": name is None and calibrates(text),
                "origin": DEMO if self.wanted.origin == DEMO else FILE,
                "added_by": self.by,
            }
            for name, text, key in self.plan.questions
        ]
        if rows:
            self.session.execute(insert(_QUESTIONS), rows)

    def _record(self, before: faq_snapshot.Snapshot) -> None:
        done = self.done
        counts = {
            name: getattr(done, name)
            for name in ("intents_added", "intents_changed", "utterances_added")
        }
        counts |= {"mode": self.wanted.mode.value, "origin": self.wanted.origin}
        subject = f"{len(self.draft.intents)} intents"
        done.act = faq_snapshot.record(
            self.session, self.by, "faq.import", subject, before, **counts
        )
        raise_revision(self.session, done.changed_intents, done.new_phrasings)


def calibrates(text: str) -> bool:
    """Return whether an out-of-scope question teaches where to stop; if not, it measures."""
    return is_held_out(text, _CALIBRATION_SHARE)

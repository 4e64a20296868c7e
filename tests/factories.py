"""Rows and matchers for tests: each call says only what matters, the rest is filled in."""

import hashlib
import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from chatbot.domain.accuracy import Outcome
from chatbot.domain.gate import Verdict
from chatbot.domain.holdout import Purpose
from chatbot.domain.matching import Calibration, Candidate, Decision
from chatbot.domain.quarantine import Standing
from chatbot.domain.report.compared import ComparisonFigures
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.domain.text import key, normalise
from chatbot.matching.bundle import Bundle, Rule
from chatbot.matching.catalogue import Catalogue, Entry, IntentCard
from chatbot.matching.encoder import HashingEncoder
from chatbot.matching.matcher import Matcher
from chatbot.matching.reading import Match
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.standing import find_unsettled, settle_found
from chatbot.services.learning.report import Measured, make_report
from chatbot.services.learning.training_set import Frozen
from chatbot.services.releases import release
from chatbot.services.releases.reports import keep_report
from chatbot.settings import Settings
from chatbot.storage.database import now
from chatbot.storage.migrate import MIGRATIONS
from chatbot.storage.tables import (
    Confirmation,
    EvaluationQuestion,
    Intent,
    ModelVersion,
    Query,
    VersionExample,
)
from fakes import CALIBRATION

RULE = Rule(neighbours=10, temperature=0.05)
_serial = itertools.count(1)
_start = datetime(2026, 1, 1, tzinfo=UTC)


class CountingEncoder(HashingEncoder):
    """Remembers every text that it was asked to encode."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += texts
        return super().encode(texts)


def make_catalogue(
    utterances: Mapping[str, Sequence[str]], revision: int = 1, intents: Sequence[str] | None = None
) -> Catalogue:
    """Entries by intent; `intents` are those with a card, by default all.

    The title is the first phrasing, so it says nothing besides.
    """
    cards = {
        name: IntentCard(next(iter(utterances.get(name, ())), f"About {name}"), f"Answer of {name}")
        for name in intents or utterances
    }
    entries = tuple(Entry(text, name) for name, texts in utterances.items() for text in texts)
    return Catalogue(revision, cards, entries, tuple(key(entry.text) for entry in entries))


def make_matcher(
    utterances: Mapping[str, Sequence[str]],
    version: int = 1,
    revision: int = 1,
    calibration: Calibration = CALIBRATION,
) -> Matcher:
    bundle = Bundle.blank(HashingEncoder(), calibration)
    return Matcher.build(version, bundle, make_catalogue(utterances, revision), RULE)


def assert_alike(found: Sequence[Match], expected: Sequence[Match]) -> None:
    """The same but for rounding: exact search and hnswlib add up in another order."""
    assert [(m.decision, m.exact) for m in found] == [(m.decision, m.exact) for m in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert [c.intent for c in mine.candidates] == [c.intent for c in theirs.candidates]
        for a, b in zip(mine.candidates, theirs.candidates, strict=True):
            assert abs(a.probability - b.probability) < 1e-5


def make_outcome(
    expected: str | None, best: str | None, answered: bool = True, probability: float = 0.9
) -> Outcome:
    candidates = (Candidate(best, probability),) if best is not None else ()
    return Outcome(
        "a question", expected, Decision.ANSWER if answered else Decision.HANDOFF, candidates
    )


def add_intent(session: Session, name: str, *utterances: str, enabled: bool = True) -> Intent:
    intent = edit_faq.create_intent(
        session, "test", name, f"Title of {name}", f"Answer of {name}", "", utterances
    )
    intent.enabled = enabled
    return intent


def add_version(session: Session, learnt: Sequence[str] = (), **changes: object) -> ModelVersion:
    serial = next(_serial)
    digest = hashlib.sha256(str(serial).encode()).hexdigest()
    values: dict[str, object] = {
        "digest": digest,
        "kind": "train",
        "calibration": CALIBRATION.id,
        "knowledge_revision": 0,
        "fingerprint": digest,
        "training_rows": 10,
        "report": {},
    }
    version = ModelVersion(**values | changes)
    session.add(version)
    session.flush()
    session.add_all(VersionExample(version_id=version.id, query_id=query_id) for query_id in learnt)
    return version


def add_lacking_version(
    session: Session, learnt: Sequence[str] = (), live: int = 1
) -> ModelVersion:
    """A candidate that is in the shadow of version `live`: its evidence, 3 to 1, was not enough."""
    verdict, reasons = Verdict.INSUFFICIENT_EVIDENCE, ("It could be chance.",)
    comparison = ComparisonFigures(
        verdict=verdict,
        reasons=reasons,
        whole=None,
        taught=None,
        elsewhere=None,
        both_right=0,
        only_candidate=3,
        only_live=1,
        both_wrong=0,
        p_value=0.625,
        needed_p_value=None,
        gain=0.5,
        gain_interval=(-0.5, 1.0),
        guards=(),
        differing_weight=1.0,
    )
    report = make_small_report(
        reasons=reasons,
        live_version=live,
        look=1,
        comparison=comparison.model_dump(mode="json"),
        data={"evidence": "earlier"},
    )
    version = add_version(session, learnt, verdict=verdict.value)
    keep_report(version, report)
    return version


def make_small_report(**parts: object) -> EvaluationReport:
    """Of a version that nothing was measured of, but for these; see `change_report`."""
    nothing = Frozen([], [], [], [], make_catalogue({}))
    training = TrainingRun(seconds=1.0, history=())
    measured = Measured([], CALIBRATION)
    return change_report(make_report(1, measured, None, None, None, nothing, training), **parts)


def change_report(report: EvaluationReport, **parts: object) -> EvaluationReport:
    """The same, but for these; of a part that is an object only what is named changes."""
    stored = report.to_json()
    for name, value in parts.items():
        both = isinstance(value, dict) and isinstance(stored[name], dict)
        stored[name] = stored[name] | value if both else value
    return EvaluationReport.from_json(stored)


def load_migration(number: str) -> ModuleType:
    [path] = (MIGRATIONS / "versions").glob(f"{number}_*.py")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_earlier_report(stored: dict[str, Any]) -> EvaluationReport:
    """As an upgrade makes it."""
    return EvaluationReport.from_json(load_migration("0014").complete(stored, 2))


def make_earlier_report(report: EvaluationReport) -> dict[str, Any]:
    """The same as it was kept before decisions were weighed: only the first candidate counted."""
    earlier = report.to_json()
    del earlier["schema"], earlier["ends"]
    for part in ("whole", "taught", "elsewhere"):
        del earlier["comparison"][part]
    kept = ("name", "measured", "allowed", "broken")
    earlier["comparison"]["guards"] = [
        {key: guard[key] for key in kept}
        for guard in earlier["comparison"]["guards"]
        if guard["name"] != "wrongly_answered"
    ]
    earlier["reasons"] = ["Better on 3, worse on 1 of 104 held-out questions: it could be chance."]
    return earlier


def add_live_version(session: Session, **changes: Any) -> ModelVersion:
    version = add_version(session, **changes)
    release.promote(session, version.id, "test", "for a test")
    return version


def add_query(session: Session, text: str = "where is my invoice", **changes: object) -> Query:
    """A logged question, asked a minute after the one made before."""
    if "model_version" not in changes:
        first = session.get(ModelVersion, 1)
        changes["model_version"] = first.id if first else add_version(session).id
    values: dict[str, object] = {
        "id": uuid.uuid4().hex,
        "text": text,
        "text_key": key(text),
        "asked_at": _start + timedelta(minutes=next(_serial)),
        "decision": Decision.HANDOFF.value,
        "candidates": [],
        "usefulness": 0.5,
        "knowledge_revision": 0,
        "calibration": CALIBRATION.id,
    }
    values |= changes
    candidates = values["candidates"]
    assert isinstance(candidates, list)
    values.setdefault("first_intent", candidates[0]["intent"] if candidates else None)
    query = Query(**values)
    session.add(query)
    session.flush()
    return query


def add_confirmed(
    session: Session,
    text: str,
    intent: str | None,
    part: Purpose = Purpose.TRAINING,
    days_ago: float = 0,
    standing: Standing = Standing.VOTES,
    **changes: Any,
) -> Query:
    """A query with a verdict whose part and standing are given, not decided."""
    query = add_query(session, text, **changes)
    intent_id = edit_faq.get_intent(session, intent).id if intent is not None else None
    query.confirmation = Confirmation(
        intent_id=intent_id,
        part=part,
        confirmed_by="agent",
        confirmed_at=now() - timedelta(days=days_ago),
        standing=standing,
    )
    session.flush()
    return query


def settle_all(session: Session, settings: Settings) -> int:
    """As a worker does; how many verdicts changed."""
    changes = find_unsettled(session, settings)
    settle_found(session, changes)
    return len(changes)


def add_evaluation(
    session: Session, text: str, intent: str | None, calibration: bool = False
) -> EvaluationQuestion:
    question = EvaluationQuestion(
        text=text,
        normalised=normalise(text),
        intent_id=edit_faq.get_intent(session, intent).id if intent is not None else None,
        calibration=calibration,
    )
    session.add(question)
    session.flush()
    return question

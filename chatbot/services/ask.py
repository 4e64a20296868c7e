"""Answer questions and log them before the answers leave."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chatbot import metrics
from chatbot.batching import Batcher
from chatbot.domain.matching import Candidate, Decision, usefulness
from chatbot.domain.text import clean, key, redact
from chatbot.errors import NotReady, ServiceUnavailable
from chatbot.matching.catalogue import IntentCard
from chatbot.matching.matcher import Match, Matcher
from chatbot.storage.database import Database
from chatbot.storage.tables import Query

MOST_TOGETHER = 32


@dataclass(frozen=True)
class Question:
    """A cleaned question. A `test` is logged but never reviewed or learnt."""

    text: str
    conversation_id: str | None = None
    test: bool = False


@dataclass(frozen=True)
class Answered:
    """What the visitor gets, with the ids of everything that produced it.

    `candidates` are to choose from when the bot asks back; otherwise all that were considered.
    """

    query_id: str
    match: Match
    candidates: list[Candidate]
    answer: IntentCard | None
    intents: dict[str, IntentCard]
    model_version: int
    knowledge_revision: int
    calibration: str

    @property
    def decision(self) -> Decision:
        return self.match.decision


class Live(Protocol):
    """Holds the matcher that answers now; raises NotReady before there is one."""

    def current(self) -> Matcher: ...


class Answerer:
    """Answers with what is live; what threads ask at the same moment is worked on together."""

    def __init__(self, database: Database, live: Live, max_chars: int) -> None:
        self._max_chars = max_chars
        self._together: Batcher[Question, Answered] = Batcher(
            lambda questions: answer_all(database, live.current(), questions),
            MOST_TOGETHER,
            _watch_batch,
            shared=(NotReady, ServiceUnavailable),
        )

    def ask(self, text: str, conversation_id: str | None = None, test: bool = False) -> Answered:
        """Raises InvalidText for unusable text, NotReady, ServiceUnavailable as `answer_all`."""
        return self._together(Question(clean(text, self._max_chars), conversation_id, test))


def answer_all(
    database: Database, matcher: Matcher, questions: Sequence[Question]
) -> list[Answered]:
    """Match and decide; all questions are stored in one commit before any answer leaves.

    Raises ServiceUnavailable if the rows cannot be stored.
    """
    matches = matcher.match_all([question.text for question in questions])
    answers = [_answer(matcher, match) for match in matches]
    rows = [_row(*both) for both in zip(questions, answers, strict=True)]
    with metrics.STORE.time():
        database.append(Query, rows)
    for match in matches:
        metrics.DECISIONS.labels(match.decision.value).inc()
    return answers


def _answer(matcher: Matcher, match: Match) -> Answered:
    best = match.candidates[0].intent if match.decision is Decision.ANSWER else None
    asks_back = match.decision is Decision.CLARIFY
    candidates = list(match.candidates)
    return Answered(
        query_id=uuid.uuid4().hex,
        match=match,
        candidates=matcher.calibration.offered(candidates) if asks_back else candidates,
        answer=matcher.intents[best] if best else None,
        intents={c.intent: matcher.intents[c.intent] for c in match.candidates},
        model_version=matcher.version,
        knowledge_revision=matcher.revision,
        calibration=matcher.calibration.id,
    )


def _row(question: Question, answered: Answered) -> dict[str, Any]:
    match, shown = answered.match, redact(question.text)
    useful = 0.0 if question.test else usefulness(match.decision, match.candidates, match.exact)
    return {
        "id": answered.query_id,
        "conversation_id": question.conversation_id,
        "text": shown,
        "text_key": key(shown),
        "decision": match.decision.value,
        "exact": match.exact,
        "candidates": [
            {"intent": candidate.intent, "probability": candidate.probability}
            for candidate in match.candidates
        ],
        "first_intent": match.candidates[0].intent if match.candidates else None,
        "usefulness": useful,
        "test": question.test,
        "model_version": answered.model_version,
        "knowledge_revision": answered.knowledge_revision,
        "calibration": answered.calibration,
    }


def _watch_batch(size: int, waits: Sequence[float]) -> None:
    metrics.BATCH.observe(size)
    for wait in waits:
        metrics.QUEUE.observe(wait)

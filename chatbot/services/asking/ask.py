"""Answer questions and log them before the answers leave."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from chatbot import telemetry
from chatbot.batching import Batcher
from chatbot.domain.live_sample import is_drawn, rank
from chatbot.domain.matching import Candidate, Decision, usefulness
from chatbot.domain.redaction import redact
from chatbot.domain.text import clean, clean_lines, key
from chatbot.errors import Conflict, NotReady, ServiceUnavailable
from chatbot.matching.catalogue import IntentCard
from chatbot.matching.matcher import Matcher
from chatbot.matching.reading import Match
from chatbot.storage.database import Database
from chatbot.storage.tables import Query

MOST_TOGETHER = 32


@dataclass(frozen=True)
class Question:
    """A cleaned question. A `test` is logged but never reviewed or learnt.

    `query_id` is what it will be logged as; most let it be chosen. `lines` is the same as it was
    laid out, which tells what of it is quoted; it is matched in the place of `text`.
    """

    text: str
    conversation_id: str | None = None
    test: bool = False
    query_id: str | None = None
    lines: str | None = None


@dataclass(frozen=True)
class Answered:
    """The reply that the visitor gets, with the ids of everything that produced it.

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
    """The holder of the matcher that answers now; raises NotReady before there is one."""

    def current(self) -> Matcher: ...


class Answerer:
    """The answerer with what is live; what threads ask at the same moment is worked on together."""

    def __init__(
        self, database: Database, live: Live, max_chars: int, sample_share: float = 0.0
    ) -> None:
        self._database, self._live, self._max_chars = database, live, max_chars
        self._together: Batcher[Question, Answered] = Batcher(
            lambda questions: answer_all(database, live.current(), questions, sample_share),
            MOST_TOGETHER,
            _watch_batch,
            shared=(NotReady, ServiceUnavailable),
        )

    def ask(self, text: str, conversation_id: str | None = None, test: bool = False) -> Answered:
        """Answer one question. Raises InvalidText for unusable text, NotReady, ServiceUnavailable
        as `answer_all`.
        """
        question = Question(clean(text, self._max_chars), conversation_id, test)
        return self._together(replace(question, lines=clean_lines(text, self._max_chars)))

    def ask_once(
        self, query_id: str, text: str, conversation_id: str | None = None, test: bool = False
    ) -> Answered:
        """Answer a question as `ask` does, but log and answer it only once, however often it is
        repeated.

        Raises Conflict if `query_id` is another question's.
        """
        lines = clean_lines(text, self._max_chars)
        text = clean(text, self._max_chars)
        earlier = self._recall(query_id, text)
        if earlier is not None:
            return earlier
        try:
            return self._together(Question(text, conversation_id, test, query_id, lines))
        except Conflict:
            earlier = self._recall(query_id, text)
            if earlier is None:
                raise
            return earlier

    def _recall(self, query_id: str, text: str) -> Answered | None:
        with self._database.read() as session:
            query = session.get(Query, query_id)
        return recall(self._live.current(), query, text) if query else None


def answer_all(
    database: Database,
    matcher: Matcher,
    questions: Sequence[Question],
    sample_share: float = 0.0,
) -> list[Answered]:
    """Match and decide all questions, and store them in one commit before any answer leaves.

    `sample_share` of them are drawn into the random sample that measures the live bot.
    Raises ServiceUnavailable if the rows cannot be stored.
    """
    matches = matcher.match_all([question.lines or question.text for question in questions])
    answers = [_answer(matcher, *both) for both in zip(questions, matches, strict=True)]
    rows = [_row(*both, sample_share) for both in zip(questions, answers, strict=True)]
    with telemetry.STORE.time():
        database.append(Query, rows)
    for match in matches:
        telemetry.DECISIONS.labels(match.decision.value).inc()
    return answers


def recall(matcher: Matcher, query: Query, text: str) -> Answered:
    """Return the answer that was given then, in the words of today's FAQ. Raises Conflict for
    another text.

    If its intent is gone meanwhile, nothing is left to show but the way to a person.
    """
    if query.text != redact(text):
        raise Conflict("This Idempotency-Key was used for another question. Send a new one.")
    known = [Candidate(**each) for each in query.candidates if each["intent"] in matcher.intents]
    decision = Decision(query.decision)
    if not known or known[0].intent != query.first_intent:
        decision = Decision.HANDOFF
    answered = _answer(
        matcher, Question(text, query_id=query.id), Match(decision, tuple(known), query.exact)
    )
    return replace(
        answered,
        candidates=known[: query.offered] if decision is Decision.CLARIFY else known,
        model_version=query.model_version,
        knowledge_revision=query.knowledge_revision,
        calibration=query.calibration,
    )


def _answer(matcher: Matcher, question: Question, match: Match) -> Answered:
    best = match.candidates[0].intent if match.decision is Decision.ANSWER else None
    asks_back = match.decision is Decision.CLARIFY
    candidates = list(match.candidates)
    offered = match.offered or len(matcher.calibration.offered(candidates))
    return Answered(
        query_id=question.query_id or uuid.uuid4().hex,
        match=match,
        candidates=candidates[:offered] if asks_back else candidates,
        answer=matcher.intents[best] if best else None,
        intents={c.intent: matcher.intents[c.intent] for c in match.candidates},
        model_version=matcher.version,
        knowledge_revision=matcher.revision,
        calibration=matcher.calibration.id,
    )


def _row(question: Question, answered: Answered, sample_share: float) -> dict[str, Any]:
    match, shown = answered.match, redact(question.text)
    drawn = not question.test and is_drawn(answered.query_id, sample_share)
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
        "offered": len(answered.candidates) if match.decision is Decision.CLARIFY else 0,
        "first_intent": match.candidates[0].intent if match.candidates else None,
        "usefulness": rank(answered.query_id) if drawn else useful,
        "sample_share": sample_share if drawn else None,
        "test": question.test,
        "model_version": answered.model_version,
        "knowledge_revision": answered.knowledge_revision,
        "calibration": answered.calibration,
    }


def _watch_batch(size: int, waits: Sequence[float]) -> None:
    telemetry.BATCH.observe(size)
    for wait in waits:
        telemetry.QUEUE.observe(wait)

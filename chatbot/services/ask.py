"""Answer one question and log it before the answer leaves."""

import uuid
from dataclasses import dataclass

from chatbot import metrics
from chatbot.domain.matching import Candidate, Decision, offered, usefulness
from chatbot.domain.text import clean, key, redact
from chatbot.matching.catalogue import IntentCard
from chatbot.matching.matcher import Match, Matcher
from chatbot.storage.database import Database
from chatbot.storage.tables import Query


@dataclass(frozen=True)
class Answered:
    """What the visitor gets, with the ids of everything that produced it."""

    query_id: str
    match: Match
    answer: IntentCard | None
    intents: dict[str, IntentCard]
    model_version: int
    knowledge_revision: int
    calibration: str

    @property
    def decision(self) -> Decision:
        return self.match.decision

    @property
    def candidates(self) -> list[Candidate]:
        """To choose from when the bot asks back; otherwise all that were considered."""
        if self.decision is Decision.CLARIFY:
            return offered(self.match.candidates)
        return list(self.match.candidates)


def ask(
    database: Database,
    matcher: Matcher,
    text: str,
    max_chars: int,
    conversation_id: str | None = None,
    test: bool = False,
) -> Answered:
    """Match `text`, decide, store the query. A `test` query is logged but never reviewed or learnt.

    Raises InvalidText for unusable text, ServiceUnavailable if the row cannot be stored.
    """
    question = clean(text, max_chars)
    match = matcher.match(question)
    shown = redact(question)
    query_id = uuid.uuid4().hex
    row = {
        "id": query_id,
        "conversation_id": conversation_id,
        "text": shown,
        "text_key": key(shown),
        "decision": match.decision.value,
        "exact": match.exact,
        "candidates": [
            {"intent": candidate.intent, "probability": candidate.probability}
            for candidate in match.candidates
        ],
        "usefulness": 0.0 if test else usefulness(match.decision, match.candidates, match.exact),
        "test": test,
        "model_version": matcher.version,
        "knowledge_revision": matcher.revision,
        "calibration": matcher.calibration.id,
    }
    database.append(Query, row)
    metrics.DECISIONS.labels(match.decision.value).inc()
    best = match.candidates[0].intent if match.decision is Decision.ANSWER else None
    return Answered(
        query_id=query_id,
        match=match,
        answer=matcher.intents[best] if best else None,
        intents={c.intent: matcher.intents[c.intent] for c in match.candidates},
        model_version=matcher.version,
        knowledge_revision=matcher.revision,
        calibration=matcher.calibration.id,
    )

"""Judge what became of a visitor's question: right, offered, asked in vain, silent or wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from chatbot.domain.matching import Decision
from chatbot.domain.proportion import Share


class QuestionKind(StrEnum):
    """The kind of a question, as the `kind` column of a questions file says."""

    PLAIN = "plain"
    INDIRECT = "indirect"
    NOISY = "noisy"
    NEAR = "near"
    FAR = "far"
    TWO = "two"
    FOLLOW_UP = "follow-up"
    SMALL_TALK = "small-talk"
    PERSON = "person"
    LANGUAGE = "language"


class Outcome(StrEnum):
    RIGHT = "right"
    OFFERED = "offered"
    IN_VAIN = "asked in vain"
    SILENT = "silent"
    WRONG = "wrong"


@dataclass(frozen=True)
class Reply:
    """The reply that a visitor is shown: articles, articles to choose from, or words of the bot's
    own.
    """

    answered: frozenset[str]
    offered: frozenset[str]
    hands_over: bool

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read the body of a reply of `/ask`; candidates are shown only when the bot asks back."""
        decision, answer = body["decision"], body["answer"]
        asks_back = decision == Decision.CLARIFY
        return cls(
            answered=frozenset([answer["intent"]] if answer and answer.get("intent") else []),
            offered=frozenset(c["intent"] for c in body["candidates"] if asks_back),
            hands_over=decision == Decision.HANDOFF,
        )

    @property
    def speaks_itself(self) -> bool:
        """True if a reply is no article and no hand-off, as a greeting in reply to a greeting."""
        return not (self.answered or self.offered or self.hands_over)


@dataclass(frozen=True)
class Judged:
    """A question of some kind, what was replied, and what that is worth."""

    kind: QuestionKind
    reply: Reply
    outcome: Outcome

    @property
    def answers(self) -> bool:
        """True if a reply counts as an automatic answer: an article, or words that miss the
        question.
        """
        speaks = self.reply.speaks_itself and self.outcome is Outcome.WRONG
        return bool(self.reply.answered) or speaks


def judge(kind: QuestionKind, wanted: frozenset[str], reply: Reply) -> Outcome:
    """Say what a reply is worth to who asked for the intents `wanted`; none: not in the FAQ."""
    if reply.answered - wanted:
        return Outcome.WRONG
    if not wanted:
        return _judge_without_article(kind, reply)
    if reply.speaks_itself:
        return Outcome.WRONG
    if reply.hands_over:
        return Outcome.SILENT
    treated = wanted & (reply.answered | reply.offered)
    if treated == wanted and (kind is QuestionKind.TWO or reply.answered):
        return Outcome.RIGHT
    return Outcome.OFFERED if treated else Outcome.IN_VAIN


def _judge_without_article(kind: QuestionKind, reply: Reply) -> Outcome:
    if kind is QuestionKind.SMALL_TALK:
        if reply.hands_over:
            return Outcome.SILENT
        return Outcome.IN_VAIN if reply.offered else Outcome.RIGHT
    return Outcome.RIGHT if reply.hands_over else Outcome.IN_VAIN


def summarise(judged: Sequence[Judged]) -> dict[str, Any]:
    """Count outcomes by kind, plain questions answered, automatic answers that were wrong (95 %
    interval of Wilson), and ask-backs that offer a single option.
    """
    answers = [each.outcome is Outcome.WRONG for each in judged if each.answers]
    wrong = Share.counted(sum(answers), len(answers))
    offers = [len(each.reply.offered) for each in judged if each.reply.offered]
    plain = _count(judged, QuestionKind.PLAIN)
    asked = max(1, plain.total())
    return {
        "plain_right": plain[Outcome.RIGHT] / asked,
        "plain_right_or_offered": (plain[Outcome.RIGHT] + plain[Outcome.OFFERED]) / asked,
        "answers": len(answers),
        "wrong_answers": sum(answers),
        "wrong_of_answers": wrong.value,
        "wrong_of_answers_low": wrong.low,
        "wrong_of_answers_high": wrong.high,
        "asked_back": len(offers),
        "asked_back_with_one_option": offers.count(1),
        "kinds": {kind: _row(judged, kind) for kind in QuestionKind},
    }


def _row(judged: Sequence[Judged], kind: QuestionKind) -> dict[str, int]:
    counted = _count(judged, kind)
    return {"questions": counted.total()} | {outcome: counted[outcome] for outcome in Outcome}


def _count(judged: Sequence[Judged], kind: QuestionKind) -> Counter[Outcome]:
    return Counter(each.outcome for each in judged if each.kind is kind)

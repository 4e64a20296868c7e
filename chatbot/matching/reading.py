"""Read a question before it is matched, and decide what its readings come to together.

A message is more than a question: it quotes, it has slips, it refuses, it asks two things. Each
reading is matched as any text is; what they come to is decided here (docs/decisions/0027).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chatbot.domain.matching import MOST_CANDIDATES, MOST_OFFERED, Candidate, Decision
from chatbot.domain.noise.clauses import is_request, split
from chatbot.domain.noise.negation import Turn, contradicts, find_negated
from chatbot.domain.noise.quoted import own_words
from chatbot.matching.spelling import Spelling
from chatbot.matching.wording import Wording

CLEAR = 0.6
_LEAST_OFFERED = 2
_RANK = {Decision.HANDOFF: 0, Decision.CLARIFY: 1, Decision.ANSWER: 2}


@dataclass(frozen=True)
class Match:
    """The result of matching one question; `exact` when its very words are known.

    `offered` says how many of the first candidates a visitor must be offered; None leaves that to
    the calibration.
    """

    decision: Decision
    candidates: tuple[Candidate, ...]
    exact: bool
    offered: int | None = None


MatchEach = Callable[[Sequence[str]], list[Match]]


@dataclass(frozen=True)
class Reading:
    """A message as it is matched: without quotations as `text`, and with its slips repaired.

    All of it is `whole`, which counts only if the FAQ knows those very words.
    """

    whole: str
    text: str
    repaired: str
    clauses: tuple[str, ...]

    @classmethod
    def of(cls, text: str, spelling: Spelling) -> "Reading":
        """Read `text`, which may have several lines: they tell a quotation from what was written
        now.
        """
        own = own_words(text)
        repaired = spelling.repair(own)
        whole = _on_one_line(text)
        own_line = whole if own == text else _on_one_line(own)
        repaired_line = own_line if repaired == own else _on_one_line(repaired)
        return cls(whole, own_line, repaired_line, tuple(split(repaired)))

    @property
    def variants(self) -> tuple[str, ...]:
        """The texts to be matched, each once."""
        return tuple(dict.fromkeys((self.whole, self.text, self.repaired, *self.clauses)))


def match_read(texts: Sequence[str], wording: Wording, match_each: MatchEach) -> list[Match]:
    """Decide on messages; `match_each` decides on plain texts, and gets all of them at once."""
    readings = [Reading.of(text, wording.spelling) for text in texts]
    variants = [reading.variants for reading in readings]
    matches = iter(match_each([text for each in variants for text in each]))
    found = [{text: next(matches) for text in each} for each in variants]
    return [
        _decide(reading, matched, wording, match_each)
        for reading, matched in zip(readings, found, strict=True)
    ]


def _decide(
    reading: Reading, matches: dict[str, Match], wording: Wording, match_each: MatchEach
) -> Match:
    for known in (matches[reading.whole], matches[reading.text]):
        if known.exact:
            return known
    whole = _surer(matches[reading.text], matches[reading.repaired])
    if whole.exact:
        return whole
    parts = _sure_parts([(clause, matches[clause]) for clause in reading.clauses])
    if len(parts) > 1:
        return _offer_all(parts)
    if whole.decision is Decision.ANSWER:
        return _unless_refused(reading.repaired, whole, wording, match_each)
    if parts and whole.decision is Decision.HANDOFF:
        return _ask_back(parts[0])
    return whole


def _surer(written: Match, repaired: Match) -> Match:
    return max(repaired, written, key=lambda match: (_RANK[match.decision], _top(match)))


def _top(match: Match) -> float:
    return match.candidates[0].probability if match.candidates else 0.0


def _sure_parts(clauses: Sequence[tuple[str, Match]]) -> list[Match]:
    """Return the surest part of each intent that a clause surely asks for; at least one is to be
    answered.
    """
    best: dict[str, Match] = {}
    for clause, match in clauses:
        if not _is_sure(clause, match):
            continue
        intent = match.candidates[0].intent
        if intent not in best or _top(best[intent]) < _top(match):
            best[intent] = match
    parts = list(best.values())[:MOST_OFFERED]
    return parts if any(part.decision is Decision.ANSWER for part in parts) else []


def _is_sure(clause: str, match: Match) -> bool:
    """A statement may be a mere circumstance, so that more is asked of it than of a request."""
    if match.decision is Decision.ANSWER:
        return True
    return is_request(clause) and _top(match) >= CLEAR


def _offer_all(parts: Sequence[Match]) -> Match:
    """The intents of all parts; a probability is that of the intent for a part drawn by chance."""
    share: dict[str, float] = {part.candidates[0].intent: 0.0 for part in parts}
    for part in parts:
        for candidate in part.candidates:
            share[candidate.intent] = share.get(candidate.intent, 0.0) + candidate.probability
    asked = {part.candidates[0].intent for part in parts}
    ranked = sorted(share, key=lambda intent: (intent not in asked, -share[intent], intent))
    candidates = tuple(Candidate(i, share[i] / len(parts)) for i in ranked[:MOST_CANDIDATES])
    return Match(Decision.CLARIFY, candidates, exact=False, offered=len(parts))


def _unless_refused(text: str, match: Match, wording: Wording, match_each: MatchEach) -> Match:
    """`match`, asked back if the message refuses what it would answer, or wants its contrary."""
    negated = find_negated(text)
    intent = match.candidates[0].intent
    if negated is None or not contradicts(negated, wording.turns_of(intent)):
        return match
    if negated.turn is not Turn.ENDS:
        refused, *rest = match_each([negated.refused, *filter(None, [negated.rest])])
        if not _asks_for(intent, refused) or any(_answers(intent, one) for one in rest):
            return match
    return _ask_back(match)


def _ask_back(match: Match) -> Match:
    """A single option would be no choice."""
    return replace(match, decision=Decision.CLARIFY, exact=False, offered=_LEAST_OFFERED)


def _asks_for(intent: str, match: Match) -> bool:
    return bool(match.candidates) and match.candidates[0].intent == intent


def _answers(intent: str, match: Match) -> bool:
    return match.decision is Decision.ANSWER and _asks_for(intent, match)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())

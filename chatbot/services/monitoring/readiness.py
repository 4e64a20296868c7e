"""Tell whether the bot is ready: what it would do with a hundred questions, and what
to mend first.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from chatbot.domain.matching import Scored
from chatbot.domain.readiness import (
    GOOD_UTTERANCES,
    LEAST_UTTERANCES,
    MUTE_BELOW,
    UNCOVERED_SHARE,
    OfHundred,
    Trial,
    mix,
)
from chatbot.matching.in_batches import in_batches
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.lint import Findings, FlawKind, lint
from chatbot.services.knowledge.near_duplicates import ALIKE
from chatbot.services.monitoring.checks.quality import LiveState
from chatbot.storage.database import Database, batched

MOST_TRIED = 2000
MOST_TRIED_AS_UNKNOWN = 500
MOST_NAMED = 4
_MOST_PAIRS = 5
_MOST_TITLES = 2000
_AT_ONCE = 100  # compared with all answers in little memory


@dataclass(frozen=True)
class OfIntent:
    """The fate of an intent's phrasings, each tried as if it were not known."""

    intent: str
    title: str
    tried: int
    missed: int  # neither answered rightly nor offered
    fates: OfHundred


@dataclass(frozen=True)
class Step:
    """A thing to mend: a sentence, and whom it concerns.

    `kind` says where it is mended: phrasings, alike, answers, untried or review. `gain` is about
    how many of a hundred questions that the FAQ covers it touches.
    """

    kind: str
    text: str
    intents: tuple[str, ...]
    gain: float


@dataclass(frozen=True)
class Readiness:
    """The readiness of a bot: `covered` and `uncovered` are of a hundred questions each, `all` of a
    hundred of both.

    They are None where the FAQ has no phrasings to try. `reason` and `remedy` are empty unless the
    bot is mute. `untried` intents have no phrasings.
    """

    version: int
    tried: int
    known: int
    covered: OfHundred | None
    uncovered: OfHundred | None
    all: OfHundred | None
    intents: list[OfIntent]
    untried: int
    reason: str
    remedy: str
    steps: list[Step]

    @property
    def is_mute(self) -> bool:
        return bool(self.reason)

    @property
    def assumption(self) -> str:
        """The assumption that the figures rest on, in an editor's words."""
        if self.covered is None:
            return (
                "Nothing is known yet: the FAQ has titles and answers, but no phrasings that the "
                "bot could be tried with. It matches questions with titles and answers alone."
            )
        share = round(100 * UNCOVERED_SHARE)
        return (
            f"{self.tried:,} of {self.known:,} known phrasings were asked as if the bot did not "
            f"know them. How much visitors ask that the FAQ lacks is not known: {share} of 100 "
            "questions are assumed. Visitors may put it less like your phrasings, so expect "
            "rather fewer right answers."
        )


@dataclass(frozen=True)
class _Tried:
    """The trials of one matcher, whatever else its FAQ's tables say."""

    covered: list[Trial]
    uncovered: list[Trial]


class ReadinessOf:
    """The readiness of the live bot; phrasings are tried again when the version, its thresholds or
    the FAQ change.

    Of many that ask at once, one tries and the others wait for it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._tried: tuple[tuple[int, int, str], _Tried] | None = None

    def read(self, matcher: Matcher, findings: Findings | None = None) -> Readiness:
        """Return the readiness of the live matcher; pass `findings` if the FAQ was
        checked already.
        """
        tried = self._try(matcher)
        with self._database.read() as session:
            return _judge(session, matcher, tried, findings or lint(session, matcher))

    def read_mute(self, matcher: Matcher) -> Readiness:
        """Return whether the bot is mute and why, without checking the FAQ: no steps."""
        return _describe(matcher, self._try(matcher), {}, [])

    def _try(self, matcher: Matcher) -> _Tried:
        state = (matcher.version, matcher.revision, matcher.calibration.id)
        with self._lock:
            if self._tried is None or self._tried[0] != state:
                self._tried = (state, _try_phrasings(matcher))
            return self._tried[1]


def _try_phrasings(matcher: Matcher) -> _Tried:
    rows = _sample(matcher, MOST_TRIED)
    as_unknown = rows[:: max(1, -(-len(rows) // MOST_TRIED_AS_UNKNOWN))]
    covered: list[Trial] = []
    uncovered: list[Trial] = []
    for some in in_batches(rows, _AT_ONCE):
        covered += _trials(matcher, some, matcher.score_known(some), is_covered=True)
    for some in in_batches(as_unknown, _AT_ONCE):
        uncovered += _trials(matcher, some, matcher.score_as_unknown(some), is_covered=False)
    return _Tried(covered, uncovered)


def _sample(matcher: Matcher, most: int) -> list[int]:
    """Rows in the order of their intents, each intent by its share."""
    known = matcher.phrasings.known_rows
    known = known[[matcher.phrasings.intent_at(row) is not None for row in known.tolist()]]
    ordered = known[np.argsort(matcher.phrasings.intents[known], kind="stable")]
    step = max(1, -(-len(ordered) // most))
    found: list[int] = ordered[::step].tolist()
    return found


def _trials(
    matcher: Matcher, rows: Sequence[int], scored: Sequence[list[Scored]], is_covered: bool
) -> Iterator[Trial]:
    calibration = matcher.calibration
    for row, votes in zip(rows, scored, strict=True):
        intent = matcher.phrasings.intent_at(row)
        assert intent is not None
        candidates = calibration.candidates(votes)
        yield Trial.of(
            intent,
            calibration.decide(candidates),
            candidates,
            calibration.offered(candidates),
            is_covered,
        )


def _judge(session: Session, matcher: Matcher, tried: _Tried, findings: Findings) -> Readiness:
    titles: dict[str, str] = {}
    for some in batched({trial.intent for trial in tried.covered} | _named(findings)):
        titles |= edit_faq.titles(session, some)
    steps = [
        *_more_phrasings(tried.covered, titles),
        *_tell_apart(tried.covered, findings, titles),
        *_titles_alike(matcher),
        *_give_answers(tried.covered, findings, titles),
        *_first_phrasings(matcher),
    ]
    steps.sort(key=lambda step: -step.gain)
    if LiveState.read(session).accuracy.judged == 0:
        text = "No questions are judged yet: judge some at the review desk, so that what is "
        steps.append(Step("review", text + "assumed here becomes known.", (), 0.0))
    return _describe(matcher, tried, titles, steps)


def _named(findings: Findings) -> set[str]:
    pairs = [*findings.contradictions, *findings.alike][:_MOST_PAIRS]
    named = {phrase.intent for pair in pairs for phrase in (pair.one, pair.other)}
    return named | {flaw.intent for flaw in findings.of(FlawKind.ANSWER)}


def _describe(
    matcher: Matcher, tried: _Tried, titles: dict[str, str], steps: list[Step]
) -> Readiness:
    covered = OfHundred.of(tried.covered) if tried.covered else None
    uncovered = OfHundred.of(tried.uncovered) if tried.uncovered else None
    both = mix(covered, uncovered, UNCOVERED_SHARE) if covered and uncovered else None
    reason, remedy = _why_mute(matcher, covered)
    return Readiness(
        version=matcher.version,
        tried=len(tried.covered),
        known=matcher.phrasings.size,
        covered=covered,
        uncovered=uncovered,
        all=both,
        intents=_by_intent(tried.covered, titles),
        untried=len(_without_phrasings(matcher)),
        reason=reason,
        remedy=remedy,
        steps=steps,
    )


def _why_mute(matcher: Matcher, covered: OfHundred | None) -> tuple[str, str]:
    """Say why the bot hardly answers, and what helps; both empty if it does answer."""
    if not matcher.intents:
        return "The FAQ has no intents.", "Add intents, or import your FAQ."
    if matcher.calibration.answer_at > 1:
        reason = "The model is never sure enough to answer anything but known words."
        if matcher.calibration.rows == 0:
            return reason, "It was never measured on your FAQ: retrain it at Models."
        few = f"Give intents at least {LEAST_UTTERANCES} phrasings, then retrain at Models."
        return reason, few
    if covered is not None and covered.answered < MUTE_BELOW:
        reason = f"Of 100 questions that the FAQ covers, it would answer {covered.answered}."
        return reason, "Mend what stands first under “What to do next”, then retrain at Models."
    return "", ""


def _by_intent(trials: Sequence[Trial], titles: dict[str, str]) -> list[OfIntent]:
    """Return the trials by intent, those that miss most first."""
    own: defaultdict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        own[trial.intent].append(trial)
    found = [
        OfIntent(
            intent=name,
            title=titles.get(name, name),
            tried=len(some),
            missed=sum(not trial.found for trial in some),
            fates=OfHundred.of(some),
        )
        for name, some in own.items()
    ]
    return sorted(found, key=lambda one: (-one.missed / one.tried, -one.missed, one.intent))


def _more_phrasings(trials: Sequence[Trial], titles: dict[str, str]) -> Iterator[Step]:
    missed = Counter(trial.intent for trial in trials if not trial.found)
    worst = [name for name, _ in missed.most_common(MOST_NAMED)]
    if worst:
        gain = 100 * sum(missed[name] for name in worst) / len(trials)
        whose = f"these {len(worst)} intents" if len(worst) > 1 else "this intent"
        text = f"Add {LEAST_UTTERANCES} more phrasings to {whose}, whose questions go wrong most: "
        yield Step("phrasings", text + _list(worst, titles) + ".", tuple(worst), gain)


def _tell_apart(
    trials: Sequence[Trial], findings: Findings, titles: dict[str, str]
) -> Iterator[Step]:
    taken_for = Counter(
        frozenset((trial.intent, trial.first))
        for trial in trials
        if trial.first is not None and trial.first != trial.intent
    )
    for pair in [*findings.contradictions, *findings.alike][:_MOST_PAIRS]:
        both = (pair.one.intent, pair.other.intent)
        text = (
            f"{_list(both, titles, ' and ')} look alike: “{pair.one.text}” and “{pair.other.text}”."
        )
        gain = 100 * taken_for[frozenset(both)] / max(1, len(trials))
        yield Step("alike", f"{text} Reword, or merge the two.", both, gain)


def _titles_alike(matcher: Matcher) -> Iterator[Step]:
    """Yield steps for like titles of intents without phrasings, of which nothing else
    can be tried.
    """
    passages, cards = matcher.passages, matcher.intents
    bare = set(_without_phrasings(matcher)[:_MOST_TITLES])
    places = [place for place, name in enumerate(passages.names) if name in bare]
    likeness = np.triu(passages.titles[places] @ passages.titles[places].T, 1)
    pairs = np.argwhere(likeness >= ALIKE).tolist()
    for one, other in sorted(pairs, key=lambda at: -likeness[at[0], at[1]])[:_MOST_PAIRS]:
        both = (passages.names[places[one]], passages.names[places[other]])
        named = " and ".join(f"“{cards[name].title}”" for name in both)
        text = f"The titles {named} look alike: say in each what sets it apart."
        yield Step("alike", text, both, 0.0)


def _give_answers(
    trials: Sequence[Trial], findings: Findings, titles: dict[str, str]
) -> Iterator[Step]:
    bare = [flaw.intent for flaw in findings.of(FlawKind.ANSWER)]
    if bare:
        touched = set(bare)
        gain = 100 * sum(trial.intent in touched for trial in trials) / max(1, len(trials))
        verb = "have" if len(bare) > 1 else "has"
        text = f"{_list(bare[:MOST_NAMED], titles)}{_more(bare)} {verb} no real answer: write it."
        yield Step("answers", text, tuple(bare[:MOST_NAMED]), gain)


def _first_phrasings(matcher: Matcher) -> Iterator[Step]:
    """Yield a step for intents without phrasings; of each, as many questions are expected as of any
    other.
    """
    bare = _without_phrasings(matcher)
    if bare:
        titles = {name: matcher.intents[name].title for name in bare[:MOST_NAMED]}
        verb = "have" if len(bare) > 1 else "has"
        text = (
            f"{_list(bare[:MOST_NAMED], titles)}{_more(bare)} {verb} no phrasings: write how "
            f"visitors put it, at least {LEAST_UTTERANCES}, better {GOOD_UTTERANCES}."
        )
        gain = 100 * len(bare) / len(matcher.intents)
        yield Step("untried", text, tuple(bare[:MOST_NAMED]), gain)


def _without_phrasings(matcher: Matcher) -> list[str]:
    phrasings = matcher.phrasings
    spoken = {phrasings.names[i] for i in set(phrasings.intents[phrasings.known_rows].tolist())}
    return [name for name in matcher.intents if name not in spoken]


def _list(names: Sequence[str], titles: dict[str, str], between: str = ", ") -> str:
    return between.join(f"“{titles.get(name, name)}”" for name in names)


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""

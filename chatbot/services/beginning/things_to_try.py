"""Questions to try the live bot with: each does what its heading says, because it was asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.matching.matcher import Matcher
from chatbot.services.asking.popular import list_popular
from chatbot.storage.tables import EvaluationQuestion, Intent

MOST = 2
_MOST_ASKED = 150
_SHORT = 60  # characters; longer ones are shown where there are no others
_FOREIGN = (
    "can you recommend a good pasta recipe",
    "who won the football match last night",
    "what is the capital of Mongolia",
)


@dataclass(frozen=True)
class ThingsToTry:
    """Questions to try, at most MOST of each kind; a kind that none was found of is empty."""

    answered: Sequence[str] = field(default_factory=list)
    asked_back: Sequence[str] = field(default_factory=list)
    handed_over: Sequence[str] = field(default_factory=list)


def find_things_to_try(session: Session, matcher: Matcher) -> ThingsToTry:
    """Ask `matcher` test questions of the FAQ, then its own utterances and titles.

    What it answers is rightly answered: with the intent that the question belongs to.
    """
    labelled = sorted(_labelled(session), key=lambda pair: len(pair[0]) > _SHORT)
    matches = matcher.match_all([text for text, _ in labelled])
    answered: dict[str, str] = {}  # one of each intent
    asked_back: dict[str, str] = {}
    for (text, intent), match in zip(labelled, matches, strict=True):
        first = match.candidates[0].intent if match.candidates else None
        if match.decision is Decision.ANSWER and first == intent:
            answered.setdefault(intent, text)
        elif match.decision is Decision.CLARIFY and len(match.candidates) > 1:
            asked_back.setdefault(intent, text)
    foreign = zip(_FOREIGN, matcher.match_all(list(_FOREIGN)), strict=True)
    handed_over = [text for text, match in foreign if match.decision is Decision.HANDOFF]
    return ThingsToTry(_some(answered.values()), _some(asked_back.values()), _some(handed_over)[:1])


def _labelled(session: Session) -> list[tuple[str, str]]:
    """(text, intent): what the bot does not know by heart comes first."""
    asked = (
        select(EvaluationQuestion.text, Intent.name)
        .join(Intent)
        .where(Intent.enabled)
        .order_by(EvaluationQuestion.id)
        .limit(_MOST_ASKED)
    )
    found = [(text, name) for text, name in session.execute(asked)]
    titles = select(Intent.title, Intent.name).where(Intent.enabled).order_by(Intent.id)
    names = dict(session.execute(titles.limit(_MOST_ASKED)).all())
    popular = [(p.question, names[p.title]) for p in list_popular(session) if p.title in names]
    return found + popular + list(names.items())


def _some(texts: Iterable[str]) -> list[str]:
    """The first ones, without repetitions."""
    return list(islice(dict.fromkeys(texts), MOST))

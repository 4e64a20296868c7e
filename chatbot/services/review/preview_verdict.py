"""Preview a verdict: like questions that the bot would then answer otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.matching import Decision
from chatbot.domain.text import key
from chatbot.matching.catalogue import Edit, Entry
from chatbot.matching.in_batches import in_batches
from chatbot.matching.matcher import Matcher
from chatbot.matching.reading import Match
from chatbot.storage.tables import Query

MOST_COMPARED = 300
LEAST_SIMILARITY = 0.5
_BATCH = 32


class Reply(NamedTuple):
    """The bot's reply to a question; `intent` is what it answers, if it answers."""

    decision: Decision
    intent: str | None

    @classmethod
    def of(cls, match: Match) -> "Reply":
        answers = match.decision is Decision.ANSWER
        return cls(match.decision, match.candidates[0].intent if answers else None)


class Change(NamedTuple):
    """A question that was asked before, and the replies to it without and with the verdict."""

    text: str
    before: Reply
    after: Reply


@dataclass(frozen=True)
class Foresight:
    """The changes that a verdict would make, by the intent chosen; `compared` like questions were
    looked at.
    """

    compared: int
    changes: dict[str, list[Change]]


def foresee(session: Session, matcher: Matcher, query: Query, intents: Sequence[str]) -> Foresight:
    """Return what the live model would do if it knew this question as a phrasing of each of
    `intents`.

    The next version will know it so, unless the verdict is held out; its weights move too, which
    nobody can foresee. Only the newest questions are compared, the likest first.
    """
    texts = _list_like(session, matcher, query)
    before = matcher.match_all(texts)
    changes: dict[str, list[Change]] = {}
    for intent in intents:
        phrasing = {key(query.text): Entry(query.text, intent, confirmed=True)}
        taught = matcher.edited(Edit(matcher.revision, {}, phrasing))
        pairs = zip(texts, before, taught.match_all(texts), strict=True)
        all_replies = [Change(text, Reply.of(now), Reply.of(then)) for text, now, then in pairs]
        changes[intent] = [change for change in all_replies if change.before != change.after]
    return Foresight(len(texts), changes)


def _list_like(session: Session, matcher: Matcher, query: Query) -> list[str]:
    """Each wording once, without that of `query`."""
    newest = (
        select(Query.text_key, Query.text)
        .where(Query.test.is_(False))
        .order_by(Query.asked_at.desc())
        .limit(MOST_COMPARED)
    )
    distinct = dict(session.execute(newest).all())
    distinct.pop(query.text_key, None)
    texts = list(distinct.values())
    embed = matcher.bundle.embedder.embed
    own = embed([query.text])[0]
    batches = in_batches(texts, _BATCH)  # small: a visitor's question must not wait for all
    similarities = [float(similarity) for some in batches for similarity in embed(some) @ own]
    likest = np.argsort([-similarity for similarity in similarities], kind="stable").tolist()
    return [texts[place] for place in likest if similarities[place] >= LEAST_SIMILARITY]

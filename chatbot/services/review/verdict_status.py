"""Tell what became of a verdict: what it decides now, what it counts for, and which model learnt
it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose
from chatbot.domain.quarantine import Standing
from chatbot.domain.text import normalise
from chatbot.services.knowledge.standing import in_order_of_verdicts
from chatbot.storage.database import batched
from chatbot.storage.tables import (
    Confirmation,
    Intent,
    ModelPointer,
    Query,
    Utterance,
    VersionExample,
)


class Effect(StrEnum):
    """What a verdict does now. From `COUNTS` to `TURN` it decides on the same words."""

    COUNTS = "counts"  # for similar questions, too
    SECOND = "second"  # for similar ones once somebody else says it
    TURN = "turn"  # for similar ones from a later night on
    OVERRULED = "overruled"  # by a newer verdict on the same words
    FAQ = "faq"  # the FAQ has the same words for another intent
    DISABLED = "disabled"  # its intent answers nothing now
    APART = "apart"  # it is in quarantine


@dataclass(frozen=True)
class Said:
    """A further verdict on the same words; no intent means "none of these"."""

    query_id: str
    intent: str | None
    by: str
    at: datetime


@dataclass(frozen=True)
class Receipt:
    """A verdict and its effect; `version` is the newest that learnt it, `is_live` whether that
    answers now.

    `contradicts` is the newest verdict of somebody else on the same words that says otherwise, and
    `faq_intent` what the FAQ has the same words for.
    """

    query: Query
    verdict: Confirmation
    effect: Effect
    version: int | None = None
    is_live: bool = False
    contradicts: Said | None = None
    faq_intent: str | None = None

    @property
    def measures(self) -> bool:
        return self.verdict.part == Purpose.HELD_OUT


def list_receipts(session: Session, queries: Iterable[Query]) -> list[Receipt]:
    """List the receipts of those of `queries` that were judged, in their order."""
    judged = [(query, query.confirmation) for query in queries if query.confirmation is not None]
    ids = [query.id for query, _ in judged]
    live = session.scalar(select(ModelPointer.version_id))
    newest = _newest_by_query(session, ids, None)
    now_live = _newest_by_query(session, ids, live) if live is not None else {}
    said = _said_of_words(session, {query.text_key for query, _ in judged})
    authored = _authored(session, {normalise(query.text) for query, _ in judged})
    return [
        Receipt(
            query,
            verdict,
            _effect(verdict, said[query.text_key], faq_intent),
            now_live.get(query.id, newest.get(query.id)),
            query.id in now_live,
            _contradicted(verdict, said[query.text_key]),
            faq_intent,
        )
        for query, verdict in judged
        for faq_intent in [authored.get(normalise(query.text))]
    ]


def say(receipt: Receipt) -> str:
    """Say in words what happens now."""
    said = [_SAYS[receipt.effect](receipt)]
    if receipt.effect in (Effect.COUNTS, Effect.SECOND, Effect.TURN):
        said += [_say_learning(receipt)] if receipt.effect is Effect.COUNTS else []
        said += [say_contradiction(receipt.contradicts)] if receipt.contradicts else []
    return " ".join(said)


def say_contradiction(other: Said) -> str:
    return f"{other.by} said {_named(other.intent)} on {other.at:%-d %b} for the same words."


def _named(intent: str | None) -> str:
    return f"“{intent}”" if intent is not None else "“none of these”"


def _same_words(receipt: Receipt) -> str:
    what = "handed over" if receipt.verdict.intent_id is None else "answered so"
    return f"The same words are {what} from now on"


def _say_learning(receipt: Receipt) -> str:
    if receipt.measures:
        return "It measures models, so none is trained on it."
    if receipt.version is None:
        return "The next training learns it."
    where = "which is live" if receipt.is_live else "which is not live"
    return f"Model {receipt.version}, {where}, has learnt it."


def _say_overruled(receipt: Receipt) -> str:
    newer = "A newer verdict on the same words decides."
    return f"{newer} {say_contradiction(receipt.contradicts)}" if receipt.contradicts else newer


_SAYS: Mapping[Effect, Callable[[Receipt], str]] = {
    Effect.COUNTS: lambda r: f"{_same_words(r)}, and it counts for similar questions.",
    Effect.SECOND: lambda r: (
        f"{_same_words(r)}. It counts for similar questions once a second person says it too: the "
        "bot was sure of something else, or knows few phrasings of that."
    ),
    Effect.TURN: lambda r: (
        f"{_same_words(r)}. It counts for similar questions from a later night on: one night takes "
        "so many of one person or intent, and no more."
    ),
    Effect.OVERRULED: _say_overruled,
    Effect.FAQ: lambda r: (
        f"The FAQ has these very words for {_named(r.faq_intent)}, and that stands. Move or remove "
        "the utterance there to change it."
    ),
    Effect.DISABLED: lambda _: "Its intent is a draft, which answers nothing before it is enabled.",
    Effect.APART: lambda _: "It is in quarantine, without effect until an admin releases it.",
}


def _effect(verdict: Confirmation, said: Sequence[Said], faq_intent: str | None) -> Effect:
    intent = verdict.intent.name if verdict.intent else None
    if faq_intent is not None:
        return Effect.COUNTS if faq_intent == intent else Effect.FAQ
    if verdict.standing == Standing.APART:
        return Effect.APART
    if said and said[-1].intent != intent:
        return Effect.OVERRULED
    if verdict.intent is not None and not verdict.intent.enabled:
        return Effect.DISABLED
    return {Standing.SECOND: Effect.SECOND, Standing.TURN: Effect.TURN}.get(
        Standing(verdict.standing), Effect.COUNTS
    )


def _contradicted(verdict: Confirmation, said: Sequence[Said]) -> Said | None:
    intent = verdict.intent.name if verdict.intent else None
    others = [s for s in said if s.intent != intent and s.by != verdict.confirmed_by]
    return others[-1] if others else None


def _said_of_words(session: Session, text_keys: set[str]) -> Mapping[str, list[Said]]:
    """Verdicts in effect by the key of their words, the newest last."""
    said: dict[str, list[Said]] = {text_key: [] for text_key in text_keys}
    for some in batched(text_keys):
        rows = in_order_of_verdicts(
            select(
                Query.text_key,
                Query.id,
                Intent.name,
                Confirmation.confirmed_by,
                Confirmation.confirmed_at,
            )
            .join(Confirmation, Confirmation.query_id == Query.id)
            .outerjoin(Intent, Intent.id == Confirmation.intent_id)
            .where(Query.text_key.in_(some), Confirmation.standing != Standing.APART)
        )
        for text_key, query_id, intent, by, at in session.execute(rows):
            said[text_key].append(Said(query_id, intent, by, at))
    return said


def _authored(session: Session, texts: set[str]) -> dict[str, str]:
    """Return what the FAQ has of these normalised texts, with its intents."""
    found: dict[str, str] = {}
    for some in batched(texts):
        rows = (
            select(Utterance.normalised, Intent.name)
            .join(Intent)
            .where(Utterance.normalised.in_(some), Intent.enabled)
        )
        found.update(session.execute(rows).all())
    return found


def _newest_by_query(session: Session, ids: list[str], version: int | None) -> dict[str, int]:
    """The newest version that learnt each query; only `version` counts if it is given."""
    learnt = (
        select(VersionExample.query_id, func.max(VersionExample.version_id))
        .where(VersionExample.query_id.in_(ids))
        .group_by(VersionExample.query_id)
    )
    if version is not None:
        learnt = learnt.where(VersionExample.version_id == version)
    return dict(session.execute(learnt).all())

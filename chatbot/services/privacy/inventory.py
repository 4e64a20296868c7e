"""List what each table and each file of an artefact keeps, of whom, and until when.

A table or a file that is not here fails a test, so nothing is kept without a decision on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from chatbot.services.access.users import FAILURES_COUNT_FOR
from chatbot.services.delivery.deliveries import DeliveryState
from chatbot.storage.database import Table
from chatbot.storage.tables import (
    Delivery,
    FailedSignIn,
    Knowledge,
    KnowledgeChange,
    SignIn,
    WorkingProcess,
)

DELIVERIES_KEPT_FOR = timedelta(days=30)
SILENT_PROCESSES_KEPT_FOR = timedelta(hours=1)
KEPT_REVISIONS = 10_000
"""Of the FAQ's change log. A process that is further behind reads the whole FAQ."""


@dataclass(frozen=True)
class Kept:
    """A description of what a table, or a file of an artefact, keeps, `whose` it is, and `until`
    when.
    """

    name: str
    what: str
    whose: str
    until: str


@dataclass(frozen=True)
class KeptForATime(Kept):
    """A table of which rows are forgotten by themselves: those that `are_old` at a moment."""

    table: type[Table]
    are_old: Callable[[datetime], ColumnElement[bool]]


def _are_old_deliveries(moment: datetime) -> ColumnElement[bool]:
    closed = Delivery.state != DeliveryState.WAITING
    return closed & (Delivery.created_at < moment - DELIVERIES_KEPT_FOR)


def _are_old_changes(_: datetime) -> ColumnElement[bool]:
    newest = select(Knowledge.revision).scalar_subquery()
    return KnowledgeChange.revision <= newest - KEPT_REVISIONS


_VISITORS, _AGENTS, _NOBODYS = "visitors", "people who sign in", "nobody"
_ALWAYS, _UNTIL_DELETED = "for good", "somebody deletes it"
_WITH_ITS_QUESTION, _WITH_ITS_VERSION = "its question is deleted", "its version is"

TABLES: tuple[Kept, ...] = (
    Kept("queries", "questions, redacted, and what was made of them", _VISITORS, _UNTIL_DELETED),
    Kept("confirmations", "what a question meant", _AGENTS, _WITH_ITS_QUESTION),
    Kept("review_turns", "which agent has a question before them", _AGENTS, _WITH_ITS_QUESTION),
    Kept("disagreements", "two versions' dispute over a question", _NOBODYS, _WITH_ITS_QUESTION),
    Kept("handoffs", "an e-mail address and a message, as written", _VISITORS, "it is erased"),
    KeptForATime(
        "deliveries",
        "what is told to other servers, with what visitors wrote",
        _VISITORS,
        "30 days after it was made, unless it still waits",
        Delivery,
        _are_old_deliveries,
    ),
    Kept("users", "an e-mail address and the hash of a password", _AGENTS, _ALWAYS),
    KeptForATime(
        "sign_ins",
        "the hash of a browser's token",
        _AGENTS,
        "it expires",
        SignIn,
        lambda moment: SignIn.expires_at <= moment,
    ),
    KeptForATime(
        "failed_sign_ins",
        "an e-mail address and a network address",
        "whoever tried",
        "it counts no more against further attempts",
        FailedSignIn,
        lambda moment: FailedSignIn.at <= moment - FAILURES_COUNT_FOR,
    ),
    Kept("api_keys", "the hash of a key, and its name", _AGENTS, _ALWAYS),
    Kept("audit_events", "who did what, with texts of the FAQ", _AGENTS, _ALWAYS),
    Kept("intents", "titles and answers of the FAQ", _AGENTS, _UNTIL_DELETED),
    Kept("utterances", "phrasings of the FAQ", _AGENTS, _UNTIL_DELETED),
    Kept("evaluation_questions", "questions that measure, redacted", _AGENTS, _UNTIL_DELETED),
    Kept("pins", "questions that must keep their answer", _AGENTS, _UNTIL_DELETED),
    Kept("scored_pairs", "two texts, redacted, and how alike they are", _AGENTS, _UNTIL_DELETED),
    Kept("knowledge", "the number of the FAQ's newest revision", _NOBODYS, _ALWAYS),
    KeptForATime(
        "knowledge_changes",
        "names and phrasings that an edit touched",
        _AGENTS,
        f"{KEPT_REVISIONS:,} revisions later",
        KnowledgeChange,
        _are_old_changes,
    ),
    Kept("model_versions", "reports on trained models", _NOBODYS, _ALWAYS),
    Kept("version_examples", "which questions a version learnt", _VISITORS, _WITH_ITS_QUESTION),
    Kept("model_pointer", "which version is live", _NOBODYS, _ALWAYS),
    Kept("releases", "who made which version live, and why", _AGENTS, _ALWAYS),
    Kept("watches", "how promoted versions did", _NOBODYS, _ALWAYS),
    Kept("training_jobs", "who asked for which training", _AGENTS, _ALWAYS),
    Kept("calibration_changes", "how thresholds followed the traffic", _NOBODYS, _ALWAYS),
    Kept("queue_ranking", "what the review queue was last ranked by", _NOBODYS, _ALWAYS),
    KeptForATime(
        "processes",
        "which processes run, and where",
        _NOBODYS,
        "an hour after its last sign of life",
        WorkingProcess,
        lambda moment: WorkingProcess.heartbeat_at < moment - SILENT_PROCESSES_KEPT_FOR,
    ),
    Kept("sites", "site keys and the limits of each", _AGENTS, _ALWAYS),
    Kept("webhooks", "addresses that are told of events, and secrets", _AGENTS, _UNTIL_DELETED),
    Kept("chatwoot_bots", "addresses and tokens of Chatwoot", _AGENTS, _UNTIL_DELETED),
)

FILES: tuple[Kept, ...] = (
    Kept("manifest.json", "digests, and what the files mean", _NOBODYS, _WITH_ITS_VERSION),
    Kept("encoder/", "the encoder as it answers", _NOBODYS, _WITH_ITS_VERSION),
    Kept("torch/", "weights, to go on from", _NOBODYS, _WITH_ITS_VERSION),
    Kept("calibration.json", "what votes mean", _NOBODYS, _WITH_ITS_VERSION),
    Kept("index.hnsw", "vectors of phrasings and judged questions", _VISITORS, _WITH_ITS_VERSION),
    Kept("vectors.npy", "the same, exactly", _VISITORS, _WITH_ITS_VERSION),
    Kept("keys.txt", "hashes of the same", _VISITORS, _WITH_ITS_VERSION),
    Kept("golden.npy", "vectors of sentences of the program's own", _NOBODYS, _WITH_ITS_VERSION),
    Kept("passages.npy", "vectors of titles and answers", _AGENTS, _WITH_ITS_VERSION),
    Kept("passages.txt", "hashes of the same", _AGENTS, _WITH_ITS_VERSION),
    Kept("guessed.npy", "vectors of questions that nobody judged", _VISITORS, _WITH_ITS_VERSION),
    Kept("guessed.json", "the intents that these vote for", _NOBODYS, _WITH_ITS_VERSION),
    Kept("taught.txt", "hashes of what it was trained on", _VISITORS, _WITH_ITS_VERSION),
    Kept("out_of_fold.json", "hashes of the same, with answers", _VISITORS, _WITH_ITS_VERSION),
)

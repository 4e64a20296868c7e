"""Every table; importing this package registers all of them."""

from chatbot.storage.tables.access import ApiKey, AuditEvent, FailedSignIn, SignIn, User
from chatbot.storage.tables.integrations import ChatwootBot, Delivery, Webhook
from chatbot.storage.tables.knowledge import (
    DEMO,
    DONE,
    FILE,
    UNDONE,
    EvaluationQuestion,
    FaqImport,
    Intent,
    Knowledge,
    KnowledgeChange,
    Pin,
    ScoredPair,
    Utterance,
)
from chatbot.storage.tables.models import (
    CalibrationChange,
    ModelPointer,
    ModelVersion,
    Release,
    TrainingJob,
    VersionExample,
    Watch,
    WorkingProcess,
)
from chatbot.storage.tables.queries import (
    Confirmation,
    Disagreement,
    Query,
    QueueRanking,
    ReviewTurn,
)
from chatbot.storage.tables.visitors import Handoff, Site

__all__ = [
    "DEMO",
    "DONE",
    "FILE",
    "UNDONE",
    "ApiKey",
    "AuditEvent",
    "CalibrationChange",
    "ChatwootBot",
    "Confirmation",
    "Delivery",
    "Disagreement",
    "EvaluationQuestion",
    "FailedSignIn",
    "FaqImport",
    "Handoff",
    "Intent",
    "Knowledge",
    "KnowledgeChange",
    "ModelPointer",
    "ModelVersion",
    "Pin",
    "Query",
    "QueueRanking",
    "Release",
    "ReviewTurn",
    "ScoredPair",
    "SignIn",
    "Site",
    "TrainingJob",
    "User",
    "Utterance",
    "VersionExample",
    "Watch",
    "Webhook",
    "WorkingProcess",
]

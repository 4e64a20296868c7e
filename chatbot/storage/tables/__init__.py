"""Every table; importing this package registers all of them."""

from chatbot.storage.tables.access import ApiKey, AuditEvent, FailedSignIn, SignIn, User
from chatbot.storage.tables.integrations import ChatwootBot, Delivery, Webhook
from chatbot.storage.tables.knowledge import (
    EvaluationQuestion,
    Intent,
    Knowledge,
    KnowledgeChange,
    Utterance,
)
from chatbot.storage.tables.models import (
    ModelPointer,
    ModelVersion,
    Release,
    TrainingJob,
    VersionExample,
    WorkingProcess,
)
from chatbot.storage.tables.queries import Confirmation, Query, ReviewTurn

__all__ = [
    "ApiKey",
    "AuditEvent",
    "ChatwootBot",
    "Confirmation",
    "Delivery",
    "EvaluationQuestion",
    "FailedSignIn",
    "Intent",
    "Knowledge",
    "KnowledgeChange",
    "ModelPointer",
    "ModelVersion",
    "Query",
    "Release",
    "ReviewTurn",
    "SignIn",
    "TrainingJob",
    "User",
    "Utterance",
    "VersionExample",
    "Webhook",
    "WorkingProcess",
]

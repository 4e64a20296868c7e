"""Every table; importing this package registers all of them."""

from chatbot.storage.tables.access import ApiKey, AuditEvent, FailedSignIn, SignIn, User
from chatbot.storage.tables.knowledge import (
    EvaluationQuestion,
    Intent,
    Knowledge,
    KnowledgeChange,
    Pin,
    Utterance,
)
from chatbot.storage.tables.models import (
    ModelPointer,
    ModelVersion,
    Release,
    TrainingJob,
    VersionExample,
    Watch,
    WorkingProcess,
)
from chatbot.storage.tables.queries import Confirmation, Query, ReviewTurn

__all__ = [
    "ApiKey",
    "AuditEvent",
    "Confirmation",
    "EvaluationQuestion",
    "FailedSignIn",
    "Intent",
    "Knowledge",
    "KnowledgeChange",
    "ModelPointer",
    "ModelVersion",
    "Pin",
    "Query",
    "Release",
    "ReviewTurn",
    "SignIn",
    "TrainingJob",
    "User",
    "Utterance",
    "VersionExample",
    "Watch",
    "WorkingProcess",
]

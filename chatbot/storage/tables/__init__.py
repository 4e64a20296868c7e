"""Every table; importing this package registers all of them."""

from chatbot.storage.tables.access import ApiKey, AuditEvent
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
from chatbot.storage.tables.queries import Confirmation, Query

__all__ = [
    "ApiKey",
    "AuditEvent",
    "Confirmation",
    "EvaluationQuestion",
    "Intent",
    "Knowledge",
    "KnowledgeChange",
    "ModelPointer",
    "ModelVersion",
    "Query",
    "Release",
    "TrainingJob",
    "Utterance",
    "VersionExample",
    "WorkingProcess",
]

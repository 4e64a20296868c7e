"""Knowledge: the FAQ for editors. Agents may look at all of it."""

from chatbot.console.knowledge import (
    browse,
    bulk,
    create,
    demo,
    files,
    imports,
    intent,
    lint,
    pairs,
    pins,
    questions,
    ready,
    try_it,
    utterances,
)
from chatbot.console.knowledge.area import blueprint

__all__ = [
    "blueprint",
    "browse",
    "bulk",
    "create",
    "demo",
    "files",
    "imports",
    "intent",
    "lint",
    "pairs",
    "pins",
    "questions",
    "ready",
    "try_it",
    "utterances",
]

"""Knowledge: the FAQ for editors. Agents may look at all of it."""

from chatbot.console.knowledge import (
    browse,
    create,
    files,
    intent,
    lint,
    pins,
    try_it,
    utterances,
)
from chatbot.console.knowledge.area import blueprint

__all__ = [
    "blueprint",
    "browse",
    "create",
    "files",
    "intent",
    "lint",
    "pins",
    "try_it",
    "utterances",
]

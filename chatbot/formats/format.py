"""What a format is: how to tell a source of it, read it and, where that makes sense, write it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.source import Source


@dataclass(frozen=True)
class Format:
    """One kind of file, folder or archive.

    `name` is for programs, `title` for people. `sniff` tells by content, not by name, whether a
    source is of this kind, and raises nothing; `read` raises InvalidCatalogue with every mistake,
    its file and its line or place. `write` returns file contents by name.
    """

    name: str
    title: str
    sniff: Callable[[Source], bool]
    read: Callable[[Source], CatalogueDraft]
    write: Callable[[CatalogueDraft], Mapping[str, bytes]] | None = None

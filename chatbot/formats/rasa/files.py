"""Which files of a project are read, and what they are: by their first words.

Keys are kept in files with names of their own (`credentials.yml`, `endpoints.yml`, Botfront's
`bfconfig.yml`), which are never opened.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.source import Source

YAML, MARKDOWN, JSON = (".yml", ".yaml"), (".md",), (".json",)
_SECRET = re.compile(
    r"credentials|endpoints|bfconfig|^secrets?\.|docker-compose|widgetsettings|analyticsconfig",
    re.IGNORECASE,
)
_OF_TESTS = ("tests", "test", "e2e_tests", "results", "models", "train_test_split", "node_modules")
_NLU = re.compile(
    rb"""^["']?nlu["']?[ \t]*:[ \t\r]*(?:#.*)?\n(?:[ \t]*(?:\#.*)?\r?\n)*"""
    rb"""[ \t]*-[ \t]+["']?(?:intent|synonym|regex|lookup|gazette|examples)\b""",
    re.MULTILINE,
)
_RESPONSES = re.compile(
    rb"""^["']?(?:responses|templates)["']?[ \t]*:[ \t\r]*(?:#.*)?\n"""
    rb"""(?:[ \t]*(?:\#.*)?\r?\n)*[ \t]+["']?utter_""",
    re.MULTILINE,
)
_DIALOGUES = re.compile(
    rb"""^["']?(?:stories|rules)["']?[ \t]*:[ \t\r]*(?:#.*)?\n"""
    rb"""(?:[ \t]*(?:\#.*)?\r?\n)*[ \t]*-[ \t]+["']?(?:story|rule)\b""",
    re.MULTILINE,
)
_SECTION = re.compile(
    rb"""^["']?(?:nlu|intents|responses|templates|rules|stories)["']?[ \t]*:""", re.MULTILINE
)
_DOMAIN = re.compile(
    rb"^(?:session_config|carry_over_slots_to_new_session|forms|slots)[ \t]*:", re.MULTILINE
)
_INTENTS = re.compile(rb"^intents[ \t]*:", re.MULTILINE)
_MARKDOWN = re.compile(
    rb"^#{2,3}[ \t]*intent[ \t]*:[^\t\n]*\n(?:[ \t]*(?:<!--[^\n]*)?\r?\n)*[ \t]*[-*+][ \t]",
    re.MULTILINE,
)
"""A heading with rows below; in a table, a text may look like the heading."""

_STORY = re.compile(
    rb"^#{1,3}[^\n]*\n(?:[ \t\r]*\n)*\*[ \t]+[\w/]+[^\n]*\n[ \t]*-[ \t]", re.MULTILINE
)
_BOT_LINE = re.compile(rb"^[ \t]*-[ \t]+(?:utter_|action_)|^\*[ \t]+\w+/\w+", re.MULTILINE)
_CONFIG = re.compile(rb"^(?:pipeline|policies)[ \t]*:", re.MULTILINE)
_LANGUAGE = re.compile(
    rb"""^language[ \t]*:[ \t]*["']?([A-Za-z]{2,3}(?:[-_][A-Za-z]+)?)\b""", re.MULTILINE
)


def is_secret(path: str) -> bool:
    """Whether a file's name says that it holds keys or settings of machines."""
    return _SECRET.search(PurePosixPath(path).name) is not None


def files_of(source: Source, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Yield paths of the training data, sorted; a file that stands alone has any suffix."""
    for path in sorted(source):
        parts = PurePosixPath(path)
        has_suffix = parts.suffix.lower() in suffixes or not source.is_folder
        is_for_tests = any(p in _OF_TESTS or p.startswith(".") for p in parts.parts[:-1])
        if has_suffix and not is_for_tests and not is_secret(path):
            yield path


def has_a_section(content: bytes) -> bool:
    """Whether a file of a project may have something to read; by its first level alone."""
    return _SECTION.search(content) is not None


def is_rasa_yaml(content: bytes) -> bool:
    """Whether a file has a section as only Rasa has it."""
    return any(each.search(content) for each in (_NLU, _RESPONSES, _DIALOGUES)) or (
        _INTENTS.search(content) is not None and _DOMAIN.search(content) is not None
    )


def is_rasa_markdown(content: bytes) -> bool:
    return _MARKDOWN.search(content) is not None


def is_rasa_story(content: bytes) -> bool:
    """Whether Markdown has stories, or retrieval answers, and is no text with lists."""
    return _STORY.search(content) is not None and _BOT_LINE.search(content) is not None


def is_config(content: bytes) -> bool:
    return _CONFIG.search(content) is not None


def language_of(source: Source) -> str | None:
    """Return the language in the one `config.yml`, or None."""
    configs = [path for name in ("config.yml", "config.yaml") for path in source.find(name)]
    found = {match[1] for path in configs if (match := _LANGUAGE.search(source[path]))}
    return found.pop().decode().lower() if len(found) == 1 else None


def check_one_root(source: Source) -> None:
    """Raises InvalidCatalogue for two projects in one folder or archive."""
    roots = _folders(source, "domain") & _folders(source, "config")
    if len(roots) > 1:
        named = " and ".join(f"“{root}”" for root in sorted(roots)[:2])
        reason = f"holds several projects, such as {named}: hand them over one at a time"
        raise InvalidCatalogue([Mistake(source.name, 0, reason)])


def _folders(source: Source, stem: str) -> set[str]:
    paths = [path for suffix in YAML for path in source.find(stem + suffix)]
    return {str(PurePosixPath(path).parent) for path in paths}

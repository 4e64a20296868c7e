"""Botfront's projects: Rasa's files, with examples and answers in several languages.

Examples are mappings with metadata, one of them the canonical one; an answer has an entry for each
language; and a story is divided by checkpoints. An export of its database is refused by name.
"""

import re

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.json_text import try_load
from chatbot.formats.rasa.files import YAML, files_of, is_rasa_yaml
from chatbot.formats.rasa.project import draft_of
from chatbot.formats.rasa.reader import read_parts
from chatbot.formats.source import Source

_MARKS = re.compile(
    rb"^[ \t]+canonical: true\b"
    rb"|^[ \t]*- action_botfront_\w"
    rb"|^[ \t]+metadata:[ \t\r]*\n[ \t]+language: \w"
    rb"|^[ \t]*- checkpoint: [^\n]{1,300}__branches\b",
    re.MULTILINE,
)
_DATABASE = {"storyGroups", "models"}
_WRONG_KIND = (
    "is an export of Botfront's database, which holds keys; export the project as Rasa's files"
)


def _is_botfront(source: Source) -> bool:
    try:
        return _is_database(source) or any(
            _MARKS.search(source[path]) and is_rasa_yaml(source[path])
            for path in files_of(source, YAML)
        )
    except InvalidCatalogue:
        return False


def _read_botfront(source: Source) -> CatalogueDraft:
    """Return the draft of a project. Raises InvalidCatalogue."""
    if _is_database(source):
        raise InvalidCatalogue([Mistake(source.name, 0, _WRONG_KIND)])
    return draft_of(read_parts(source))


def _is_database(source: Source) -> bool:
    path = source.only()
    said = try_load(source, path) if path is not None else None
    return isinstance(said, dict) and said.keys() >= _DATABASE


FORMAT = Format(
    name="botfront",
    title="Botfront project: Rasa's files in several languages",
    sniff=_is_botfront,
    read=_read_botfront,
)

"""All formats, in the order in which they are tried, and how a source finds its own."""

from pathlib import Path

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.formats import (
    botfront,
    botpress,
    chatwoot,
    clu,
    dialogflow_cx,
    dialogflow_es,
    freshdesk,
    intents_csv,
    intercom,
    lex,
    lu,
    luis,
    own_csv,
    own_xlsx,
    own_yaml,
    pages,
    qnamaker,
    rasa,
    snips,
    tock,
    unread,
    watson,
    wit,
    zendesk,
)
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.json_parts import find_damaged_json
from chatbot.formats.source import Source, open_source

FORMATS: tuple[Format, ...] = (
    botfront.FORMAT,
    rasa.FORMAT,
    botpress.FORMAT,
    own_yaml.FOLDER,
    luis.FORMAT,
    clu.FORMAT,
    lu.FORMAT,
    lex.FORMAT,
    wit.FORMAT,
    snips.FORMAT,
    tock.FORMAT,
    dialogflow_es.FORMAT,
    dialogflow_cx.FORMAT,
    watson.FORMAT,
    qnamaker.FORMAT,
    intercom.FORMAT,
    zendesk.FORMAT,
    freshdesk.FORMAT,
    chatwoot.FORMAT,
    unread.DOCUMENTS,
    unread.TABLES,
    unread.ADDRESSES,
    pages.FORMAT,
    own_yaml.FILE,
    own_xlsx.FORMAT,
    intents_csv.FORMAT,
    own_csv.FORMAT,
)
_UNKNOWN = "is in no format that is known: docs/formats.md lists them"


def find_format(source: Source) -> Format:
    """Return the first format that takes the source for its own.

    Raises InvalidCatalogue, which names a file of a known product that is of the wrong kind.
    """
    for each in FORMATS:
        if each.sniff(source):
            return each
    raise InvalidCatalogue(find_damaged_json(source) or [Mistake(source.name, 0, _UNKNOWN)])


def read_source(source: Source, language: str | None = None) -> CatalogueDraft:
    """Return what a source says, of several languages in the one with this tag.

    Raises InvalidCatalogue with all its mistakes, or if nothing is in that language.
    """
    source.language = language
    found = find_format(source)
    draft = found.read(source)
    draft.format = found.name
    return draft


def read_path(path: Path, language: str | None = None) -> CatalogueDraft:
    """Return what a file, folder or archive says, as `read_source`. Raises InvalidCatalogue."""
    return read_source(open_source(path), language)


def get_format(name: str) -> Format:
    """Return the format of this name. Raises KeyError."""
    return {each.name: each for each in FORMATS}[name]

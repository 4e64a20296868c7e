"""Rasa's Markdown, version 1: training data (`## intent:x`), stories and retrieval answers."""

import re
from collections.abc import Iterator

from chatbot.formats.gathering import Place
from chatbot.formats.json_text import decode
from chatbot.formats.rasa.parts import NOT_A_QUESTION, Dialogue, Parts, Turn
from chatbot.formats.rasa.responses import entry_of_text
from chatbot.formats.rasa.yaml_files import add_bot_step

_HEADING = re.compile(r"#{1,3}[ \t]*(.*)")
_SECTION = re.compile(r"(intent|synonym|regex|lookup)[ \t]*:[ \t]*(.*)")
_ROW = re.compile(r"\s*(?:-\s*|[*+]\s+)(.*)")
_ACTION = re.compile(r"[A-Za-z_][\w./\-]*(?:[ \t]*\{.*\}?)?")
_EVENT = re.compile(r"(?:slot|form|active_loop|reset_slots|rewind|restart|reminder)[ \t]*\{")
_MARK = re.compile(r"(<!--|-->)")
_NAME = re.compile(r"[^\s{:]+")


def read_markdown(content: bytes, file: str, parts: Parts) -> None:
    """Add what a Markdown file says: sections of training data, all else being stories."""
    section: tuple[str, str] | None = None
    dialogue: Dialogue | None = None
    for number, line in _lines(decode(content, file)):
        place = Place(file, number)
        if heading := _HEADING.match(line):
            found = _SECTION.fullmatch(heading[1].strip())
            section = (found[1], found[2].strip()) if found else None
            dialogue = None if found else Dialogue(is_rule=False)
            if section:
                _open_section(*section, place, parts)
        elif section is not None:
            _read_row(*section, line, place, parts)
        elif dialogue is not None:
            _read_story_line(dialogue, line, place, parts)


def _lines(content: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, by number, without comments, of several lines, too."""
    is_comment = False
    for number, line in enumerate(content.split("\n"), start=1):
        kept = []
        for piece in _MARK.split(line):
            if piece in ("<!--", "-->"):
                is_comment = piece == "<!--"
            elif not is_comment:
                kept.append(piece)
        if (said := "".join(kept).rstrip()).strip():
            yield number, said


def _open_section(kind: str, name: str, place: Place, parts: Parts) -> None:
    if kind != "intent":
        parts.leave_out(NOT_A_QUESTION, name, place)
    elif name:
        parts.intents.setdefault(name, place)


def _read_row(kind: str, name: str, line: str, place: Place, parts: Parts) -> None:
    row = _ROW.match(line)
    if kind == "intent" and row and row[1].strip():
        parts.add_example(name, row[1], place)


def _read_story_line(dialogue: Dialogue, line: str, place: Place, parts: Parts) -> None:
    said = line.strip()
    if said.startswith(">"):
        add_bot_step(dialogue, checkpoint=said[1:].strip())
    elif said.startswith("*"):
        if not dialogue.turns:
            parts.dialogues.append(dialogue)
        dialogue.turns.append(Turn(list(_intents(said[1:], place, parts)), place))
    elif said.startswith("-"):
        _read_bot_line(dialogue, said[1:].strip(), place, parts)


def _intents(said: str, place: Place, parts: Parts) -> Iterator[str]:
    """`a{"entity": "x"} OR b`, or, in conversations kept for testing, `a: what was said`."""
    for each in re.split(r"\sOR\s", said):
        name = _NAME.match(each.strip())
        if name:
            yield name[0]
            words = each.strip()[name.end() :]
            if words.startswith(":") and words[1:].strip():
                parts.add_example(name[0], words[1:], place)


def _read_bot_line(dialogue: Dialogue, said: str, place: Place, parts: Parts) -> None:
    """An action, or the words themselves where the intent is one of retrieval."""
    if _EVENT.match(said):
        return
    asked = dialogue.turns[-1].intents if dialogue.turns else []
    if asked and "/" in asked[0] and not _is_action(said):
        entry = entry_of_text(said.replace("\\n", "\n"), place)
        parts.responses.setdefault(f"utter_{asked[0]}", []).append(entry)
    elif name := _NAME.match(said):
        add_bot_step(dialogue, action=name[0])


def _is_action(said: str) -> bool:
    return said.startswith(("utter_", "action_", "respond_")) and bool(_ACTION.fullmatch(said))

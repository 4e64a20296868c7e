"""Rasa's YAML, versions 2 and 3: training data, domains, rules and stories, in any file."""

import re
from collections.abc import Iterator
from typing import Any

from chatbot.formats.gathering import Place
from chatbot.formats.rasa.parts import (
    NO_HYPHEN,
    NOT_A_QUESTION,
    NOT_TEXT,
    About,
    Dialogue,
    Parts,
    Turn,
)
from chatbot.formats.rasa.responses import entries_of
from chatbot.formats.yaml_text import Fields, Text, fields, items, line_of, load, text

_ROW = re.compile(r"\s*(?:-\s*|[*+]\s+)(.*)")
_VALUES = ("synonym", "regex", "lookup", "gazette")
_CONTEXT = ("slot_was_set", "active_loop")
_FALSE = ("false", "no", "off")


def read_yaml(content: bytes, file: str, parts: Parts) -> None:
    """Add what a YAML file says. Raises InvalidCatalogue for what is no YAML."""
    said = fields(load(content, file))
    for each in items(said.get("nlu")):
        _read_nlu(each, file, parts)
    for each in items(said.get("intents")):
        _read_domain_intent(each, file, parts)
    for section in ("responses", "templates"):
        for name, response in fields(said.get(section)).items():
            parts.responses.setdefault(name, []).extend(entries_of(response, file))
    for section, is_rule in (("rules", True), ("stories", False)):
        for each in items(said.get(section)):
            _read_dialogue(fields(each), is_rule, file, parts)


def _read_nlu(raw: Any, file: str, parts: Parts) -> None:
    item, place = fields(raw), Place(file, line_of(raw))
    intent, metadata = text(item.get("intent")).strip(), fields(item.get("metadata"))
    if not intent:
        _leave_item_out(item, place, parts)
        return
    parts.intents.setdefault(intent, place)
    if metadata:
        parts.about.setdefault(intent, _about(metadata))
    language = text(metadata.get("language")).strip() or None
    examples = item.get("examples")
    if isinstance(examples, Text):
        _read_rows(intent, examples, language, file, parts)
    for each in items(examples):
        _read_example(intent, each, language, file, parts)


def _leave_item_out(item: Fields, place: Place, parts: Parts) -> None:
    """Synonyms and the like have examples, too, which nobody asks."""
    for kind in _VALUES:
        if name := text(item.get(kind)):
            parts.leave_out(NOT_A_QUESTION, name, place)
            return
    examples = item.get("examples")
    rows = examples.splitlines() if isinstance(examples, Text) else items(examples)
    for row in rows or [""]:
        said = text(fields(row).get("text")) if isinstance(row, Fields) else row
        parts.add_example("", said if isinstance(said, str) else "", place)


def _about(metadata: Fields) -> About:
    """What `rasa.writer` writes into an intent's metadata, which Rasa leaves to its users."""
    enabled = text(metadata.get("enabled")).strip().lower()
    return About(
        title=text(metadata.get("title")).strip() or None,
        topic=str(text(metadata.get("topic"))).strip(),
        enabled=None if not enabled else enabled not in _FALSE,
    )


def _read_rows(intent: str, block: Text, language: str | None, file: str, parts: Parts) -> None:
    for number, line in enumerate(block.split("\n"), start=1):
        place = Place(file, block.line + number if block.is_block else block.line)
        if not line.strip():
            continue
        if row := _ROW.match(line):
            if row[1].strip():
                parts.add_example(intent, row[1], place, language)
        else:
            parts.leave_out(NO_HYPHEN, line.strip(), place)


def _read_example(intent: str, raw: Any, language: str | None, file: str, parts: Parts) -> None:
    """Read an example of a list: a text, or a mapping with a text and metadata."""
    said, metadata = (raw.get("text"), raw.get("metadata")) if _is_mapping(raw) else (raw, None)
    place = Place(file, line_of(raw))
    if not isinstance(said, Text):
        parts.leave_out(NOT_TEXT, "", place)
        return
    own = text(fields(metadata).get("language")).strip()
    canonical = text(fields(metadata).get("canonical")).lower() == "true"
    # a block of one row, with its hyphen, is what Rasa writes where examples have metadata
    row = _ROW.match(said) if said.is_block and said.startswith("- ") else None
    parts.add_example(intent, row[1] if row else said, place, own or language, canonical)


def _read_domain_intent(raw: Any, file: str, parts: Parts) -> None:
    """Note an intent, which is a name or, with settings, a mapping of one."""
    name = next(iter(raw), "") if _is_mapping(raw) else text(raw)
    if name.strip():
        parts.intents.setdefault(str(name).strip(), Place(file, line_of(raw)))


def _read_dialogue(raw: Fields, is_rule: bool, file: str, parts: Parts) -> None:
    dialogue = Dialogue(is_rule, is_free=not raw.get("condition"))
    for step in items(raw.get("steps")):
        _read_step(fields(step), dialogue, file, parts)
    parts.dialogues.append(dialogue)


def _read_step(step: Fields, dialogue: Dialogue, file: str, parts: Parts) -> None:
    said = list(_user_steps(step))
    if said:
        intents = [_read_user(each, file, parts) for each in said]
        known = list(dict.fromkeys(intent for intent in intents if intent))
        dialogue.turns.append(Turn(known, Place(file, line_of(step))))
        return
    add_bot_step(dialogue, action=text(step.get("action")), checkpoint=text(step.get("checkpoint")))
    if not dialogue.turns and any(key in step for key in _CONTEXT):
        dialogue.is_free = False


def add_bot_step(dialogue: Dialogue, action: str = "", checkpoint: str = "") -> None:
    """Add what the bot does, to the last turn or to what comes before the first."""
    turn = dialogue.turns[-1] if dialogue.turns else None
    if action:
        (turn.actions if turn else dialogue.before).append(str(action))
    if checkpoint:
        (turn.checkpoints if turn else dialogue.begins_at).append(str(checkpoint))


def _user_steps(step: Fields) -> Iterator[Fields]:
    """A visitor says one thing, or one of several."""
    alternatives = [step, *map(fields, items(step.get("or")))]
    return (each for each in alternatives if "intent" in each or "user" in each)


def _read_user(step: Fields, file: str, parts: Parts) -> str:
    """Return the intent of a step; its words, if it has them, are another example."""
    intent, said = text(step.get("intent")).strip(), text(step.get("user"))
    if said.strip():
        parts.add_example(intent, said, Place(file, said.line))
    return intent


def _is_mapping(raw: Any) -> bool:
    return isinstance(raw, Fields)

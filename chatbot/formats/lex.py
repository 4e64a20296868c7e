"""Amazon Lex: a bot of version 1, one JSON file, or of version 2, a folder or archive of many.

The closing response of an intent is its answer, else what it says when it is fulfilled or begins.
What asks the user something, for a slot or a confirmation, is none. Version 2 writes null where it
could write an empty list. A slot in an utterance becomes its name in words.
"""

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_parts import (
    dict_of,
    find_json,
    label_of,
    list_of,
    load_object,
    objects_of,
    peek,
    refuse,
    text_of,
)
from chatbot.formats.pieces import IN_CONTEXT, to_picture
from chatbot.formats.source import Source

NO_TEXT = "it has no text"
ONLY_A_SLOT = "it is nothing but a slot"
FALLBACK = "it is what the old bot said when it did not understand"
SWITCHED_OFF = "its answer is switched off"
PAYLOAD = "its answer is data for a program of the old bot"

_SLOT_TYPE = "is a slot type of Lex, not an export of the bot"
_SEVERAL = "holds several bots of Lex: hand them over one by one"
_NO_NAME = "has no name of an intent"

_FALLBACKS = ("AMAZON.FallbackIntent",)
_SLOT = re.compile(r"\{([^{}]*)\}")
_VALUE = re.compile(r"\{[^{}]+\}|\(\([^()]+\)\)|\[[\w.\-]+\](?!\()")
_TAG = re.compile(r"<[^<>]*>")
_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_INTENT_FILE = "Intent.json"
_LOCALES = "BotLocales"
_MOST_FOLLOWERS = 50


def _read(source: Source) -> CatalogueDraft:
    if files := _intent_files(source):
        return _read_2(source, files)
    return _read_1(source, find_json(source, _is_1))


def _read_1(source: Source, files: list[str]) -> CatalogueDraft:
    """Read version 1: bots and intents look alike outside, and so do types of slots."""
    gathering = Gathering(source.language)
    resources = [(path, dict_of(peek(source, path), "resource")) for path in files]
    wanted = [(path, each) for path, each in resources if "enumerationValues" not in each]
    if not wanted:
        raise refuse(files[0], _SLOT_TYPE)
    if sum("intents" in each for _, each in wanted) > 1:
        raise refuse(source.name, _SEVERAL)
    for path, resource in wanted:
        language, place = text_of(resource, "locale"), Place(path)
        intents = objects_of(resource, "intents") if "intents" in resource else [resource]
        for intent in intents:
            _read_intent_1(gathering, intent, place, language)
        for key in ("clarificationPrompt", "abortStatement"):
            for message in objects_of(dict_of(resource, key), "messages"):
                gathering.leave_out(FALLBACK, text_of(message, "content"), place)
    return gathering.finish()


def _read_intent_1(
    gathering: Gathering, intent: dict[str, Any], place: Place, language: str
) -> None:
    """Messages of one group are variants; groups are said one after the other."""
    label = _label(intent, place)
    groups: dict[str, list[str]] = defaultdict(list)
    conclusion = dict_of(intent, "conclusionStatement")
    for message in objects_of(conclusion, "messages"):
        text = _plain(gathering, text_of(message, "content"), place)
        groups[str(message.get("groupNumber"))].append(text)
    for number, card in enumerate(objects_of(_parsed(conclusion), "genericAttachments")):
        groups[f"card {number}"] = [_card(card, text_of(card, "subTitle"))]
    texts = list_of(intent, "sampleUtterances")
    _read_intent(gathering, intent, label, texts, place, language)
    _add_answers(gathering, intent, label, list(groups.values()), place, language)


def _read_2(source: Source, files: list[str]) -> CatalogueDraft:
    if len({_root(path) for path in files}) > 1:
        raise refuse(source.name, _SEVERAL)
    gathering = Gathering(source.language)
    intents = [(load_object(source, path), Place(path)) for path in files]
    for intent, place in intents:
        rows = list_of(intent, "sampleUtterances")
        texts = [row.get("utterance") if isinstance(row, dict) else None for row in rows]
        label = _label(intent, place)
        _read_intent(gathering, intent, label, texts, place, _locale(place.file))
        for responses, is_on in _responses(intent):
            groups = [_group(gathering, each, place) for each in responses]
            if is_on:
                _add_answers(gathering, intent, label, groups, place, _locale(place.file))
            else:
                gathering.leave_out(SWITCHED_OFF, "\n\n".join(g[0] for g in groups if g), place)
    _add_follow_ups(gathering, [intent for intent, _ in intents])
    return gathering.finish()


def _responses(intent: dict[str, Any]) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """What an intent says, and whether it is switched on: what is most likely its answer first."""
    closing = dict_of(intent, "intentClosingSetting")
    hook = dict_of(intent, "fulfillmentCodeHook")
    fulfilled = dict_of(hook, "postFulfillmentStatusSpecification")
    initial = dict_of(intent, "initialResponseSetting")
    is_on = closing.get("isActive") is not False
    yield _groups(dict_of(closing, "closingResponse")), is_on
    yield _groups(dict_of(fulfilled, "successResponse")), hook.get("isActive") is not False
    yield _groups(dict_of(initial, "initialResponse")), True


def _groups(response: dict[str, Any]) -> list[dict[str, Any]]:
    return objects_of(response, "messageGroupsList") or objects_of(response, "messageGroups")


def _group(gathering: Gathering, group: dict[str, Any], place: Place) -> list[str]:
    """The message of a group and its variations."""
    messages = [dict_of(group, "message"), *objects_of(group, "variations")]
    texts = (_message(gathering, message, place) for message in messages)
    return [text for text in texts if text]


def _message(gathering: Gathering, message: dict[str, Any], place: Place) -> str:
    """A message as Markdown."""
    for key in ("plainTextMessage", "ssmlMessage", "customPayload"):
        if text := text_of(dict_of(message, key), "value"):
            return _plain(gathering, text, place)
    card = dict_of(message, "imageResponseCard")
    return _card(card, text_of(card, "subtitle"))


def _card(card: dict[str, Any], subtitle: str) -> str:
    """A card as its title, its picture and its options."""
    title, image = text_of(card, "title"), text_of(card, "imageUrl")
    lines = [f"**{title}**" if title else "", subtitle]
    lines += [to_picture(title, image)] if image else []
    options = [text_of(button, "text") for button in objects_of(card, "buttons")]
    lines += ["\n".join(f"- {option}" for option in options if option)]
    return "\n\n".join(line for line in lines if line)


def _plain(gathering: Gathering, text: str, place: Place) -> str:
    """A text without its marks for a voice; one that is data is left out."""
    stripped = text.strip()
    if stripped.startswith("<speak") and stripped.endswith(">"):
        return " ".join(html.unescape(_TAG.sub(" ", stripped)).split())
    if stripped.startswith(("{", "[")) and _is_json(stripped):
        gathering.leave_out(PAYLOAD, stripped, place)
        return ""
    return stripped


def _parsed(conclusion: dict[str, Any]) -> Any:
    """The cards of version 1, which are JSON in a text."""
    try:
        return json.loads(text_of(conclusion, "responseCard"))
    except (ValueError, RecursionError):
        return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _label(intent: dict[str, Any], place: Place) -> str:
    label = label_of(intent, "name")
    if not label:
        raise refuse(place.file, _NO_NAME)
    return label


def _is_fallback(intent: dict[str, Any]) -> bool:
    return text_of(intent, "parentIntentSignature") in _FALLBACKS


def _read_intent(
    gathering: Gathering,
    intent: dict[str, Any],
    label: str,
    texts: list[Any],
    place: Place,
    language: str,
) -> None:
    needs_context = bool(objects_of(intent, "inputContexts"))
    if not _is_fallback(intent):
        gathering.add_intent(label, place, needs_context=needs_context, language=language)
    for number, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            gathering.leave_out(NO_TEXT, f"{label}.sampleUtterances[{number}]", place)
        elif _SLOT.sub("", text).strip(" .,;:!?") == "":
            gathering.leave_out(ONLY_A_SLOT, text, place)
        elif needs_context:
            gathering.leave_out(IN_CONTEXT, text, place)
        elif _is_fallback(intent):
            gathering.add_out_of_scope(_sentence(text), place, language)
        else:
            gathering.add_utterance(label, _sentence(text), place, language=language)


def _sentence(text: str) -> str:
    """An utterance with `{searchKeyword}` as `search keyword`."""
    return _SLOT.sub(lambda slot: _in_words(slot[1]), text)


def _in_words(name: str) -> str:
    return " ".join(_WORD_END.sub(" ", name).replace("_", " ").replace(".", " ").lower().split())


def _add_answers(
    gathering: Gathering,
    intent: dict[str, Any],
    label: str,
    groups: list[list[str]],
    place: Place,
    language: str,
) -> None:
    """Add what is said in turn as one answer, and the rest of each group as its variants."""
    groups = [texts for texts in ([each for each in group if each] for group in groups) if texts]
    answer = "\n\n".join(texts[0] for texts in groups)
    for text in [answer, *(variant for texts in groups for variant in texts[1:])]:
        if text and _is_fallback(intent):
            gathering.leave_out(FALLBACK, text, place)
        elif text:
            needs_a_value = _VALUE.search(text) is not None
            gathering.add_answer(label, text, place, needs_a_value, language)


def _add_follow_ups(gathering: Gathering, intents: list[dict[str, Any]]) -> None:
    """An intent that needs a context follows those that set it."""
    waiting = defaultdict(list)
    for intent in intents:
        for context in objects_of(intent, "inputContexts"):
            waiting[label_of(context, "name")].append(label_of(intent, "name"))
    for intent in intents:
        for context in objects_of(intent, "outputContexts"):
            for follower in waiting.get(label_of(context, "name"), [])[:_MOST_FOLLOWERS]:
                if not _is_fallback(intent) and follower in gathering.labels:
                    gathering.add_follow_up(label_of(intent, "name"), follower)


def _intent_files(source: Source) -> list[str]:
    """The files of intents of version 2, in whatever locale."""
    return source.find(_INTENT_FILE)


def _root(path: str) -> str:
    return path.partition(f"{_LOCALES}/")[0] if f"{_LOCALES}/" in path else ""


def _locale(path: str) -> str:
    """The locale `de_DE` of `BotLocales/de_DE/Intents/Open/Intent.json`."""
    parts = PurePosixPath(path).parts
    return parts[parts.index(_LOCALES) + 1] if _LOCALES in parts[:-2] else ""


def _is_1(parsed: Any) -> bool:
    kind = text_of(dict_of(parsed, "metadata"), "importType")
    return kind.upper() == "LEX" and isinstance(parsed.get("resource"), dict)


def _is_2(parsed: Any) -> bool:
    keys = {"name", "sampleUtterances", "parentIntentSignature"}
    return isinstance(parsed, dict) and keys <= set(parsed)


def _sniff(source: Source) -> bool:
    files = _intent_files(source)
    if files:
        return any(_is_2(peek(source, path)) for path in files[:3])
    return bool(find_json(source, _is_1))


FORMAT = Format(
    name="lex", title="Amazon Lex bot, version 1 or 2, JSON or archive", sniff=_sniff, read=_read
)

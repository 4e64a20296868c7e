"""Tock: the dump of an application or of its sentences, JSON, with the bot's texts if beside it.

Sentences point to the id of their intent. Those in the inbox nobody has reviewed, those that are
deleted stay in the dump, and some are of other applications. Answers are texts of FAQ definitions;
without these, texts are not tied to intents.
"""

from typing import Any

from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.format import Format
from chatbot.formats.gathering import Gathering, Place
from chatbot.formats.json_parts import (
    dict_of,
    find_json,
    label_of,
    list_of,
    objects_of,
    peek,
    refuse,
    require_lists,
    text_of,
)
from chatbot.formats.source import Source

NO_TEXT = "it has no text"
NO_INTENT = "its intent is not in the file"
NOT_REVIEWED = "nobody has reviewed it there"
DELETED = "it was deleted there"
ELSEWHERE = "it is of another application"

_UNKNOWN = "tock:unknown"
_USED = ("model", "validated", "")
_TEXTS = "has the texts of a Tock bot, which no intent is tied to: add the application's dump"
_SEVERAL = "holds several dumps of Tock: hand them over one by one"


def _read(source: Source) -> CatalogueDraft:
    dumps, labels = find_json(source, _is_dump), find_json(source, _are_labels)
    if len(dumps) > 1:
        raise refuse(source.name, _SEVERAL)
    if not dumps:
        raise refuse(labels[0], _TEXTS)
    dump, place = peek(source, dumps[0]), Place(dumps[0])
    require_lists(dump, place.file, "sentences")
    gathering, names = Gathering(source.language), _names(dump)
    locales = list_of(dict_of(dump, "application"), "supportedLocales")
    named = (each for each in [dump.get("language"), *locales] if isinstance(each, str))
    gathering.primary = next(named, None)
    _read_faqs(gathering, dump, names, place)
    for intent in objects_of(dump, "intents"):
        if name := label_of(intent, "name"):
            gathering.add_intent(name, place, title=label_of(intent, "label"))
    for number, row in enumerate(dump["sentences"]):
        _read_sentence(gathering, row, f"sentences[{number}]", dump, names, place)
    texts = [label for path in labels for label in _labels(peek(source, path))]
    _add_answers(gathering, dump, names, texts, place)
    return gathering.finish()


def _names(dump: dict[str, Any]) -> dict[str, str]:
    """The name of each intent by its id."""
    intents = objects_of(dump, "intents")
    return {text_of(intent, "_id"): label_of(intent, "name") for intent in intents}


def _read_sentence(
    gathering: Gathering,
    row: Any,
    where: str,
    dump: dict[str, Any],
    names: dict[str, str],
    place: Place,
) -> None:
    """Take a sentence in; what a deleted one said is nobody's business, so it is not repeated."""
    text, status = text_of(row, "text"), text_of(row, "status")
    own, other = text_of(dict_of(dump, "application"), "_id"), text_of(row, "applicationId")
    label = _label(row, names)
    if not text.strip():
        gathering.leave_out(NO_TEXT, where, place)
    elif status == "deleted":
        gathering.leave_out(DELETED, where, place)
    elif status not in _USED:
        gathering.leave_out(NOT_REVIEWED, text, place)
    elif own and other and own != other:
        gathering.leave_out(ELSEWHERE, text, place)
    elif label == _UNKNOWN:
        gathering.add_out_of_scope(text, place)
    elif not label:
        gathering.leave_out(NO_INTENT, text, place)
    else:
        language = text_of(row, "language") or text_of(dump, "language")
        gathering.add_utterance(label, text, place, language=language)


def _label(row: Any, names: dict[str, str]) -> str:
    """The name of a sentence's intent; in a dump of sentences it stands there, with namespace."""
    classification = dict_of(row, "classification")
    if not classification:
        name = label_of(row, "intent")
        return name if name == _UNKNOWN else name.split(":")[-1]
    intent = text_of(classification, "intentId")
    return intent if intent == _UNKNOWN else names.get(intent, "")


def _read_faqs(
    gathering: Gathering, dump: dict[str, Any], names: dict[str, str], place: Place
) -> None:
    """Say first which intents are switched off, and what they are about: what is first counts."""
    for faq in objects_of(dump, "faqs"):
        name, enabled = names.get(text_of(faq, "intentId"), ""), faq.get("enabled")
        if name:
            gathering.add_intent(
                name,
                place,
                title=label_of(faq, "title"),
                topic=next((tag for tag in list_of(faq, "tags") if isinstance(tag, str)), ""),
                enabled=enabled if isinstance(enabled, bool) else None,
            )


def _add_answers(
    gathering: Gathering,
    dump: dict[str, Any],
    names: dict[str, str],
    labels: list[dict[str, Any]],
    place: Place,
) -> None:
    """Add the text that each FAQ definition points to, or holds."""
    by_id = {text_of(label, "_id"): label for label in labels}
    for faq in objects_of(dump, "faqs"):
        name = names.get(text_of(faq, "intentId"), "")
        label = by_id.get(text_of(faq, "i18nId")) or dict_of(faq, "answer")
        for row in _texts(label) if name else ():
            text = text_of(row, "label")
            if row.get("validated") is False:
                gathering.leave_out(NOT_REVIEWED, text, place)
            else:
                needs_a_value = "{" in text and "}" in text
                language = text_of(row, "locale")
                gathering.add_answer(name, text, place, needs_a_value, language)


def _texts(label: dict[str, Any]) -> list[dict[str, Any]]:
    """What a text says, in the default language first, for chats before voices."""
    default = text_of(label, "defaultLocale")
    rows = [row for row in objects_of(label, "i18n") if text_of(row, "label").strip()]
    rows.sort(
        key=lambda row: (
            text_of(row, "locale") != default,
            text_of(row, "interfaceType") != "textChat",
        )
    )
    return rows


def _labels(parsed: Any) -> list[dict[str, Any]]:
    """The texts of a file: a list, or in a list."""
    rows = parsed if isinstance(parsed, list) else list_of(parsed, "labels")
    return [row for row in rows if isinstance(row, dict)]


def _is_dump(parsed: Any) -> bool:
    if not isinstance(parsed, dict) or "sentences" not in parsed:
        return False
    return isinstance(parsed.get("application"), dict) or "applicationName" in parsed


def _are_labels(parsed: Any) -> bool:
    rows = _labels(parsed)[:5]
    return (
        bool(rows)
        and all("interfaceType" in text for row in rows for text in objects_of(row, "i18n"))
        and any(objects_of(row, "i18n") for row in rows)
    )


FORMAT = Format(
    name="tock",
    title="Tock application or sentences dump, JSON",
    sniff=lambda source: bool(find_json(source, _is_dump) or find_json(source, _are_labels)),
    read=_read,
)

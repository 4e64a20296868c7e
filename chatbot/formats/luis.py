"""LUIS: an app as its portal exports it, JSON of the schemas 1.3 to 7.0.

Only names of intents and texts of utterances are the same in all of them, and all that is needed:
where entities begin and end is counted in tokens by some schemas and in characters by others.
Patterns become the sentences that they surely stand for. LUIS has no answers.
"""

import re
from collections.abc import Callable
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
from chatbot.formats.microsoft import add_intent, add_pattern, add_row, joined
from chatbot.formats.source import Source

_PREDICTION = "is what LUIS predicted for a question, not an export of the app"
_LOG = "is a log of what a LUIS endpoint was asked, not an export of the app"
_BATCH_TEST = "is a batch test of a LUIS app, not an export of the app"
_DEPLOYMENT = "says where a LUIS app is deployed, and may hold keys: it is not an export of the app"
_SEVERAL = "holds several LUIS apps: hand them over one by one"

_KEYS = {"authoringkey", "subscriptionkey", "endpointkey"}
_APP = {"appid", "applicationid"}
_BARE = {"text", "intent", "entities"}
_ONLY_LETTERS = re.compile("[^a-z]+")
_MOST_LOOKED_AT = 1_000


def _read(source: Source) -> CatalogueDraft:
    apps = find_json(source, _is_app)
    if len(apps) > 1:
        raise refuse(source.name, _SEVERAL)
    if not apps:
        raise _refusal(source)
    return _read_app(peek(source, apps[0]), apps[0], Gathering(source.language))


def _read_app(app: dict[str, Any], file: str, gathering: Gathering) -> CatalogueDraft:
    require_lists(app, file, "intents", "utterances")
    place, language = Place(file), text_of(app, "culture")
    for intent in objects_of(app, "intents"):
        topic = text_of(dict_of(intent, "inherits"), "domain_name")
        add_intent(gathering, label_of(intent, "name"), place, topic)
    for number, row in enumerate(app["utterances"]):
        label, text = label_of(row, "intent"), joined(text_of(row, "text"), language)
        add_row(gathering, label, text, place, f"utterances[{number}]", language)
    words = _words(app)
    for number, row in enumerate(list_of(app, "patterns")):
        label, pattern, where = label_of(row, "intent"), text_of(row, "pattern"), f"[{number}]"
        add_pattern(gathering, label, pattern, place, f"patterns{where}", words, language)
    return gathering.finish()


def _words(app: dict[str, Any]) -> dict[str, str]:
    """A word for each entity that is a list: what the list calls its first entry."""
    words = {}
    for entity in objects_of(app, "closedLists"):
        entries = (text_of(each, "canonicalForm") for each in objects_of(entity, "subLists"))
        word = next((each for each in entries if each.strip()), None)
        if word:
            words[text_of(entity, "name")] = word
    return words


def _is_app(parsed: Any) -> bool:
    if not isinstance(parsed, dict):
        return False
    if isinstance(parsed.get("luis_schema_version"), str):
        return True
    intents, rows = objects_of(parsed, "intents")[:1], objects_of(parsed, "utterances")[:1]
    return bool(intents and rows) and "name" in intents[0] and {"text", "intent"} <= set(rows[0])


def _is_prediction(parsed: Any) -> bool:
    """One response, of version 2, 3 or 1 of the service."""
    if not isinstance(parsed, dict) or not isinstance(parsed.get("query"), str):
        return False
    prediction = dict_of(parsed, "prediction")
    scored = objects_of(parsed, "intents")[:1]
    return (
        "topScoringIntent" in parsed
        or isinstance(prediction.get("intents"), dict)
        or bool(scored and "score" in scored[0])
    )


def _is_log(parsed: Any) -> bool:
    return bool(_rows(parsed)) and {"intentPredictions", "tokenizedText"} <= set(parsed[0])


def is_batch_test(parsed: Any) -> bool:
    """Whether rows test an app: CLU's have a language, and their entities count differently."""
    if isinstance(parsed, dict):
        return bool(objects_of(parsed, "LabeledTestSetUtterances"))
    rows = _rows(parsed)
    names = {name for row in rows for each in objects_of(row, "entities") for name in each}
    is_bare = bool(rows) and all(set(row) == _BARE for row in rows)
    return {"entity", "startPos"} <= names or (is_bare and "offset" not in names)


def _is_deployment(parsed: Any) -> bool:
    """A file that an app, and a key of LUIS, are named in, not deep down."""
    names: set[str] = set()
    waiting = [(parsed, 0)]
    for looked_at, (value, depth) in enumerate(waiting):
        if looked_at > _MOST_LOOKED_AT or depth > 4:
            break
        if isinstance(value, dict):
            names |= {_ONLY_LETTERS.sub("", name.lower()) for name in value}
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value[:10]]
    if any("luis" in name for name in names):
        return any(name.endswith("key") for name in names)
    return bool(names & _KEYS and names & _APP)


def _rows(parsed: Any) -> list[dict[str, Any]]:
    """The rows of a list of nothing but objects."""
    if isinstance(parsed, list) and all(isinstance(each, dict) for each in parsed):
        return parsed
    return []


_WRONG_KINDS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (_is_prediction, _PREDICTION),
    (_is_log, _LOG),
    (is_batch_test, _BATCH_TEST),
    (_is_deployment, _DEPLOYMENT),
)


def _refusal(source: Source) -> Exception:
    """The error for a file of LUIS that is none of an app; nothing of it is repeated in it."""
    for is_kind, sentence in _WRONG_KINDS:
        for path in find_json(source, is_kind):
            return refuse(path, sentence)
    return refuse(source.name, "is not an export of a LUIS app")


def _sniff(source: Source) -> bool:
    if find_json(source, _is_app):
        return True
    path = source.only()
    return path is not None and any(is_kind(peek(source, path)) for is_kind, _ in _WRONG_KINDS)


FORMAT = Format(name="luis", title="LUIS app, JSON", sniff=_sniff, read=_read)

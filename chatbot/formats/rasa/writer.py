"""Write a draft as a Rasa bot, versions 2 and 3: training data, domain, rules and stories."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.gathering import as_title
from chatbot.formats.rasa.responses import guarded

_VERSION = "3.1"
_OUT_OF_SCOPE = "out_of_scope"
_MARKUP = re.compile(r"\[(?=[^\[\]]*\]{1,2}[({])")
_WIDE_BRACKET = "\uff3b"


def write_rasa(draft: CatalogueDraft) -> Mapping[str, bytes]:
    """Return files that read as `draft` again, but for the questions that only measure.

    Titles, topics and what is switched off go into the metadata of intents, which Rasa leaves to
    its users.
    """
    intents = list(draft.intents.values())
    nlu = [_nlu_of(intent) for intent in intents]
    if draft.out_of_scope:
        nlu.append({"intent": _OUT_OF_SCOPE, "examples": _rows(draft.out_of_scope)})
    answered = [intent for intent in intents if intent.answer is not None]
    domain = {
        "version": _VERSION,
        "intents": [item["intent"] for item in nlu],
        "responses": {_response(i.name): [{"text": guarded(i.answer or "")}] for i in answered},
    }
    return {
        "data/nlu.yml": _dump({"version": _VERSION, "nlu": nlu}),
        "data/rules.yml": _dump({"version": _VERSION, "rules": [_rule_of(i) for i in answered]}),
        "data/stories.yml": _dump({"version": _VERSION, "stories": _stories_of(intents)}),
        "domain.yml": _dump(domain),
    }


def _nlu_of(intent: IntentDraft) -> dict[str, Any]:
    metadata = {
        "title": intent.title if _says_more(intent) else None,
        "topic": intent.topic or None,
        "enabled": intent.enabled,
    }
    known = {key: value for key, value in metadata.items() if value is not None}
    item: dict[str, Any] = {"intent": intent.name}
    return item | ({"metadata": known} if known else {}) | {"examples": _rows(intent.utterances)}


def _says_more(intent: IntentDraft) -> bool:
    """Whether the title is not what is made of the name: of `Büro/Öffnung`, the name is folded."""
    return intent.has_own_title or intent.title != as_title(intent.name)


def _rows(texts: list[str]) -> str:
    return "".join(f"- {_unmarked(text)}\n" for text in texts)


def _unmarked(text: str) -> str:
    """Return a question in which Rasa sees no entity.

    Rasa has no way to escape `[x](y)`; a wide bracket is read as a plain one here, by NFKC.
    """
    text = _MARKUP.sub(_WIDE_BRACKET, text)
    return text.replace("/", "\uff0f", 1) if text.startswith("/") else text


def _rule_of(intent: IntentDraft) -> dict[str, Any]:
    return {"rule": f"answer {intent.name}", "steps": _steps_of(intent)}


def _stories_of(intents: list[IntentDraft]) -> list[dict[str, Any]]:
    """One for each follow-up."""
    return [
        {"story": f"{intent.name}, then {name}", "steps": [*_steps_of(intent), {"intent": name}]}
        for intent in intents
        for name in intent.follow_ups
    ]


def _steps_of(intent: IntentDraft) -> list[dict[str, str]]:
    answer = _response(intent.name) if intent.answer is not None else "action_listen"
    return [{"intent": intent.name}, {"action": answer}]


def _response(name: str) -> str:
    return f"utter_{name}"


class _Dumper(yaml.CSafeDumper):
    """Several lines as people write them, in a block."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_multi_representer(str, _represent_text)  # texts that know their line


def _dump(content: dict[str, Any]) -> bytes:
    written = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
    return str(written).encode()

"""Exports carry keys and tokens, in files of their own and beside what is read: none comes along."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats.registry import FORMATS, read_source
from chatbot.formats.source import open_source

SECRET = "5ecret-4f9d2c7b81"
KEYS = {
    "apiToken": SECRET,
    "token": SECRET,
    "webhook": {"url": f"https://bot:{SECRET}@hooks.example", "headers": {"Authorization": SECRET}},
    "credentials": [{"password": SECRET}],
}
KEY_FILES = (
    "credentials.yml",
    "credentials.yaml",
    "endpoints.yml",
    "bfconfig.yml",
    ".env",
    "secrets.json",
    "appsettings.json",
    "webhooks/order.json",
    "id_rsa",
)
BY_NAME = ("questions", "answers", "intents", "translated_content")
INTENT = {"id": "1", "name": "wifi", "responses": [], "contexts": [], "userSays": []}
PHRASE = {"data": [{"text": "no wifi"}]}
ARTICLE = {"id": 1, "title": "No wifi?", "body": "<p>Restart.</p>", "author_id": 2}

SAMPLES: dict[str, dict[str, Any]] = {
    "botfront": {
        "data/nlu/en.yml": "nlu:\n- intent: wifi\n  examples:\n  - text: no wifi\n"
        "    metadata:\n      language: en\n",
        "domain.yml": "intents: [wifi]\nresponses:\n  utter_wifi:\n  - text: Restart.\n"
        "    language: en\n",
        "botfront/bfconfig.yml": f"instance: {{token: {SECRET}}}",
    },
    "rasa": {
        "nlu.yml": "nlu:\n- intent: wifi\n  examples: |\n    - no wifi\n",
        "domain.yml": "intents: [wifi]\nresponses:\n  utter_wifi:\n  - text: Restart.\n",
    },
    "botpress": {
        "qna/wifi.json": {
            "id": "wifi",
            "data": {"questions": {"en": ["no wifi"]}, "answers": {"en": ["Restart."]}},
        }
    },
    "folder": {
        "intents/net.yaml": "intents:\n- {name: wifi, title: Wifi, answer: Restart., utterances: [no wifi]}\n"
    },
    "luis": {
        "app.json": {
            "luis_schema_version": "7.0.0",
            "culture": "en-us",
            "intents": [{"name": "wifi"}],
            "utterances": [{"text": "no wifi", "intent": "wifi", "entities": []}],
        }
    },
    "clu": {
        "clu.json": {
            "projectFileVersion": "2023-04-01",
            "metadata": {"projectKind": "Conversation", "language": "en"},
            "assets": {
                "intents": [{"category": "wifi"}],
                "utterances": [{"text": "no wifi", "intent": "wifi"}],
            },
        }
    },
    "lu": {"bot.lu": f"> !# @app.endpointKey = {SECRET}\n# wifi\n- no wifi\n"},
    "lex": {
        "bot.json": {
            "metadata": {"schemaVersion": "1.0", "importType": "LEX"},
            "resource": {
                "name": "bot",
                "locale": "en-US",
                "intents": [
                    {
                        "name": "wifi",
                        "sampleUtterances": ["no wifi"],
                        "fulfillmentActivity": {"codeHook": {"uri": f"arn:aws:lambda:{SECRET}"}},
                    }
                ],
            },
        }
    },
    "wit": {
        "app.json": {"version": 20200513, "lang": "en"},
        "intents/wifi.json": {"name": "wifi"},
        "utterances/utterances-1.json": {"utterances": [{"text": "no wifi", "intent": "wifi"}]},
    },
    "snips": {
        "dataset.json": {
            "language": "en",
            "intents": {"wifi": {"utterances": [PHRASE]}},
            "entities": {},
        }
    },
    "tock": {
        "dump.json": {
            "application": {"name": "bot", "_id": "app", "supportedLocales": ["en"]},
            "intents": [{"name": "wifi", "_id": "i1"}],
            "sentences": [
                {
                    "text": "no wifi",
                    "language": "en",
                    "applicationId": "app",
                    "status": "model",
                    "classification": {"intentId": "i1", "entities": []},
                }
            ],
            "dumpType": "full",
        }
    },
    "dialogflow-es": {
        "agent.json": {"language": "en"},
        "intents/wifi.json": INTENT,
        "intents/wifi_usersays_en.json": [PHRASE],
    },
    "dialogflow-cx": {
        "agent.json": {"defaultLanguageCode": "en", "startFlow": "Start"},
        "intents/wifi/wifi.json": {"displayName": "wifi"},
        "intents/wifi/trainingPhrases/en.json": {
            "trainingPhrases": [{"parts": [{"text": "no wifi"}]}]
        },
    },
    "watson": {
        "skill.json": {
            "language": "en",
            "intents": [{"intent": "wifi", "examples": [{"text": "no wifi"}]}],
            "entities": [],
            "dialog_nodes": [],
            "webhooks": [{"headers": [{"name": "Authorization", "value": SECRET}]}],
        }
    },
    "qnamaker": {
        "QnAs.tsv": "Question\tAnswer\tSource\nno wifi\tRestart.\tEditorial\n",
        "Settings.tsv": f"Key\tValue\nEndpointKey\t{SECRET}\nLanguage\tEnglish\n",
    },
    "intercom": {
        "articles.json": {
            "type": "list",
            "data": [ARTICLE | {"type": "article", "state": "published", "workspace_id": "w"}],
        }
    },
    "zendesk": {"articles.json": {"articles": [ARTICLE | {"section_id": 3, "draft": False}]}},
    "freshdesk": {
        "articles.json": [
            {"id": 1, "title": "No wifi?", "description": "Restart.", "status": 2, "agent_id": 3}
            | {"folder_id": 4}
        ]
    },
    "chatwoot": {
        "articles.json": {
            "payload": [
                {"id": 1, "title": "No wifi?", "content": "Restart.", "status": "published"}
                | {"category_id": 1, "portal_id": 2, "position": 1}
            ]
        }
    },
    "pages": {"wifi.md": "# Help\n\n## No wifi?\n\nRestart.\n\n## No sound?\n\nTurn it up.\n"},
    "yaml": {
        "faq.yaml": "intents:\n- {name: wifi, title: Wifi, answer: Restart., utterances: [no wifi]}\n"
    },
    "intents-csv": {"intents.csv": "no wifi,wifi\nno network,wifi\nno sound,sound\nmute,sound\n"},
    "csv": {"faq.csv": "text,intent,answer\nno wifi,wifi,Restart.\n"},
}
UNREAD = {
    "tables",
    "documents",
    "addresses",
    "xlsx",
}  # which are refused, or a table that csv reads alike


def plant(value: Any, owner: str = "") -> Any:
    """Add keys to each object of JSON, but to those whose own keys are languages or intents."""
    if isinstance(value, list):
        return [plant(each) for each in value]
    if not isinstance(value, dict):
        return value
    inner = {key: plant(each, key) for key, each in value.items()}
    return inner if owner in BY_NAME else inner | KEYS


def write(folder: Path, files: dict[str, Any]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(plant(content))
        path.write_text(text, encoding="utf-8")


def test_each_format_has_a_sample() -> None:
    assert SAMPLES.keys() | UNREAD == {each.name for each in FORMATS}


@pytest.mark.parametrize("name", SAMPLES)
def test_no_key_is_read_kept_or_shown(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "bot", SAMPLES[name])
    files = SAMPLES[name]
    is_folder = len(files) > 1 or "/" in next(iter(files))
    if is_folder:
        write(tmp_path / "bot", dict.fromkeys(KEY_FILES, f'"key": "{SECRET}"'))
    read: list[str] = []
    read_bytes = Path.read_bytes

    def read_and_note(path: Path) -> bytes:
        read.append(path.name)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", read_and_note)
    draft = read_source(
        open_source(tmp_path / "bot" if is_folder else tmp_path / "bot" / next(iter(files)))
    )
    assert draft.format == name
    assert "wifi" in " ".join([*draft.intents, *(each.title for each in draft.intents.values())])
    assert SECRET not in repr(draft)
    assert SECRET not in "".join(capfd.readouterr())
    assert not {Path(each).name for each in KEY_FILES} & set(read)


def said_of(path: Path) -> str:
    """Everything that is shown of a source: its draft, or why it is refused."""
    try:
        return repr(read_source(open_source(path)))
    except InvalidCatalogue as refused:
        return str(refused) + repr(refused.mistakes)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_message_about_damage_shows_a_key(name: str, tmp_path: Path) -> None:
    path = max(SAMPLES[name], key=lambda each: len(str(SAMPLES[name][each])))
    write(tmp_path / "bot", SAMPLES[name])
    whole = (tmp_path / "bot" / path).read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "bot" / path).write_bytes(whole[:length])
        for place in (tmp_path / "bot", tmp_path / "bot" / path):
            assert SECRET not in said_of(place)


def test_a_file_of_keys_alone_is_refused_without_showing_them(tmp_path: Path) -> None:
    for number, file in enumerate(KEY_FILES):
        for content in (json.dumps(KEYS), f"key: {SECRET}\n", f"KEY={SECRET}\n"):
            path = tmp_path / str(number) / Path(file).name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
            with pytest.raises(InvalidCatalogue) as refused:
                read_source(open_source(path))
            assert SECRET not in str(refused.value) + repr(refused.value.mistakes)

"""Whole exports of every format, small and invented: what is damaged, and what is mistaken for
another.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl  # type: ignore[import-untyped]

_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT[\d:]+Z")
Files = dict[str, bytes]
"""Contents by path; one of them is a file, several are an archive or a folder."""

RASA_NLU = """\
version: "3.1"
nlu:
- intent: ask_7
  examples: |
    - Where is the [canteen](place)?
    - is there [food]{"entity": "thing", "value": "meal"} here
    - the [[buffet]](place) please
- intent: yes
  examples: |
    - sure
- intent: faq/badge
  examples: |
    - my badge is lost
- intent: nlu_fallback
  examples: |
    - sing me a song
- synonym: canteen
  examples: |
    - cafeteria
"""
RASA_DOMAIN = """\
intents: [ask_7, faq, 'yes', never_trained]
responses:
  utter_reply_7:
  - text: |
      On the *first* floor, see [the map](https://maps.example/1).
  - text: Downstairs.
  utter_faq/badge:
  - text: Ask at the gate.
    buttons: [{title: Yes, payload: /yes}]
  utter_glad:
  - text: Good, {name}.
"""
RASA_RULES = """\
rules:
- rule: canteen
  steps:
  - intent: ask_7
  - action: utter_reply_7
stories:
- story: agreed
  steps:
  - or: [{intent: 'yes'}, {intent: ask_7}]
  - action: utter_glad
"""
RASA_MARKDOWN = """\
## intent:hours
- when do you [open](time)
- opening hours

## intent:chitchat/thanks
- thank you

## synonym:open
- opened
"""
BOTFRONT_NLU = """\
version: "2.0"
nlu:
- intent: no
  metadata: {language: de}
  examples:
  - text: |
      lieber nicht
- intent: pool
  metadata: {language: de}
  examples:
  - text: |
      Ist das Bad in [Bonn]{"entity": "city"} offen?
    metadata: {canonical: true}
- synonym: Bonn
  examples: |
    - bonna
"""
BOTFRONT_DOMAIN = """\
intents: [pool, 'no']
responses:
  utter_swim:
  - language: en
    text: There is a pool.
    buttons:
    - {title: Prices, type: web_url, url: 'https://pool.example'}
  - language: de
    text: Es gibt ein Bad.
  utter_no:
  - language: de
    text: Schade, {name}.
"""
BOTFRONT_STORIES = """\
stories:
- story: Pool
  steps:
  - or: [{intent: pool, user: ich will ins Wasser}]
  - action: utter_swim
  - checkpoint: Pool__branches
- story: Pool__No
  steps:
  - checkpoint: Pool__branches
  - intent: 'no'
  - action: utter_no
"""
OWN_FAQ = """\
# Network
topic: Network
intents:
  - name: vpn
    title: Connect to the VPN
    answer: |
      Start the **client**.
    variants: [Ask the desk.]
    follow_ups: [wifi]
    utterances:
      - the VPN is down
      - VPN drops
  - name: wifi
    title: Join the Wi-Fi
    enabled: false
    answer: Ask the desk.
    utterances: [no wifi, "wifi: slow"]
"""
LU = """\
> !# @app.name = Caretaker
> !# @app.culture = it-it

## Heating
- the heating is cold
* {@Room=the kitchen} is cold
- set {@Order={@Amount=two} radiators} to {@Level:target=five}
- turn (it|the heating) on[ please]

# Lost key
- where is my key \\{round\\}

## None
- sing a song

@ ml Order
    - @ ml Amount usesFeature Sizes
@ list Room =
    - Kitchen :
        - galley
"""
SNIPS_YAML = """\
---
type: intent
name: lightOn
slots:
  - name: room
    entity: room
utterances:
  - turn on the [room](kitchen) light
  - "[room:room](hall) [state:on_off](on)"
---
type: entity
name: room
values:
  - [kitchen, galley]
"""
QNAMAKER = "\n".join(
    "\t".join(row)
    for row in (
        ("Question", "Answer", "Source", "Metadata", "SuggestedQuestions", "IsContextOnly")
        + ("Prompts", "QnaId"),
        ("How do I make tea?", "**Boil** water.\\nWait.", "Editorial", "topic:hot", "[]", "False")
        + ('[{"DisplayOrder": 0, "QnaId": 2, "Qna": null, "DisplayText": "Steep"}]', "1"),
        ("make tea", "**Boil** water.\\nWait.", "Editorial", "topic:hot", "[]", "False", "[]", "1"),
        ("How long?", "Four minutes.", "Editorial", "", "[]", "True", "[]", "2"),
    )
)
MARKDOWN = """\
---
title: Printing
---
# Questions about printing

## What does a page cost?

Five cents, or | see | below |.

## Can I pay by card?

No. ![queue](/queue.png)

```
## not a question?
```
"""
HTML = """\
<!doctype html>
<html lang="fr"><head><title>Aide | Exemple</title><script>x</script></head>
<body><nav><a href="/">Menu</a></nav>
<main><h1>Aide</h1><p>Bienvenue.</p>
<details><summary>Horaires d'ouverture</summary><h3>Semaine</h3><p>De 9&nbsp;h.</p></details>
<table><tr><th>a</th><td><p>b</p></td></tr></table>
<dl><dt>Où êtes-vous ?</dt><dd>Au <a href="https://x.example">centre</a>.</dd></dl>
</main><footer>Mentions</footer></body></html>
"""
OWN_CSV = '''\
text,intent,answer,title,topic,enabled
the VPN is down,vpn,"Start the client,
then wait.",Connect,Network,yes
VPN drops,vpn,,,,
"say ""no""",wifi,'=1+1,Wi-Fi,,no
,key,Ask the gate.,Lost key,,
'''
INTENTS_CSV = 'where is the bus,bus\n"when, exactly",bus\nno ticket,ticket\nlost ticket,ticket\n'


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    """Return an .xlsx, the same each time: without the moment at which it was made."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    with zipfile.ZipFile(content) as saved:
        parts = {path: saved.read(path) for path in saved.namelist()}
    parts["docProps/core.xml"] = _MOMENT.sub(b"2026-01-01T00:00:00Z", parts["docProps/core.xml"])
    return archive(parts)


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files, the same each time."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as into:
        for path, each in files.items():
            into.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), each)
    return content.getvalue()


def _article(**given: Any) -> dict[str, Any]:
    return {"id": 7, "title": "Return a book", **given}


LUIS: dict[str, Any] = {
    "luis_schema_version": "3.0.0",
    "versionId": "0.1",
    "name": "Hausmeister",
    "culture": "de-de",
    "intents": [{"name": "Heizung"}, {"name": "Tür/Schloss"}, {"name": "None"}],
    "entities": [],
    "closedLists": [{"name": "Raum", "subLists": [{"canonicalForm": "Küche", "list": ["Ecke"]}]}],
    "utterances": [
        {"text": "die Heizung ist kalt", "intent": "Heizung", "entities": []},
        {"text": "that ' s cold", "intent": "Heizung", "entities": []},
        {"text": "der Schlüssel klemmt", "intent": "Tür/Schloss", "entities": []},
        {"text": "wie wird das Wetter", "intent": "None", "entities": []},
    ],
    "patterns": [{"pattern": "(wo|wann) ist {Raum}[ bitte][?]", "intent": "Tür/Schloss"}],
}
CLU: dict[str, Any] = {
    "projectFileVersion": "2022-05-01",
    "stringIndexType": "Utf16CodeUnit",
    "metadata": {"projectKind": "Conversation", "multilingual": True, "language": "en-us"},
    "assets": {
        "projectKind": "Conversation",
        "intents": [{"category": "Printer"}, {"category": "None"}, {"category": "Empty"}],
        "entities": [],
        "utterances": [
            {"text": "mein Drucker streikt", "intent": "Printer", "language": "de"},
            {"text": "toner is empty", "intent": "Printer", "dataset": "Test"},
            {"text": "sing a song", "intent": "None"},
        ],
    },
}
LEX_1 = {
    "metadata": {"schemaVersion": "1.0", "importType": "LEX", "importFormat": "JSON"},
    "resource": {
        "name": "Concierge",
        "locale": "en-US",
        "intents": [
            {
                "name": "OpeningHours",
                "sampleUtterances": ["when do you open", "is {shop} open"],
                "conclusionStatement": {
                    "messages": [{"contentType": "PlainText", "content": "Nine to five."}]
                },
            },
            {"name": "Help", "parentIntentSignature": "AMAZON.HelpIntent", "sampleUtterances": []},
        ],
        "clarificationPrompt": {"messages": [{"content": "What?"}]},
    },
}
LEX_2 = {
    "name": "Horario",
    "parentIntentSignature": None,
    "sampleUtterances": [{"utterance": "¿cuándo abren?"}],
    "intentClosingSetting": {
        "isActive": True,
        "closingResponse": {
            "messageGroupsList": [
                {
                    "message": {"plainTextMessage": {"value": "De nueve a cinco."}},
                    "variations": [{"plainTextMessage": {"value": "9-17"}}],
                }
            ]
        },
    },
    "inputContexts": None,
}
WIT = {
    "utterances": [
        {"text": "wo ist das Bad", "intent": "find_room", "entities": [], "traits": []},
        {"text": "erzähl was", "entities": [], "traits": []},
    ]
}
TOCK = {
    "application": {"name": "guichet", "supportedLocales": ["fr", "en"], "_id": "app"},
    "intents": [{"name": "horaires", "label": "Horaires d’ouverture", "_id": "i1"}],
    "sentences": [
        {
            "text": text,
            "language": "fr",
            "applicationId": "app",
            "status": status,
            "classification": {"intentId": intent, "entities": []},
        }
        for text, status, intent in (
            ("quand ouvrez-vous", "model", "i1"),
            ("Jeanne Dupont", "deleted", "i1"),
            ("chante", "validated", "tock:unknown"),
        )
    ],
    "dumpType": "full",
    "faqs": [{"intentId": "i1", "i18nId": "l1", "enabled": True, "tags": ["accueil"]}],
}
TOCK_LABELS = [
    {
        "_id": "l1",
        "i18n": [
            {"locale": "fr", "interfaceType": "textChat", "label": "De 9 à 17 h", "validated": True}
        ],
    }
]
SNIPS = {
    "language": "fr",
    "intents": {
        "lightOn": {
            "utterances": [
                {"data": [{"text": "allume "}, {"text": "la cuisine", "entity": "room"}]}
            ]
        }
    },
    "entities": {"room": {"data": []}},
}
WATSON = {
    "name": "bikes",
    "language": "pt-br",
    "intents": [
        {"intent": "rent", "examples": [{"text": "a bike"}, {"text": "two bikes"}]},
        {"intent": "hours", "examples": [{"text": "when"}]},
    ],
    "entities": [{"entity": "city"}],
    "counterexamples": [{"text": "sing"}],
    "dialog_nodes": [
        {
            "dialog_node": "n",
            "conditions": "#rent and @city",
            "output": {
                "generic": [
                    {"response_type": "text", "values": [{"text": "Ten a day, $name."}]},
                    {"response_type": "option", "title": "Which?", "options": [{"label": "Red"}]},
                ]
            },
            "next_step": {"behavior": "jump_to", "dialog_node": "m", "selector": "body"},
        },
        {
            "dialog_node": "m",
            "conditions": "#hours || #rent",
            "previous_sibling": "n",
            "output": {"text": {"values": ["Nine to five."], "selection_policy": "sequential"}},
        },
    ],
}
BOTPRESS: dict[str, Any] = {
    "qnas": [
        {
            "id": "opening_1",
            "data": {
                "questions": {"fr": ["Quand ouvrez-vous ?"], "en": ["When do\nyou open?"]},
                "answers": {"fr": ["À **neuf** heures."], "en": ["At nine.", "page://x"]},
                "enabled": True,
                "action": "text",
                "contexts": ["visits"],
                "redirectFlow": "",
                "redirectNode": "",
            },
        },
        {
            "id": "closed_2",
            "data": {
                "questions": {"fr": ["Fermé ?"]},
                "answers": {"fr": ["Non."]},
                "enabled": False,
            },
        },
    ],
    "contentElements": [],
}
ES_AGENT = {"language": "en", "supportedLanguages": ["de"], "customClassifierMode": "use.after"}
ES_INTENT = {
    "id": "id-Bike",
    "name": "Bike",
    "contexts": [],
    "events": [],
    "priority": 500000,
    "responses": [
        {
            "messages": [
                {"type": 0, "lang": "en", "speech": ["Ten a day.", "For $name."]},
                {
                    "type": 1,
                    "title": "Map",
                    "buttons": [{"text": "Go", "postback": "https://m.example"}],
                },
            ],
            "parameters": [],
            "affectedContexts": [{"name": "Bike-followup"}],
        }
    ],
    "fallbackIntent": False,
}
ES_SAYS = [
    {"data": [{"text": "a "}, {"text": "red", "meta": "@color"}, {"text": " bike"}]},
    {"data": [{"text": "rent"}], "isTemplate": False},
]
CX_AGENT = {"defaultLanguageCode": "it", "supportedLanguageCodes": ["en"], "startFlow": "Inizio"}
CX_FLOW = {
    "displayName": "Inizio",
    "transitionRoutes": [
        {
            "intent": "Orari",
            "triggerFulfillment": {
                "messages": [
                    {"text": {"text": ["Dalle nove.", "$session.params.x"]}, "languageCode": "it"},
                    {"payload": {"richContent": [[{"type": "info", "title": "Mappa"}]]}},
                ]
            },
            "targetPage": "Altro",
        }
    ],
    "eventHandlers": [{"event": "sys.no-match-default", "triggerFulfillment": {"messages": []}}],
}
CX_PAGE = {
    "displayName": "Altro",
    "entryFulfillment": {"messages": [{"text": {"text": ["Ecco."]}}]},
}
ZENDESK = {
    "articles": [
        _article(
            body="<p>Use the <b>box</b> at the door.</p><h2>When?</h2><p>Always.</p>",
            locale="en-us",
            source_locale="en-us",
            section_id=5,
            permission_group_id=3,
            user_segment_id=None,
            draft=False,
            outdated=False,
            html_url="https://invented.example/hc/en-us/articles/7",
        )
    ],
    "count": 1,
    "next_page": None,
}
FRESHDESK = [
    _article(
        type=1,
        description="<div>Use the <b>box</b>.</div>",
        description_text="Use the box.",
        status=2,
        folder_id=5,
        category_id=4,
        agent_id=1,
        tags=["books"],
    )
]
CHATWOOT = {
    "payload": [
        _article(
            slug="return-a-book",
            content="Use the **box** at the door.",
            status="published",
            account_id=1,
            position=10,
            category={"id": 5, "name": "Lending", "slug": "lending", "locale": "en"},
        )
    ],
    "meta": {"articles_count": 1},
}
INTERCOM = {
    "type": "list",
    "pages": {},
    "total_count": 1,
    "data": [
        _article(
            id="7",
            type="article",
            workspace_id="w1",
            body="<p>Use the <b>box</b>.</p>",
            author_id=3,
            state="published",
            url="https://invented.example/en/articles/7",
            parent_id=5,
            default_locale="en",
        )
    ],
}
_ROWS: list[list[object]] = [
    ["Text", "Intent", "Answer"],
    ["no wifi", "wifi", "Ask."],
    ["VPN drops", "vpn", 7],
]
_PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n"

EXPORTS: dict[str, list[Files]] = {
    "botfront": [
        {
            "config-de.yml": b"language: de\npipeline: []\n",
            "data/nlu/de.yml": BOTFRONT_NLU.encode(),
            "data/stories/all.yml": BOTFRONT_STORIES.encode(),
            "domain.yml": BOTFRONT_DOMAIN.encode(),
            "botfront/bfconfig.yml": b"instance: {token: secret}\n",
        }
    ],
    "rasa": [
        {
            "data/nlu.yml": RASA_NLU.encode(),
            "data/rules.yml": RASA_RULES.encode(),
            "domain.yml": RASA_DOMAIN.encode(),
        },
        {"nlu.yml": RASA_NLU.encode()},
        {"nlu.md": RASA_MARKDOWN.encode()},
        {
            "nlu.json": as_json(
                {"rasa_nlu_data": {"common_examples": [{"text": "hi there", "intent": "greet"}]}}
            )
        },
    ],
    "botpress": [
        {"export.json": as_json(BOTPRESS)},
        {
            "qna/opening_1.json": as_json(BOTPRESS["qnas"][0]),
            "intents/__qna__opening_1.json": as_json({"name": "__qna__opening_1"}),
        },
    ],
    "folder": [
        {
            "intents/network.yaml": OWN_FAQ.encode(),
            "held_out/network.yaml": b"vpn:\n  - tunnel broken\n",
            "out_of_scope.yaml": b"near:\n  - order a laptop\nfar:\n  - tell me a joke\n",
        }
    ],
    "luis": [{"app.json": as_json(LUIS)}],
    "clu": [{"project.json": as_json(CLU)}, {"list.json": as_json(CLU["assets"]["utterances"])}],
    "lu": [{"app.lu": LU.encode()}],
    "lex": [
        {"bot.json": as_json(LEX_1)},
        {
            "Bot.json": b'{"name": "Conserje"}',
            "BotLocales/es_ES/BotLocale.json": b'{"identifier": "es_ES"}',
            "BotLocales/es_ES/Intents/Horario/Intent.json": as_json(LEX_2),
        },
    ],
    "wit": [
        {
            "bath/app.json": b'{"version": 20200513, "zip-command": "zip", "lang": "de"}',
            "bath/intents/find_room.json": b'{"name": "find_room"}',
            "bath/utterances/utterances-1.json": as_json(WIT),
        },
        {"utterances-1.json": as_json(WIT)},
    ],
    "snips": [{"dataset.json": as_json(SNIPS)}, {"dataset.yaml": SNIPS_YAML.encode()}],
    "tock": [{"dump.json": as_json(TOCK), "labels.json": as_json(TOCK_LABELS)}],
    "dialogflow-es": [
        {
            "agent.json": as_json(ES_AGENT),
            "intents/Bike.json": as_json(ES_INTENT),
            "intents/Bike_usersays_en.json": as_json(ES_SAYS),
            "entities/color.json": b'{"name": "color"}',
        }
    ],
    "dialogflow-cx": [
        {
            "agent.json": as_json(CX_AGENT),
            "flows/Inizio/Inizio.json": as_json(CX_FLOW),
            "flows/Inizio/pages/Altro.json": as_json(CX_PAGE),
            "intents/Orari/Orari.json": b'{"name": "id", "displayName": "Orari"}',
            "intents/Orari/trainingPhrases/it.json": as_json(
                {"trainingPhrases": [{"parts": [{"text": "quando aprite"}], "repeatCount": 1}]}
            ),
        }
    ],
    "watson": [{"workspace.json": as_json(WATSON)}],
    "qnamaker": [
        {"qna.tsv": QNAMAKER.encode()},
        {"qna.xlsx": workbook(QnAs=[line.split("\t") for line in QNAMAKER.splitlines()])},
        {
            "QnAs.tsv": QNAMAKER.encode(),
            "Settings.tsv": b"Language\tDefaultAnswerForKB\nEnglish\tNo idea\n",
            "Synonyms.tsv": b'Synonyms\n"sdk","development kit"\n',
        },
    ],
    "intercom": [{"articles.json": as_json(INTERCOM)}],
    "zendesk": [{"articles.json": as_json(ZENDESK)}],
    "freshdesk": [{"articles.json": as_json(FRESHDESK)}],
    "chatwoot": [{"articles.json": as_json(CHATWOOT)}],
    "documents": [{"manual.pdf": _PDF}],
    "tables": [{"faq.xls": b"<table><tr><td>text</td><td>intent</td></tr></table>"}],
    "addresses": [{"urls.txt": b"https://a.example/1\nhttps://a.example/2\n"}],
    "pages": [
        {"faq.md": MARKDOWN.encode()},
        {"aide.html": HTML.encode()},
        {"docs/faq.md": MARKDOWN.encode(), "docs/aide/index.html": HTML.encode()},
    ],
    "yaml": [{"faq.yaml": OWN_FAQ.encode()}],
    "xlsx": [{"faq.xlsx": workbook(FAQ=_ROWS, Notes=[["nothing"], ["here"]])}],
    "intents-csv": [{"intents.csv": INTENTS_CSV.encode()}],
    "csv": [{"faq.csv": OWN_CSV.encode()}],
}
"""Exports of each format by its name; a first one is what people have most often."""

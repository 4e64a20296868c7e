"""Files as other products export them, of an invented shop that lends bikes."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

ANSWERS = {
    "rent": "Scan the code on the bike. The lock opens, and the ride begins.",
    "return": "Leave it at **any station**:\n\n1. Close the lock.\n2. Wait for the green light.",
    "price": "The first half hour is free. After that a minute costs 10 cents.",
    "lock": "Hold your phone to the lock and press *Open again*.",
    "refund": "Write to [billing](https://bikes.example.org/billing); money is back in a week.",
    "child": "Children ride from the age of 12, with somebody who is 18 or older.",
    "helmet": "We lend no helmets. Please bring your own.",
    "lost": "Call us at +49 351 1234567, at any hour. We find the bike by its beacon.",
}
QUESTIONS = {
    "rent": ("How do I rent a bike?", "renting a bicycle", "start a ride", "unlock a bike"),
    "return": ("Where do I leave the bike?", "returning my bicycle", "end the ride", "drop it off"),
    "price": ("What does a ride cost?", "how much is an hour", "prices", "is it free?"),
    "lock": ("The lock is stuck", "lock does not open", "the lock jams", "cannot close the lock"),
    "refund": ("I want my money back", "refund for a broken bike", "you charged me twice"),
    "child": ("May my child ride?", "how old must one be", "bikes for kids"),
    "helmet": ("Do you lend helmets?", "helmet", "is a helmet included"),
    "lost": ("My bike was stolen", "I cannot find my bike", "the bike is gone"),
}


def write_qnamaker(folder: Path) -> Path:
    """A table as QnA Maker exports it, with chit-chat of two questions that are alike."""
    rows = ["Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId"]
    for number, (name, questions) in enumerate(QUESTIONS.items(), 1):
        answer = ANSWERS[name].replace("\n", "\\n")
        for question in questions:
            rows.append(f"{question}\t{answer}\tfaq.docx\t\t[]\tFalse\t[]\t{number}")
    for number, answer in ((90, "Hello! How can I help?"), (91, "Good day.")):
        rows.append(
            f"Hello there\t{answer}\tchitchat.tsv\teditorial:chitchat\t[]\tFalse\t[]\t{number}"
        )
    path = folder / "bikes-kb.tsv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def write_dialogflow(folder: Path) -> Path:
    """The zip of an agent; “lock” asks what another export calls otherwise, and one intent needs a
    form that only the old bot had.
    """
    files: dict[str, Any] = {
        "package.json": {"version": "1.0.0"},
        "agent.json": {"language": "en", "customClassifierMode": "use.after"},
    }
    for name, questions in QUESTIONS.items():
        label = f"bike.{name}" if name != "lock" else "hardware.lock"
        files[f"intents/{label}.json"] = _intent(label, ANSWERS[name])
        files[f"intents/{label}_usersays_en.json"] = _says(*questions, f"{name} please")
    files["intents/book.json"] = _intent("book", "Your bike waits at $station.", "station")
    files["intents/book_usersays_en.json"] = _says("book a bike at the opera")
    fallback = _intent("Default Fallback Intent", "I missed that.") | {"fallbackIntent": True}
    files["intents/Default Fallback Intent.json"] = fallback
    files["intents/Default Fallback Intent_usersays_en.json"] = _says("tell me a joke")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, json.dumps(content))
    path = folder / "BikeAgent.zip"
    path.write_bytes(packed.getvalue())
    return path


def _intent(label: str, answer: str, needs: str = "") -> dict[str, Any]:
    parameters = [{"name": needs, "required": True, "dataType": "@sys.any"}] if needs else []
    messages = [{"type": 0, "speech": [answer], "lang": "en"}]
    response = {"messages": messages, "parameters": parameters, "affectedContexts": []}
    usual = {"id": f"id-{label}", "name": label, "contexts": [], "events": []}
    return usual | {"responses": [response], "fallbackIntent": False}


def _says(*phrases: str) -> list[dict[str, Any]]:
    return [{"data": [{"text": phrase}], "isTemplate": False} for phrase in phrases]


def write_help_centre(folder: Path) -> Path:
    """A folder as one saves a help centre: pages of articles, sections, and a picture."""
    centre = folder / "help-centre"
    (centre / "images").mkdir(parents=True)
    (centre / "images" / "lock.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2_000))
    articles = [
        {
            "id": 100 + number,
            "title": QUESTIONS[name][0],
            "body": _html(ANSWERS[name]),
            "locale": "en-us",
            "source_locale": "en-us",
            "section_id": 7,
            "draft": name == "helmet",
            "html_url": f"https://bikes.zendesk.com/hc/en-us/articles/{100 + number}",
            "label_names": list(QUESTIONS[name][1:2]),
        }
        for number, name in enumerate(QUESTIONS)
    ]
    sections = [{"id": 7, "name": "Riding", "locale": "en-us", "category_id": 1}]
    for number, some in enumerate((articles[:5], articles[5:]), 1):
        page = {"count": len(articles), "page": number, "articles": some, "sections": sections}
        (centre / f"articles-{number}.json").write_text(json.dumps(page), encoding="utf-8")
    return centre


def _html(answer: str) -> str:
    return "".join(f"<p>{line}</p>" for line in answer.splitlines() if line)


def write_large(folder: Path, rows: int = 6_000) -> Path:
    """A CSV that takes longer than somebody waits for a page."""
    lines = ["text,intent,answer"]
    for number in range(rows):
        lines.append(f"question number {number} about part {number % 97},part-{number % 97},Ask.")
    path = folder / "large.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

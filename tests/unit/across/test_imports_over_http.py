import io
import zipfile

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chatbot.bootstrap import Parts

Headers = dict[str, str]
ROWS = "text,intent,answer\nwhere is my parcel?,parcels,Look at **Parcels**.\n"
FOLDER = {
    "bot/intents/parcels.yaml": (
        "intents:\n- name: parcels\n  title: Parcels\n  answer: Look.\n"
        "  utterances: [where is my parcel]\n"
    ),
    "bot/out_of_scope.yaml": "jokes: [tell me a joke]\n",
}


def send(client: FlaskClient, editor: Headers, content: bytes, **how: str) -> TestResponse:
    return client.post("/v1/imports", data=content, query_string=how, headers=editor)


def pack() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in FOLDER.items():
            packed.writestr(name, content)
    return archive.getvalue()


def test_a_file_is_previewed_unless_one_says_otherwise(
    client: FlaskClient, editor: Headers, parts: Parts
) -> None:
    found = send(client, editor, ROWS.encode(), name="faq.csv").get_json()
    assert found["summary"]["format"] == "csv"
    assert (found["summary"]["intents"], found["summary"]["utterances"]) == (1, 1)
    assert found["changes"]["added"] == ["parcels"]
    assert found["changes"]["act"] is None
    assert client.get("/v1/intents/parcels", headers=editor).status_code == 404


def test_an_archive_is_imported_and_one_undo_takes_it_back(
    client: FlaskClient, editor: Headers
) -> None:
    found = send(client, editor, pack(), name="bot.zip", dry_run="false").get_json()
    assert found["summary"]["format"] == "folder"
    assert found["summary"]["out_of_scope"] == 1
    assert client.get("/v1/intents/parcels", headers=editor).status_code == 200
    undo = client.post("/v1/faq/undo", json={"act": found["changes"]["act"]}, headers=editor)
    assert undo.status_code == 200
    assert client.get("/v1/intents/parcels", headers=editor).status_code == 404


def test_what_is_no_faq_is_refused_with_the_reason(client: FlaskClient, editor: Headers) -> None:
    picture = send(client, editor, b"\x89PNG\r\n", name="faq.png")
    assert picture.status_code == 422
    assert "in no format that is known" in picture.text
    assert send(client, editor, b"").status_code == 400
    assert send(client, editor, b"\xff" * 100).status_code == 422


def test_what_is_asked_only_after_another_answer_is_not_found_by_its_title(
    client: FlaskClient, editor: Headers, parts: Parts, asker: Headers
) -> None:
    header = (
        "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\n"
    )
    prompt = '[{"displayOrder":0,"qnaId":2,"displayText":"How long"}]'
    rows = (
        f"where are my parcels\tLook.\tEditorial\t\t[]\tFalse\t{prompt}\t1\n"
        "how long do they take\tThree days.\tEditorial\t\t[]\tTrue\t[]\t2\n"
    )
    content = (header + rows).encode()
    found = send(client, editor, content, name="kb.tsv", dry_run="false").get_json()
    assert (found["summary"]["in_context"], found["summary"]["disabled"]) == (1, 1)
    follow_up = client.get("/v1/intents/how-long-do-they-take", headers=editor).get_json()
    assert (follow_up["enabled"], follow_up["answer"]) == (False, "Three days.")
    parts.live.refresh()
    asked = {}
    for text in ("where are my parcels", "how long do they take", "Three days."):
        asked[text] = client.post("/ask", json={"text": text}, headers=asker).get_json()
    assert asked.pop("where are my parcels")["answer"]["body"] == "Look."
    for reply in asked.values():
        assert "how-long-do-they-take" not in str(reply)


def test_of_a_file_in_several_languages_one_is_wanted(client: FlaskClient, editor: Headers) -> None:
    rows = b"""[{"text": "my chain broke", "intent": "repair", "language": "en"},
        {"text": "meine Kette ist ab", "intent": "repair", "language": "de"}]"""
    summary = send(client, editor, rows, name="a.json", language="de").get_json()["summary"]
    assert (summary["language"], summary["utterances"]) == ("de", 1)
    assert summary["others"] == {"en": {"utterances": 1, "answers": 0}}
    refused = send(client, editor, rows, name="a.json", language="fr")
    assert refused.status_code == 422
    assert "a.json: holds nothing in “fr”; its languages are de, en" in refused.text
    assert send(client, editor, rows, name="a.json", language="x y").status_code == 422

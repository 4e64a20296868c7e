import io
import json
import zipfile

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chatbot.bootstrap import Parts
from waiting import wait_until

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
    assert (found["state"], found["act"]) == ("ready", None)
    assert client.get("/v1/intents/parcels", headers=editor).status_code == 404


def test_an_archive_is_imported_and_one_undo_takes_it_back(
    client: FlaskClient, editor: Headers
) -> None:
    found = send(client, editor, pack(), name="bot.zip", dry_run="false").get_json()
    assert found["summary"]["format"] == "folder"
    assert found["summary"]["out_of_scope"] == 1
    assert client.get("/v1/intents/parcels", headers=editor).status_code == 200
    undo = client.post("/v1/faq/undo", json={"act": found["act"]}, headers=editor)
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
    found = send(client, editor, rows, name="a.json", language="de").get_json()
    summary = found["summary"]
    assert (summary["language"], summary["utterances"]) == ("de", 1)
    assert summary["others"] == {"en": {"utterances": 1, "answers": 0}}
    again = client.post(f"/v1/imports/{found['id']}", json={"dry_run": True}, headers=editor)
    assert again.get_json()["summary"]["language"] == "de", "what was chosen is forgotten"
    refused = send(client, editor, rows, name="a.json", language="fr")
    assert refused.status_code == 422
    assert "a.json: holds nothing in “fr”; its languages are de, en" in refused.text
    assert send(client, editor, rows, name="a.json", language="x y").status_code == 422


def test_clashes_are_decided_one_by_one_on_a_file_that_was_sent(
    client: FlaskClient, editor: Headers
) -> None:
    rows = "text,intent,answer\nVPN drops all the time,wifi,Ask.\nno wifi,wifi,\n"
    found = send(client, editor, rows.encode(), name="faq.csv").get_json()
    assert [(c["text"], c["owner"], c["proposal"]) for c in found["taken"]] == [
        ("VPN drops all the time", "vpn", "move")
    ]
    address = f"/v1/imports/{found['id']}"
    body = {"decided": {"VPN drops all the time": "keep"}}
    looked = client.post(address, json=body | {"dry_run": True}, headers=editor).get_json()
    assert (looked["state"], looked["changes"]["utterances_moved"]) == ("ready", 0)
    done = client.post(address, json=body, headers=editor).get_json()
    assert (done["state"], done["changes"]["utterances_added"]) == ("done", 1)
    assert client.post(address, json=body, headers=editor).status_code == 409
    assert client.get(address, headers=editor).get_json()["act"] == done["act"]


def test_what_is_left_out_comes_as_csv_and_a_file_can_be_forgotten(
    client: FlaskClient, editor: Headers
) -> None:
    app = {
        "luis_schema_version": "7.0.0",
        "intents": [{"name": "A"}],
        "utterances": [{"text": "???", "intent": "A", "entities": []}],
    }
    found = send(client, editor, json.dumps(app).encode(), name="app.json").get_json()
    address = f"/v1/imports/{found['id']}"
    assert found["left_out"][0]["count"] == 1
    rows = client.get(f"{address}/left-out", headers=editor).text.splitlines()
    assert len(rows) == 2
    assert client.delete(address, headers=editor).status_code == 204
    assert client.get(address, headers=editor).status_code == 404


def test_a_large_file_is_accepted_and_done_beside(
    client: FlaskClient, editor: Headers, parts: Parts
) -> None:
    rows = "".join(f"how do I open door number {n},door-{n % 50},\n" for n in range(7_000))
    content = f"text,intent,answer\n{rows}".encode()
    accepted = send(client, editor, content, name="doors.csv", dry_run="false")
    assert accepted.status_code == 202
    assert accepted.get_json()["state"] == "writing"
    address = accepted.headers["Location"]

    def is_done() -> bool:
        state: str = client.get(address, headers=editor).get_json()["state"]
        return state == "done"

    wait_until(is_done, "it is written", seconds=120)
    done = client.get(address, headers=editor).get_json()
    assert done["changes"]["utterances_added"] == 7_000
    assert client.get("/v1/intents/door-1", headers=editor).status_code == 200

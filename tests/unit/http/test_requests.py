"""What nobody should send, on every route that takes a body: a 4xx that says why, never a 5xx."""

import json

import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]
JSON = "application/json"
CORPUS = {
    "lone surrogate": (b'{"text": "\\ud800"}', JSON, 422),
    "surrogate in a word": (b'{"text": "reset \\udfff password"}', JSON, 422),
    "NUL": (b'{"text": "a\\u0000b"}', JSON, 422),
    "NaN": (b'{"text": NaN}', JSON, 400),
    "infinity": (b'{"text": -Infinity}', JSON, 400),
    "deep brackets": (b"[" * 60_000, JSON, 400),
    "deep objects": (b'{"a":' * 10_000, JSON, 400),
    "100k brackets": (b"[" * 100_000, JSON, 413),
    "5000-digit number": (b'{"text": ' + b"9" * 5000 + b"}", JSON, 400),
    "huge exponent": (b'{"text": 1e999}', JSON, 422),
    "repeated key": (b'{"text": "a", "text": "b"}', JSON, 400),
    "UTF-16": ('{"text": "hello"}'.encode("utf-16"), JSON, 400),
    "UTF-16 that says so": ('{"text": "a"}'.encode("utf-16"), f"{JSON}; charset=utf-16", 400),
    "UTF-8 with a byte order mark": (b'\xef\xbb\xbf{"text": "a"}', JSON, 400),
    "broken UTF-8": (b'{"text": "\xff\xfe"}', JSON, 400),
    "5 MB": (b'{"text": "' + b"a" * 5_000_000 + b'"}', JSON, 413),
    "nothing": (b"", JSON, 400),
    "not JSON": (b"hello", JSON, 400),
    "half of JSON": (b'{"text": "he', JSON, 400),
    "null": (b"null", JSON, 422),
    "a list": (b'["text"]', JSON, 422),
    "a text": (b'"text"', JSON, 422),
    "a number for a text": (b'{"text": 7}', JSON, 422),
    "a list for a text": (b'{"text": ["a"]}', JSON, 422),
    "no text": (b"{}", JSON, 422),
    "an unknown field": (b'{"text": "a", "model": 3}', JSON, 422),
    "a text for a flag": (b'{"text": "a", "test": "yes"}', JSON, 422),
    "empty": (b'{"text": ""}', JSON, 422),
    "blanks": (b'{"text": " \\t\\n\\u00a0"}', JSON, 422),
    "only invisible": (b'{"text": "\\u200b\\u00ad\\u2060"}', JSON, 422),
    "too long": (json.dumps({"text": "a" * 2001}).encode(), JSON, 422),
    "too long after NFKC": (json.dumps({"text": "\ufdfa" * 500}).encode(), JSON, 422),
    "long conversation": (
        json.dumps({"text": "a", "conversation_id": "c" * 101}).encode(),
        JSON,
        422,
    ),
    "NUL in the conversation": (b'{"text": "a", "conversation_id": "\\u0000"}', JSON, 422),
    "surrogate in the conversation": (b'{"text": "a", "conversation_id": "\\ud800"}', JSON, 422),
    "surrogate as a key": (b'{"text": "a", "\\ud800": 1}', JSON, 422),
    "a form": (b"text=hello", "application/x-www-form-urlencoded", 415),
    "plain text": (b'{"text": "hello"}', "text/plain", 415),
    "no content type": (b'{"text": "hello"}', "", 415),
}


@pytest.mark.parametrize(("body", "content_type", "status"), CORPUS.values(), ids=list(CORPUS))
def test_a_malformed_question_is_refused(
    client: FlaskClient, asker: Headers, body: bytes, content_type: str, status: int
) -> None:
    response = client.post("/v1/ask", data=body, content_type=content_type, headers=asker)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.get_json()["status"] == status


@pytest.mark.parametrize(
    ("text", "reason"),
    [("  ", "blank"), ("a\u0000b", "NUL"), ("a" * 2001, "2001 characters; at most 2000")],
)
def test_a_bad_text_is_pointed_at(
    client: FlaskClient, asker: Headers, text: str, reason: str
) -> None:
    [mistake] = client.post("/v1/ask", json={"text": text}, headers=asker).get_json()["errors"]
    assert mistake["pointer"] == "/text"
    assert reason in mistake["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "rеset my pаssword",
        "ＲＥＳＥＴ ＭＹ ＰＡＳＳＷＯＲＤ",
        "re\u200bset my pass\u00adword",
        "👩\u200d💻 ?",
    ],
)
def test_odd_but_readable_text_is_accepted(client: FlaskClient, asker: Headers, text: str) -> None:
    assert client.post("/v1/ask", json={"text": text}, headers=asker).status_code == 200


@pytest.mark.parametrize(("body", "content_type", "status"), CORPUS.values(), ids=list(CORPUS))
def test_the_same_breaks_no_other_route(
    client: FlaskClient, admin: Headers, body: bytes, content_type: str, status: int
) -> None:
    for method, path in [
        ("POST", "/v1/queries/none/feedback"),
        ("PUT", "/v1/queries/none/confirmation"),
        ("POST", "/v1/intents"),
        ("PATCH", "/v1/intents/vpn"),
        ("POST", "/v1/intents/none/utterances"),
        ("PUT", "/v1/intents/vpn/utterances/1"),
        ("POST", "/v1/admin/rollback"),
        ("POST", "/v1/admin/promote"),
        ("POST", "/v1/admin/keys"),
        ("POST", "/v1/queries/none/choice"),
        ("POST", "/v1/handoffs"),
        ("PATCH", "/v1/handoffs/1"),
        ("POST", "/v1/admin/sites"),
        ("PUT", "/v1/admin/sites/none"),
    ]:
        response = client.open(
            path, method=method, data=body, content_type=content_type, headers=admin
        )
        assert response.status_code < 500, path


@pytest.mark.parametrize(
    "path",
    [
        "/v1/queries/%00",
        "/v1/queries/%FF",
        "/v1/queries/" + "a" * 5000,
        "/v1/intents/%ED%A0%80",
        "/v1/intents/..%2F..%2Fetc",
        "/v1/models/99999999999999999999999/report",
        "/v1/models/-1/report",
        "/v1/admin/jobs/4294967296",
        "/docs/..%2Fflask_swagger_ui.py",
        "/%00",
    ],
)
def test_a_malformed_path_is_not_found(client: FlaskClient, admin: Headers, path: str) -> None:
    response = client.get(path, headers=admin)
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_number_that_is_too_large_is_not_found_by_any_method(
    client: FlaskClient, editor: Headers, method: str
) -> None:
    path = "/v1/intents/vpn/utterances/2147483648"
    assert client.open(path, method=method, headers=editor).status_code == 404

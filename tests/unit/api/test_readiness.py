from flask.testing import FlaskClient

from chatbot.bootstrap import Parts

Headers = dict[str, str]


def test_an_editor_reads_how_ready_the_bot_is(
    client: FlaskClient, editor: Headers, agent: Headers, parts: Parts
) -> None:
    found = client.get("/v1/readiness", headers=editor).get_json()
    expected = parts.readiness.read(parts.live.current())
    assert expected.covered is not None
    assert found["covered"]["right"] == expected.covered.right
    assert sum(found["all"].values()) == sum(found["uncovered"].values()) == 100
    assert (found["tried"], found["mute"], found["reason"]) == (16, False, "")
    assert len(found["intents"]) == 4
    assert found["steps"][-1]["kind"] == "review"
    assert client.get("/v1/readiness", headers=agent).status_code == 403
    assert client.get("/v1/readiness").status_code == 401

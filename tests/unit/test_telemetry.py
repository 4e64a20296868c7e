from collections.abc import Callable

from flask.testing import FlaskClient

from chatbot.services.access.keys import Scope

Key = Callable[[Scope], dict[str, str]]
QUESTION = {"text": "how do I change my e-mail address"}


def test_metrics_count_what_happened(client: FlaskClient, key: Key) -> None:
    client.post("/ask", json=QUESTION, headers=key(Scope.ASK))
    client.post("/ask", json=QUESTION, headers=key(Scope.ASK))

    response = client.get("/metrics", headers=key(Scope.AGENT))

    assert response.status_code == 200
    assert response.mimetype == "text/plain"
    told = response.text
    for stage in ("queue", "encode", "search", "store"):
        assert f'chatbot_ask_stage_seconds_count{{stage="{stage}"}}' in told
    assert 'chatbot_embeddings_total{cache="hit"}' in told
    assert 'chatbot_request_seconds_bucket{le="0.5",route="/ask",status="200"}' in told
    assert "chatbot_model_version 1.0" in told
    assert "email" not in told
    assert "e-mail" not in told

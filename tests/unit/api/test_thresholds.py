from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.monitoring.adapt import Adapter
from chatbot.storage.database import now
from factories import add_query

Headers = dict[str, str]


def adapt(parts: Parts) -> None:
    with parts.database.write() as session:
        for number in range(120):
            add_query(session, f"purple elephants over the hill {number}", asked_at=now())
    assert Adapter(parts.database, parts.models, parts.settings).run()


def test_before_any_traffic_the_promise_is_assumed(client: FlaskClient, agent: Headers) -> None:
    found = client.get("/v1/thresholds", headers=agent).get_json()
    assert (found["promise"], found["state"], found["held"]) == (0.1, "assumed", False)
    assert "assumed" in found["words"]
    assert (found["in_force"], found["changes"]) == (None, [])


def test_a_change_is_shown_and_an_admin_undoes_it(
    client: FlaskClient, agent: Headers, admin: Headers, parts: Parts
) -> None:
    adapt(parts)
    found = client.get("/v1/thresholds", headers=agent).get_json()
    assert found["in_force"]["by"] == "system"
    assert found["in_force"]["uncovered"] > 0.6
    assert found["words"] == found["in_force"]["reason"]
    body = {"action": "revert", "reason": "it hands over too much"}
    assert client.post("/v1/admin/thresholds", json=body, headers=agent).status_code == 403
    undone = client.post("/v1/admin/thresholds", json=body, headers=admin).get_json()
    assert undone["held"]
    assert [change["reverted_at"] is not None for change in undone["changes"]] == [False, True]
    again = {"action": "hold", "reason": "again"}
    assert client.post("/v1/admin/thresholds", json=again, headers=admin).status_code == 409
    freed = {"action": "release", "reason": "looked at it"}
    assert not client.post("/v1/admin/thresholds", json=freed, headers=admin).get_json()["held"]


def test_nothing_to_undo_is_said(client: FlaskClient, admin: Headers) -> None:
    body = {"action": "revert", "reason": "a test"}
    assert client.post("/v1/admin/thresholds", json=body, headers=admin).status_code == 409

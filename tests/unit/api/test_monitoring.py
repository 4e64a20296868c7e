import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.storage.tables import ModelVersion
from watches import judge_sample

Headers = dict[str, str]


def test_before_anything_was_judged_nothing_is_claimed(client: FlaskClient, agent: Headers) -> None:
    found = client.get("/v1/monitoring", headers=agent).get_json()
    assert found["sample"] == {
        "drawn": 0,
        "judged": 0,
        "right": None,
        "wrong_answers": None,
        "promise": 0.1,
        "breaks_promise": False,
    }
    assert found["drift"] == {"version": 1, "reference": 0, "recent": 0, "shifts": []}
    assert (found["hold"], found["watches"]) == (None, [])


def test_the_live_accuracy_comes_with_its_interval(
    client: FlaskClient, agent: Headers, parts: Parts
) -> None:
    judge_sample(parts, right=15, wrong=15)
    sample = client.get("/v1/monitoring", headers=agent).get_json()["sample"]
    assert (sample["drawn"], sample["judged"], sample["breaks_promise"]) == (30, 30, True)
    assert sample["wrong_answers"]["value"] == pytest.approx(0.5)
    assert sample["wrong_answers"]["low"] < 0.5 < sample["wrong_answers"]["high"]


def test_a_hold_is_shown_and_an_admin_clears_it_once(
    client: FlaskClient, agent: Headers, admin: Headers, rolled_back: int
) -> None:
    found = client.get("/v1/monitoring", headers=agent).get_json()
    assert found["hold"]["version"] == rolled_back
    assert [w["state"] for w in found["watches"]] == ["rolled_back"]
    assert [f["figure"] for f in found["hold"]["figures"]] == [
        "handed_over",
        "corrected",
        "did_not_help",
    ]
    body = {"reason": "the FAQ was half imported"}
    assert client.post("/v1/admin/clear-hold", json={}, headers=admin).status_code == 422
    assert client.post("/v1/admin/clear-hold", json=body, headers=agent).status_code == 403
    assert client.post("/v1/admin/clear-hold", json=body, headers=admin).status_code == 200
    assert client.post("/v1/admin/clear-hold", json=body, headers=admin).status_code == 409
    assert client.get("/v1/monitoring", headers=agent).get_json()["hold"] is None


def test_the_withdrawn_version_stays_withdrawn(
    client: FlaskClient, admin: Headers, parts: Parts, rolled_back: int
) -> None:
    client.post("/v1/admin/clear-hold", json={"reason": "looked at it"}, headers=admin)
    with parts.database.read() as session:
        assert session.get_one(ModelVersion, rolled_back).withdrawn

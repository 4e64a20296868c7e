import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from factories import add_confirmed

Headers = dict[str, str]


@pytest.fixture
def group(parts: Parts) -> dict[str, object]:
    """What one account said of an intent today, far too often; as the API lists it."""
    with parts.database.write() as session:
        for place in range(parts.settings.quarantine_never_below + 1):
            add_confirmed(session, f"<b>question {place}</b>", "vpn")
    return {"source": "agent", "says": "vpn"}


def test_a_group_is_listed_and_released_once(
    client: FlaskClient, agent: Headers, admin: Headers, group: dict[str, object]
) -> None:
    [listed] = client.get("/v1/quarantine", headers=agent).get_json()["items"]
    assert listed.items() >= group.items()
    assert (listed["count"], len(listed["examples"])) == (51, 3)
    body = group | {"day": listed["day"], "reason": "a busy day"}
    assert client.post("/v1/admin/quarantine/release", json=body, headers=agent).status_code == 403
    released = client.post("/v1/admin/quarantine/release", json=body, headers=admin)
    assert released.get_json() == {"released": 51}
    again = client.post("/v1/admin/quarantine/release", json=body, headers=admin)
    assert again.status_code == 404
    assert client.get("/v1/quarantine", headers=agent).get_json()["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [{"day": "yesterday"}, {"day": 7}, {"reason": ""}, {"source": ""}, {"says": "x" * 201}],
    ids=str,
)
def test_a_release_that_names_nothing_is_refused(
    client: FlaskClient, admin: Headers, wrong: dict[str, object]
) -> None:
    body = {"source": "agent", "says": "vpn", "day": "2026-03-01", "reason": "a busy day"}
    response = client.post("/v1/admin/quarantine/release", json=body | wrong, headers=admin)
    assert response.status_code == 422
    response = client.post("/v1/admin/quarantine/release", json=body, headers=admin)
    assert response.status_code == 404

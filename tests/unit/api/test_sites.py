import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]
SITE = {"name": "Shop", "origins": ["https://shop.example/"], "per_visitor": 5, "per_site": 50}


def test_a_site_is_made_changed_listed_and_revoked(client: FlaskClient, admin: Headers) -> None:
    response = client.post("/v1/admin/sites", json=SITE, headers=admin)
    made = response.get_json()
    assert response.status_code == 201
    assert made["key"].startswith("site_")
    assert made["origins"] == ["https://shop.example"]
    path = f"/v1/admin/sites/{made['key']}"
    change = SITE | {"origins": ["localhost"], "per_visitor": 6}
    changed = client.put(path, json=change, headers=admin).get_json()
    assert (changed["key"], changed["origins"]) == (made["key"], ["localhost"])
    assert client.get("/v1/admin/sites", headers=admin).get_json()["items"] == [changed]
    assert client.delete(path, headers=admin).status_code == 204
    assert client.delete(path, headers=admin).status_code == 204
    [revoked] = client.get("/v1/admin/sites", headers=admin).get_json()["items"]
    assert revoked["revoked_at"] is not None


def test_a_change_holds_at_once(client: FlaskClient, admin: Headers) -> None:
    made = client.post("/v1/admin/sites", json=SITE, headers=admin).get_json()
    visitor = {"Authorization": f"Bearer {made['key']}", "Origin": "https://new.example"}
    assert client.post("/v1/ask", json={"text": "hi"}, headers=visitor).status_code == 403
    change = SITE | {"origins": ["https://new.example"]}
    client.put(f"/v1/admin/sites/{made['key']}", json=change, headers=admin)
    assert client.post("/v1/ask", json={"text": "hi"}, headers=visitor).status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"origins": []}, 422),
        ({"origins": "https://shop.example"}, 422),
        ({"origins": ["*"]}, 409),
        ({"origins": ["https://shop.example/path"]}, 409),
        ({"origins": ["x" * 301]}, 422),
        ({"name": " "}, 422),
        ({"name": "x" * 81}, 422),
        ({"per_visitor": 0}, 422),
        ({"per_site": "many"}, 422),
        ({"key": "site_mine"}, 422),
    ],
)
def test_an_impossible_site_is_refused(
    client: FlaskClient, admin: Headers, change: dict[str, object], status: int
) -> None:
    assert client.post("/v1/admin/sites", json=SITE | change, headers=admin).status_code == status
    assert client.get("/v1/admin/sites", headers=admin).get_json()["items"] == []


def test_an_unknown_site_is_not_found(client: FlaskClient, admin: Headers) -> None:
    assert client.put("/v1/admin/sites/site_none", json=SITE, headers=admin).status_code == 404
    assert client.delete("/v1/admin/sites/site_none", headers=admin).status_code == 404

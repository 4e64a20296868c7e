from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

import mail_relay
from chatbot.bootstrap import Parts
from chatbot.services.delivery.deliver import deliver_due
from receiver import running

Headers = dict[str, str]
HOOK = {"url": "https://hooks.example.org/x", "kinds": ["model.promoted", "handoff.requested"]}


@pytest.fixture
def hook(client: FlaskClient, admin: Headers) -> dict[str, Any]:
    response = client.post("/v1/admin/webhooks", json=HOOK, headers=admin)
    assert response.status_code == 201
    made: dict[str, Any] = response.get_json()
    return made


def test_the_secret_is_shown_once(
    client: FlaskClient, admin: Headers, hook: dict[str, Any]
) -> None:
    assert hook["secret"].startswith("whsec_")
    listed = client.get("/v1/admin/webhooks", headers=admin)
    [item] = listed.get_json()["items"]
    assert item == {name: value for name, value in hook.items() if name != "secret"}
    assert "whsec_" not in listed.text
    rotated = client.post("/v1/admin/webhooks/1/rotate", headers=admin).get_json()
    assert rotated["secret"] != hook["secret"]
    assert rotated["previous_until"] is not None
    trail = client.get("/v1/admin/audit", headers=admin).text
    assert "webhook.rotate" in trail
    assert "whsec_" not in trail


def test_it_is_changed_disabled_enabled_and_deleted(
    client: FlaskClient, admin: Headers, hook: dict[str, Any]
) -> None:
    def change(**body: Any) -> dict[str, Any]:
        response = client.patch("/v1/admin/webhooks/1", json=body, headers=admin)
        assert response.status_code == 200
        found: dict[str, Any] = response.get_json()
        return found

    assert change(kinds=["training.failed"])["kinds"] == ["training.failed"]
    assert change(enabled=False)["remark"].startswith("Disabled by admin of a test")
    assert client.post("/v1/admin/webhooks/1/test", headers=admin).status_code == 409
    assert change(enabled=True)["remark"] == ""
    assert change()["enabled"] is True
    assert client.delete("/v1/admin/webhooks/1", headers=admin).status_code == 204
    assert client.delete("/v1/admin/webhooks/1", headers=admin).status_code == 404
    for method, path in (("PATCH", ""), ("POST", "/rotate"), ("POST", "/test")):
        response = client.open(f"/v1/admin/webhooks/1{path}", method=method, json={}, headers=admin)
        assert response.status_code == 404


def test_a_test_is_queued_sent_by_a_worker_listed_and_sent_again(
    client: FlaskClient, admin: Headers, parts: Parts
) -> None:
    with running() as receiver:
        object.__setattr__(
            parts, "settings", parts.settings.model_copy(update={"private_networks": True})
        )
        body = HOOK | {"url": receiver.url()}
        client.post("/v1/admin/webhooks", json=body, headers=admin)
        queued = client.post("/v1/admin/webhooks/1/test", headers=admin)
        assert (queued.status_code, queued.get_json()["state"]) == (202, "waiting")
        assert receiver.received == [], "a web request never waits for a foreign server"
        deliver_due(parts.database, parts.settings)
        listed = client.get("/v1/admin/deliveries?webhook=1&state=delivered", headers=admin)
        [item] = listed.get_json()["items"]
        assert (item["status"], item["attempt"], item["webhook"], item["bot"]) == (200, 1, 1, None)
        again = client.post(f"/v1/admin/deliveries/{item['id']}/redeliver", headers=admin)
        assert (again.status_code, again.get_json()["state"]) == (202, "waiting")
        deliver_due(parts.database, parts.settings)
        assert len({r.headers["webhook-id"] for r in receiver.received}) == 1
        assert len(receiver.received) == 2


MAILBOX = {"url": "mailto:help@example.org", "kinds": ["handoff.requested"]}


def allow_mail(parts: Parts, port: int) -> None:
    settings = parts.settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_security": "none",
            "smtp_sender": "bot@example.org",
            "smtp_password": SecretStr("geheim"),
        }
    )
    object.__setattr__(parts, "settings", settings)


def test_an_e_mail_address_is_made_tried_listed_and_deleted(
    client: FlaskClient, admin: Headers, parts: Parts
) -> None:
    with mail_relay.running() as relay:
        allow_mail(parts, relay.port)
        made = client.post("/v1/admin/webhooks", json=MAILBOX, headers=admin)
        assert made.status_code == 201
        assert made.get_json()["secret"] is None
        listed = client.get("/v1/admin/webhooks", headers=admin)
        [item] = listed.get_json()["items"]
        assert (item["url"], item["style"]) == ("mailto:help@example.org", "email")
        assert client.post("/v1/admin/webhooks/1/rotate", headers=admin).status_code == 409
        assert client.post("/v1/admin/webhooks/1/test", headers=admin).status_code == 202
        assert relay.handed == [], "a web request never waits for a foreign server"
        deliver_due(parts.database, parts.settings)
        assert relay.handed[0].message["Subject"] == "A test from the helpdesk chatbot"
        deliveries = client.get("/v1/admin/deliveries?webhook=1", headers=admin)
        assert deliveries.get_json()["items"][0]["status"] == 250
        assert "geheim" not in made.text + listed.text + deliveries.text
        assert client.delete("/v1/admin/webhooks/1", headers=admin).status_code == 204


def test_without_a_relay_an_address_is_refused_with_what_to_set(
    client: FlaskClient, admin: Headers
) -> None:
    response = client.post("/v1/admin/webhooks", json=MAILBOX, headers=admin)
    assert response.status_code == 409
    assert "CHATBOT_SMTP_HOST" in response.get_json()["detail"]


@pytest.mark.parametrize(
    "url",
    [
        "mailto:help@example.org, all@example.org",
        "mailto:help@example.org?bcc=all@example.org",
        "mailto:help@example.org\r\nBcc: all@example.org",
        "mailto:straße@example.org",
        "help@example.org",
    ],
)
def test_what_is_not_one_address_is_refused(
    client: FlaskClient, admin: Headers, parts: Parts, url: str
) -> None:
    allow_mail(parts, 25)
    response = client.post("/v1/admin/webhooks", json=MAILBOX | {"url": url}, headers=admin)
    assert response.status_code == 422, response.text
    assert client.get("/v1/admin/webhooks", headers=admin).get_json()["items"] == []


def test_deliveries_come_in_pages(
    client: FlaskClient, admin: Headers, hook: dict[str, Any]
) -> None:
    for _ in range(5):
        client.post("/v1/admin/webhooks/1/test", headers=admin)
    seen, cursor = [], ""
    while True:
        page = client.get(f"/v1/admin/deliveries?limit=2{cursor}", headers=admin).get_json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [5, 4, 3, 2, 1]
    assert client.post("/v1/admin/deliveries/9/redeliver", headers=admin).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"url": ""},
        {"url": "hooks.example.org"},
        {"url": "ftp://hooks.example.org"},
        {"url": "http://127.0.0.1:6379/"},
        {"url": "http://2852039166/latest/meta-data"},
        {"url": "http://[::ffff:10.0.0.1]/"},
        {"url": "https://hooks.example.org/" + "x" * 2000},
        {"url": "https://hooks.example.org/\u0000"},
        {"kinds": []},
        {"kinds": ["model.sold"]},
        {"kinds": "model.promoted"},
        {"kinds": ["model.promoted"] * 9},
        {"style": "teams"},
        {"secret": "whsec_mine"},
    ],
)
def test_nonsense_is_refused(client: FlaskClient, admin: Headers, changes: dict[str, Any]) -> None:
    response = client.post("/v1/admin/webhooks", json=HOOK | changes, headers=admin)
    assert response.status_code == 422, response.text
    assert client.get("/v1/admin/webhooks", headers=admin).get_json()["items"] == []


def test_a_test_event_cannot_be_subscribed_to(client: FlaskClient, admin: Headers) -> None:
    body = HOOK | {"kinds": ["webhook.test"]}
    assert client.post("/v1/admin/webhooks", json=body, headers=admin).status_code == 409


@pytest.mark.parametrize("query", ["webhook=0", "webhook=x", "state=lost", "bot=9999999999", "a=b"])
def test_a_bad_filter_is_refused(client: FlaskClient, admin: Headers, query: str) -> None:
    assert client.get(f"/v1/admin/deliveries?{query}", headers=admin).status_code == 422

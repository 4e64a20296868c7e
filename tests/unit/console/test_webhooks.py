import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

import mail_relay
from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.delivery import chatwoot, events
from chatbot.services.delivery.deliver import deliver_due
from chatbot.storage.database import now
from chatbot.storage.tables import Delivery, Webhook
from people import SignedIn
from receiver import running

FORM = {"url": "https://hooks.example.org/x", "kinds": ["model.promoted", "model.held"]}


@pytest.fixture
def admin(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.ADMIN)


def stored(parts: Parts) -> Webhook:
    with parts.database.read() as session:
        return session.scalars(select(Webhook)).one()


def test_a_webhook_is_made_and_its_secret_shown_once(admin: FlaskClient, parts: Parts) -> None:
    assert "There is no webhook yet" in admin.get("/console/webhooks").text
    page = admin.post("/console/webhooks", data=FORM).text
    assert stored(parts).secret in page
    assert stored(parts).kinds == ["model.held", "model.promoted"]
    page = admin.get("/console/webhooks").text
    assert "https://hooks.example.org/x" in page
    assert "whsec_" not in page


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (FORM | {"kinds": []}, "Tick at least one event"),
        (FORM | {"kinds": ["model.sold"]}, "Tick at least one event"),
        (FORM | {"url": "http://127.0.0.1/"}, "private network"),
        (FORM | {"url": ""}, "url"),
        (FORM | {"style": "teams"}, "style"),
        ({}, "url"),
    ],
)
def test_nonsense_is_refused_with_a_reason(
    admin: FlaskClient, form: dict[str, object], words: str
) -> None:
    response = admin.post("/console/webhooks", data=form)
    assert 400 <= response.status_code < 500
    assert words in response.text or "Tick at least one event" in response.text


def test_a_test_is_sent_seen_and_sent_again(
    admin: FlaskClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = parts.settings.model_copy(update={"private_networks": True})
    object.__setattr__(parts, "settings", allowed)
    with running() as receiver:
        receiver.answers = [500, 200]
        admin.post("/console/webhooks", data=FORM | {"url": receiver.url()})
        assert "delivery 1" in admin.post("/console/webhooks/1/test").text
        assert "waits" in admin.get("/console/webhooks/deliveries").text
        deliver_due(parts.database, parts.settings)
        now_shown = admin.get("/console/webhooks/deliveries").text
        assert "tries again" in now_shown
        assert "It answered 500 Internal Server Error." in now_shown
        assert "<html" not in now_shown
        assert "on its way again" in admin.post("/console/webhooks/deliveries/1/redeliver").text
        deliver_due(parts.database, parts.settings)
        assert "delivered" in admin.get("/console/webhooks/deliveries").text
        assert len(receiver.received) == 2


def test_a_webhook_is_disabled_enabled_given_a_new_secret_and_deleted(
    admin: FlaskClient, parts: Parts
) -> None:
    admin.post("/console/webhooks", data=FORM)
    first = stored(parts).secret
    assert (
        "Disabled by admin@example.org"
        in admin.post("/console/webhooks/1/change", data={"disable": "1"}).text
    )
    assert admin.post("/console/webhooks/1/test").status_code == 409
    admin.post("/console/webhooks/1/change", data={"enable": "1"})
    assert stored(parts).enabled
    page = admin.post("/console/webhooks/1/rotate").text
    assert stored(parts).secret in page
    assert first not in page
    admin.post("/console/webhooks/1/delete")
    assert admin.post("/console/webhooks/1/delete").status_code == 404


def test_an_e_mail_address_is_added_tried_and_deleted(admin: FlaskClient, parts: Parts) -> None:
    form = {"email": " Help@Example.org ", "kinds": ["handoff.requested"]}
    assert "CHATBOT_SMTP_HOST" in admin.get("/console/webhooks").text
    refused = admin.post("/console/webhooks", data=form)
    assert refused.status_code == 409
    assert "set CHATBOT_SMTP_HOST" in refused.text
    with mail_relay.running() as relay:
        given = {"smtp_host": "127.0.0.1", "smtp_port": relay.port, "smtp_security": "none"}
        allowed = parts.settings.model_copy(update=given | {"smtp_sender": "bot@example.org"})
        object.__setattr__(parts, "settings", allowed)
        page = admin.post("/console/webhooks", data=form).text
        assert "E-mail 1 is made." in page
        assert "shown only now" not in page
        assert ">help@example.org<" in page
        assert "New secret" not in page
        assert "CHATBOT_SMTP_HOST" not in page
        admin.post("/console/webhooks/1/test")
        deliver_due(parts.database, parts.settings)
        assert relay.handed[0].recipient == "help@example.org"
        assert "E-mail 1" in admin.get("/console/webhooks/deliveries").text
        relay.replies["RCPT"] = ["550 <script>no</script>"]
        admin.post("/console/webhooks/deliveries/1/redeliver")
        deliver_due(parts.database, parts.settings)
        shown = admin.get("/console/webhooks/deliveries").text
        assert "given up" in shown
        assert "550 &lt;script&gt;no" in shown
        assert "E-mail 1 is deleted." in admin.post("/console/webhooks/1/delete").text


@pytest.mark.parametrize("email", ["", "help", "a@b.org, c@d.org", "a@b.org\nBcc: c@d.org"])
def test_what_is_not_one_address_is_refused(admin: FlaskClient, parts: Parts, email: str) -> None:
    allowed = parts.settings.model_copy(update={"smtp_host": "h", "smtp_sender": "bot@example.org"})
    object.__setattr__(parts, "settings", allowed)
    form = {"email": email, "kinds": ["handoff.requested"]}
    response = admin.post("/console/webhooks", data=form)
    assert response.status_code == 422
    assert "not an e-mail address" in response.text
    with parts.database.read() as session:
        assert session.scalars(select(Webhook)).all() == []


def test_it_says_when_nobody_delivers(admin: FlaskClient, parts: Parts) -> None:
    admin.post("/console/webhooks", data=FORM)
    with parts.database.write() as session:
        events.record(session, events.EventKind.MODEL_HELD, {})
    assert "Does a courier run?" not in admin.get("/console/webhooks").text
    with parts.database.write() as session:
        session.execute(update(Delivery).values(due_at=now().replace(year=2020)))
    assert "Does a courier run?" in admin.get("/console/webhooks").text


def test_hostile_text_of_servers_and_names_is_shown_as_text(
    admin: FlaskClient, parts: Parts
) -> None:
    with parts.database.write() as session:
        chatwoot.create_bot(
            session, "ann", "<script>alert(1)</script>", "https://chat.example", 1, "token"
        )
        session.add(
            Delivery(bot_id=1, conversation=1, message_id="1", kind="<b>", body="", error="<img>")
        )
    page = admin.get("/console/webhooks").text
    assert "&lt;script&gt;alert(1)" in page
    assert not re.search(r"<(b|img)>", page.split('id="deliveries"')[1])
    assert "token" not in page

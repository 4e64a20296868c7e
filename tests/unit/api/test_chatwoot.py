"""Chatwoot's events in, calls of Chatwoot's API out: both sides over real HTTP shapes."""

import copy
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.app import create_app
from chatbot.bootstrap import Parts
from chatbot.services.delivery.deliver import deliver_due
from chatbot.services.knowledge import edit_faq
from chatbot.storage.tables import ChatwootBot, Delivery, Query
from fakes import ANSWERED, FAQ, UNCLEAR, UNKNOWN
from receiver import Receiver, running

Headers = dict[str, str]
Event = dict[str, Any]
UNREADABLE: tuple[Event, ...] = (
    {"id": None},
    {"id": "x"},
    {"id": 2**70},
    {"id": -1},
    {"account": None},
    {"account": {}},
    {"content": 7},
    {"content": "a\x00b"},
    {"conversation": {"status": "pending"}},
    {"conversation": {"status": "pending", "id": 2**40}},
)
EVENTS = Path(__file__).parents[1] / "chatwoot_events"
SIGNING = "chatwoot-signs-with-this"


@pytest.fixture
def chatwoot() -> Iterator[Receiver]:
    """Stands for Chatwoot's API."""
    with running() as started:
        yield started


@pytest.fixture
def parts(parts: Parts) -> Parts:
    allowed = parts.settings.model_copy(update={"private_networks": True})
    object.__setattr__(parts, "settings", allowed)
    return parts


@pytest.fixture
def connect(client: FlaskClient, admin: Headers, chatwoot: Receiver) -> Callable[..., str]:
    """Connect a bot; returns the path that Chatwoot is to call."""

    def make(**more: Any) -> str:
        body = {"name": "website", "url": chatwoot.url(""), "account_id": 3, "token": "bot-token"}
        response = client.post("/v1/admin/chatwoot", json=body | more, headers=admin)
        assert response.status_code == 201, response.text
        return str(response.get_json()["path"])

    return make


def event(name: str, **changes: Any) -> Event:
    found: Event = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return found | changes


def said(text: str | None, message_id: int = 77287, conversation: int = 1308) -> Event:
    made = event("message_created", content=text, id=message_id)
    made["conversation"]["id"] = conversation
    return made


def deliver(parts: Parts) -> None:
    deliver_due(parts.database, parts.settings)


def calls(chatwoot: Receiver) -> list[tuple[str, Event]]:
    """(what was called within the account, with which body)"""
    prefix = "/api/v1/accounts/3/conversations/"
    assert all(r.path.startswith(prefix) for r in chatwoot.received)
    return [(r.path.removeprefix(prefix), json.loads(r.body)) for r in chatwoot.received]


def say(text: str) -> Event:
    return {"content": text, "message_type": "outgoing", "private": False}


HANDOFF = [
    ("1308/messages", say("I hand you over to a colleague, who will answer here.")),
    ("1308/toggle_status", {"status": "open"}),
]


class TestAMessage:
    def test_that_the_faq_answers_is_answered(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], chatwoot: Receiver
    ) -> None:
        response = client.post(connect(), json=said(ANSWERED))
        assert (response.status_code, response.get_json()) == (200, {"replied": True})
        assert chatwoot.received == [], "a web request never waits for Chatwoot"
        deliver(parts)
        assert calls(chatwoot) == [("1308/messages", say(FAQ["reset-password"][1]))]
        assert chatwoot.received[0].headers["api_access_token"] == "bot-token"
        with parts.database.read() as session:
            [query] = session.scalars(select(Query)).all()
        assert (query.text, query.conversation_id) == (ANSWERED, "chatwoot-1-1308")

    @pytest.mark.parametrize(
        ("mail", "read"),
        [
            ({"text_content": {"reply": ANSWERED, "quoted": "x"}}, ANSWERED),
            ({"html_content": {"reply": ANSWERED}}, ANSWERED),
            ({"text_content": {"reply": " "}, "html_content": {"reply": ANSWERED}}, ANSWERED),
            ({"text_content": None}, UNKNOWN),
            ({"text_content": {"reply": 7}}, UNKNOWN),
            ({}, UNKNOWN),
            (None, UNKNOWN),
        ],
    )
    def test_of_a_mail_only_the_reply_is_read(
        self,
        client: FlaskClient,
        parts: Parts,
        connect: Callable[..., str],
        mail: object,
        read: str,
    ) -> None:
        made = said(UNKNOWN) | {"content_attributes": {"email": mail}}
        assert client.post(connect(), json=made).status_code == 200
        with parts.database.read() as session:
            [query] = session.scalars(select(Query)).all()
        assert query.text == read

    def test_with_a_nul_in_its_reply_is_refused(
        self, client: FlaskClient, connect: Callable[..., str]
    ) -> None:
        mail = {"text_content": {"reply": "a\0b"}}
        made = said(UNKNOWN) | {"content_attributes": {"email": mail}}
        assert client.post(connect(), json=made).status_code == 400

    def test_that_is_unclear_gets_options_to_click(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], chatwoot: Receiver
    ) -> None:
        client.post(connect(), json=said(UNCLEAR))
        deliver(parts)
        [(path, body)] = calls(chatwoot)
        assert (path, body["content_type"]) == ("1308/messages", "input_select")
        items = body["content_attributes"]["items"]
        assert {"title": "Connect to the VPN", "value": "vpn"} in items
        assert {"title": "Reset your password", "value": "reset-password"} in items
        assert items[-1] == {"title": "None of these, I need a person", "value": "*person"}
        assert all(item.keys() == {"title", "value"} for item in items), "Chatwoot refuses others"

    @pytest.mark.parametrize("text", [UNKNOWN, "", "   ", None, "word " * 5000])
    def test_that_nothing_answers_is_handed_over_after_saying_so(
        self,
        client: FlaskClient,
        parts: Parts,
        connect: Callable[..., str],
        chatwoot: Receiver,
        text: str | None,
    ) -> None:
        assert client.post(connect(), json=said(text)).status_code == 200
        deliver(parts)
        assert calls(chatwoot) == HANDOFF

    def test_that_is_only_a_picture_is_handed_over(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], chatwoot: Receiver
    ) -> None:
        client.post(connect(), json=event("message_created_with_a_picture"))
        deliver(parts)
        assert calls(chatwoot) == HANDOFF

    def test_that_is_handed_over_is_told_to_who_wants_to_know(
        self,
        client: FlaskClient,
        admin: Headers,
        parts: Parts,
        connect: Callable[..., str],
        chatwoot: Receiver,
    ) -> None:
        path = connect()
        with running() as receiver:
            hook = {"url": receiver.url(), "kinds": ["handoff.requested"]}
            client.post("/v1/admin/webhooks", json=hook, headers=admin)
            for number, text in enumerate((f"{UNKNOWN}, mail ann@example.org", ANSWERED), 1):
                for _ in range(2):
                    client.post(path, json=said(text, number))
            deliver(parts)
            [told] = receiver.received
        assert json.loads(told.body)["data"] == {
            "channel": "chatwoot",
            "conversation_id": "chatwoot-1-1308",
            "question": f"{UNKNOWN}, mail [email]",
            "url": chatwoot.url("/app/accounts/3/conversations/1308"),
        }

    def test_is_answered_in_the_words_of_the_helpdesk(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], chatwoot: Receiver
    ) -> None:
        path = connect(
            handoff_text="Moment bitte.", clarify_text="Meinten Sie?", person_text="Nein"
        )
        client.post(path, json=said(UNCLEAR, 1))
        client.post(path, json=said(UNKNOWN, 2))
        deliver(parts)
        unclear, handoff, _ = (body for _, body in calls(chatwoot))
        assert unclear["content"] == "Meinten Sie?"
        assert unclear["content_attributes"]["items"][-1]["title"] == "Nein"
        assert handoff["content"] == "Moment bitte."

    def test_is_answered_once_however_often_it_comes(
        self, app: APIFlask, parts: Parts, connect: Callable[..., str], chatwoot: Receiver
    ) -> None:
        path = connect()
        with ThreadPoolExecutor(6) as pool:
            answers = list(
                pool.map(lambda _: app.test_client().post(path, json=said(ANSWERED)), range(6))
            )
        assert {response.status_code for response in answers} == {200}
        assert sum(response.get_json()["replied"] for response in answers) == 1
        deliver(parts)
        assert app.test_client().post(path, json=said(ANSWERED)).get_json() == {"replied": False}
        deliver(parts)
        assert len(chatwoot.received) == 1

    def test_before_there_is_a_model_makes_chatwoot_call_a_person(
        self, parts: Parts, connect: Callable[..., str], empty_parts_like: FlaskClient
    ) -> None:
        response = empty_parts_like.post(connect(), json=said(ANSWERED))
        assert response.status_code == 503
        with parts.database.read() as session:
            assert session.scalars(select(Delivery)).all() == []


class TestAChoice:
    def test_is_answered(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], chatwoot: Receiver
    ) -> None:
        path = connect()
        for _ in range(2):  # Chatwoot tells of every later change of that message too
            client.post(path, json=event("message_updated_by_a_choice"))
        deliver(parts)
        assert calls(chatwoot) == [("1308/messages", say(FAQ["vpn"][1]))]

    @pytest.mark.parametrize("value", ["*person", "gone-meanwhile"])
    def test_of_a_person_or_of_what_is_gone_is_handed_over(
        self,
        client: FlaskClient,
        parts: Parts,
        connect: Callable[..., str],
        chatwoot: Receiver,
        value: str,
    ) -> None:
        choice = event("message_updated_by_a_choice")
        choice["content_attributes"]["submitted_values"] = [{"title": "x", "value": value}]
        client.post(connect(), json=choice)
        deliver(parts)
        assert calls(chatwoot) == HANDOFF

    @pytest.mark.parametrize("text", ["Connect to the VPN", " connect to the vpn ", "vpn"])
    def test_that_comes_back_as_text_is_understood(
        self,
        client: FlaskClient,
        parts: Parts,
        connect: Callable[..., str],
        chatwoot: Receiver,
        text: str,
    ) -> None:
        """As from WhatsApp and Telegram."""
        path = connect()
        client.post(path, json=said(UNCLEAR, 1))
        client.post(path, json=said(text, 2))
        client.post(path, json=said("vpn", 3, conversation=1309))
        deliver(parts)
        assert ("1308/messages", say(FAQ["vpn"][1])) in calls(chatwoot)
        with parts.database.read() as session:
            asked = session.scalars(select(Query.text)).all()
        assert sorted(asked) == sorted([UNCLEAR, "vpn"]), "another conversation offered nothing"

    def test_of_an_intent_that_was_disabled_meanwhile_is_handed_over(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], chatwoot: Receiver
    ) -> None:
        path = connect()
        with parts.database.write() as session:
            edit_faq.change_intent(session, "ann", "vpn", {"enabled": False})
        parts.live.refresh()
        client.post(path, json=event("message_updated_by_a_choice"))
        deliver(parts)
        assert calls(chatwoot) == HANDOFF


class TestWhatIsIgnored:
    @pytest.mark.parametrize(
        "name",
        [
            "message_created_by_the_bot",
            "message_created_private",
            "conversation_opened",
            "webwidget_triggered",
        ],
    )
    def test_is_not_for_the_bot(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], name: str
    ) -> None:
        response = client.post(connect(), json=event(name))
        assert (response.status_code, response.get_json()) == (200, {"replied": False})
        with parts.database.read() as session:
            assert session.scalars(select(Delivery)).all() == []
            assert session.scalars(select(Query)).all() == []

    @pytest.mark.parametrize("status", ["open", "resolved", "snoozed"])
    def test_is_what_a_person_deals_with(
        self, client: FlaskClient, connect: Callable[..., str], status: str
    ) -> None:
        theirs = said(ANSWERED)
        theirs["conversation"]["status"] = status
        assert client.post(connect(), json=theirs).get_json() == {"replied": False}

    @pytest.mark.parametrize(
        "changes",
        [
            {"message_type": "outgoing"},
            {"message_type": "activity"},
            {"message_type": "template"},
            {"event": "message_updated"},
            {"private": True},
            {"conversation": None},
            {"conversation": 7},
            {"event": ["message_created"]},
        ],
    )
    def test_is_any_other_event(
        self, client: FlaskClient, connect: Callable[..., str], changes: Event
    ) -> None:
        response = client.post(connect(), json=said(ANSWERED) | changes)
        assert (response.status_code, response.get_json()) == (200, {"replied": False})


class TestRefused:
    def test_is_a_path_that_nobody_was_given(
        self, client: FlaskClient, connect: Callable[..., str]
    ) -> None:
        path = connect()
        for wrong in (path[:-1] + "_", path + "a", path.lower(), "/v1/chatwoot/1"):
            assert client.post(wrong, json=said(ANSWERED)).status_code == 404

    def test_is_the_path_of_a_bot_that_was_deleted(
        self, client: FlaskClient, admin: Headers, connect: Callable[..., str]
    ) -> None:
        path = connect()
        assert client.delete("/v1/admin/chatwoot/1", headers=admin).status_code == 204
        assert client.post(path, json=said(ANSWERED)).status_code == 404
        assert client.delete("/v1/admin/chatwoot/1", headers=admin).status_code == 404

    def test_is_a_message_of_another_account(
        self, client: FlaskClient, connect: Callable[..., str]
    ) -> None:
        response = client.post(connect(account_id=4), json=said(ANSWERED))
        assert response.status_code == 409

    @pytest.mark.parametrize(
        "body",
        ["", "no JSON", "[]", "null", '"message_created"', "[" * 100_000]
        + [json.dumps(said(ANSWERED) | change) for change in UNREADABLE],
    )
    def test_is_what_cannot_be_read(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], body: str
    ) -> None:
        response = client.post(connect(), data=body, content_type="application/json")
        assert response.status_code in (400, 413)
        assert response.mimetype == "application/problem+json"
        with parts.database.read() as session:
            assert session.scalars(select(Delivery)).all() == []

    def test_is_an_unsigned_or_old_or_forged_message_where_chatwoot_signs(
        self, client: FlaskClient, connect: Callable[..., str]
    ) -> None:
        path = connect(signing_secret=SIGNING)
        body = json.dumps(said(ANSWERED)).encode()

        def send(signature: str | None, timestamp: int | str) -> int:
            headers = {"X-Chatwoot-Timestamp": str(timestamp)}
            if signature is not None:
                headers["X-Chatwoot-Signature"] = signature
            return client.post(
                path, data=body, content_type="application/json", headers=headers
            ).status_code

        def sign(timestamp: int, secret: str = SIGNING) -> str:
            signed = f"{timestamp}.".encode() + body
            return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()

        moment = int(time.time())
        assert send(None, moment) == 401
        assert send("sha256=", moment) == 401
        assert send("sha256=" + "ü" * 64, moment) == 401
        assert send(sign(moment, "another secret"), moment) == 401
        assert send(sign(moment), moment + 1) == 401
        assert send(sign(moment - 301), moment - 301) == 401
        assert send(sign(moment), "now") == 401
        assert send(sign(moment), "²") == 401
        assert send(sign(moment), moment) == 200


class TestSending:
    def test_keeps_the_order_of_a_conversation_and_lets_others_pass(
        self, client: FlaskClient, parts: Parts, connect: Callable[..., str], chatwoot: Receiver
    ) -> None:
        path = connect()
        client.post(path, json=said(UNKNOWN, 1))
        client.post(path, json=said(ANSWERED, 2, conversation=99))
        chatwoot.answers = [500, 200]
        deliver(parts)
        assert [path for path, _ in calls(chatwoot)] == ["1308/messages", "99/messages"]
        with parts.database.write() as session:
            for row in session.scalars(select(Delivery)):
                row.due_at = row.created_at
        deliver(parts)
        assert [path for path, _ in calls(chatwoot)][2:] == ["1308/messages", "1308/toggle_status"]

    def test_a_failed_reply_is_seen_and_can_be_sent_again(
        self,
        client: FlaskClient,
        admin: Headers,
        parts: Parts,
        connect: Callable[..., str],
        chatwoot: Receiver,
    ) -> None:
        client.post(connect(), json=said(ANSWERED))
        chatwoot.answers = [401, 200]
        deliver(parts)
        [item] = client.get("/v1/admin/deliveries?bot=1", headers=admin).get_json()["items"]
        assert (item["state"], item["status"], item["kind"]) == ("waiting", 401, "chatwoot.message")
        client.post(f"/v1/admin/deliveries/{item['id']}/redeliver", headers=admin)
        deliver(parts)
        [item] = client.get("/v1/admin/deliveries?bot=1", headers=admin).get_json()["items"]
        assert item["state"] == "delivered"


class TestConnecting:
    def test_shows_no_secret_again(
        self, client: FlaskClient, admin: Headers, parts: Parts, connect: Callable[..., str]
    ) -> None:
        path = connect(signing_secret=SIGNING)
        listed = client.get("/v1/admin/chatwoot", headers=admin)
        assert listed.get_json()["items"][0]["signed"] is True
        for secret in ("bot-token", SIGNING, path.rpartition("/")[2]):
            assert secret not in listed.text
        with parts.database.read() as session:
            [bot] = session.scalars(select(ChatwootBot)).all()
        assert bot.path_sha256 not in path

    @pytest.mark.parametrize(
        "changes",
        [
            {"url": "ftp://x"},
            {"url": "http://169.254.169.254/"},
            {"url": "http://user:pass@chat.example"},
            {"account_id": 0},
            {"account_id": 10**12},
            {"account_id": "3"},
            {"token": ""},
            {"token": "a" * 201},
            {"name": " "},
            {"handoff_text": ""},
            {"unknown": 1},
        ],
    )
    def test_nonsense_is_refused(self, client: FlaskClient, admin: Headers, changes: Event) -> None:
        body = {"name": "x", "url": "https://chat.example", "account_id": 1, "token": "t"} | changes
        response = client.post("/v1/admin/chatwoot", json=body, headers=admin)
        assert response.status_code == 422, response.text

    @pytest.mark.parametrize(
        "changes",
        [{"token": "a\r\nHost: evil"}, {"token": "tökèn"}, {"url": "https://chat.example/?a=b"}],
    )
    def test_what_no_chatwoot_has_is_refused(
        self, client: FlaskClient, admin: Headers, changes: Event
    ) -> None:
        body = {"name": "x", "url": "https://chat.example", "account_id": 1, "token": "t"} | changes
        response = client.post("/v1/admin/chatwoot", json=body, headers=admin)
        assert response.status_code == 409, response.text


@pytest.fixture
def empty_parts_like(parts: Parts) -> FlaskClient:
    """A process over the same database that has loaded no model yet."""
    from fakes import with_fake_models

    return create_app(parts=with_fake_models(copy.copy(parts)), follow=False).test_client()

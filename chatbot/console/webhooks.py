"""Webhooks, mailboxes and how their deliveries fare; admins make, try and repair them."""

from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import render_template, request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chatbot.api.schemas.integrations import WebhookIn
from chatbot.console.access import allows, who
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.delivery import (
    chatwoot,
    deliveries,
    events,
    mailboxes,
    webhooks,
)
from chatbot.storage.database import now
from chatbot.storage.tables import Webhook

blueprint = APIBlueprint("webhooks", __name__, url_prefix="/webhooks", enable_openapi=False)

SHOWN_DELIVERIES = 25
_PATIENCE = timedelta(minutes=1)  # then somebody should look whether a worker runs


@blueprint.get("")
@allows(Scope.ADMIN)
def show() -> str:
    return _page()


@blueprint.get("/deliveries")
@allows(Scope.ADMIN)
def show_deliveries() -> str:
    """Show the part of the page that changes by itself."""
    with parts().database.read() as session:
        return render_template("console/webhooks_now.html", **_now(session))


@blueprint.post("")
@allows(Scope.ADMIN)
def create() -> str:
    body = _read_form()
    with parts().database.write() as session:
        row = webhooks.create_webhook(
            session,
            who().name,
            body.url,
            body.kinds,
            parts().settings,
            body.style,
        )
    return _page(f"{_name_of(row)} is made.", secret=row.secret)


@blueprint.post("/<int:webhook_id>/test")
@allows(Scope.ADMIN)
def send_test(webhook_id: int) -> str:
    with parts().database.write() as session:
        row = webhooks.send_test(session, who().name, webhook_id)
    return _page(f"A test is on its way: delivery {row.id}.")


@blueprint.post("/<int:webhook_id>/rotate")
@allows(Scope.ADMIN)
def rotate_secret(webhook_id: int) -> str:
    with parts().database.write() as session:
        row = webhooks.rotate_secret(session, who().name, webhook_id)
    return _page(
        f"Webhook {row.id} has a new secret. For 24 hours the old one signs too.",
        secret=row.secret,
    )


@blueprint.post("/<int:webhook_id>/change")
@allows(Scope.ADMIN)
def change(webhook_id: int) -> str:
    """Take a webhook in or out of service, whichever the form sends."""
    enabled = "enable" in request.form
    with parts().database.write() as session:
        row = webhooks.change_webhook(session, who().name, webhook_id, enabled=enabled)
    return _page(f"{_name_of(row)} is {'enabled' if enabled else 'disabled'}.")


@blueprint.post("/<int:webhook_id>/delete")
@allows(Scope.ADMIN)
def delete(webhook_id: int) -> str:
    with parts().database.write() as session:
        name = _name_of(webhooks.get_webhook(session, webhook_id))
        webhooks.delete_webhook(session, who().name, webhook_id)
    return _page(f"{name} is deleted.")


@blueprint.post("/deliveries/<int:delivery_id>/redeliver")
@allows(Scope.ADMIN)
def redeliver(delivery_id: int) -> str:
    with parts().database.write() as session:
        deliveries.redeliver(session, who().name, delivery_id)
    return _page(f"Delivery {delivery_id} is on its way again.")


def _name_of(webhook: Webhook) -> str:
    kind = "E-mail" if webhook.style == events.Style.EMAIL else "Webhook"
    return f"{kind} {webhook.id}"


def _page(note: str = "", secret: str = "") -> str:
    with parts().database.read() as session:
        return render_template(
            "console/webhooks.html",
            note=note,
            secret=secret,
            kinds=events.KINDS,
            can_mail=mailboxes.find_relay(parts().settings) is not None,
            webhooks=webhooks.list_webhooks(session),
            bots=chatwoot.list_bots(session),
            **_now(session),
        )


def _now(session: Session) -> dict[str, Any]:
    since = deliveries.waits_since(session)
    return {
        "deliveries": deliveries.list_deliveries(
            session, deliveries.Filters(), None, SHOWN_DELIVERIES
        ),
        "name_of": _name_of,
        "stuck_since": since if since and now() - since > _PATIENCE else None,
    }


def _read_form() -> WebhookIn:
    """Read either form: one asks for a URL and its style, the other for an e-mail address."""
    form = request.form
    try:
        return WebhookIn(
            url=f"{mailboxes.MAILTO}{form['email'].strip()}"
            if "email" in form
            else form.get("url", ""),
            kinds=form.getlist("kinds"),  # type: ignore[arg-type]  # pydantic reads the names
            style=form.get("style"),  # type: ignore[arg-type]
        )
    except ValidationError as error:
        if any(found["loc"][:1] == ("kinds",) for found in error.errors()):
            raise BadRequest("Tick at least one event.") from None
        raise

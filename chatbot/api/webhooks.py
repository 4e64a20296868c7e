"""Administrators: webhooks and mailboxes, and deliveries of every kind with their outcome."""

from apiflask import APIBlueprint

from chatbot.api.schemas.integrations import (
    DeliveriesOut,
    DeliveriesQuery,
    DeliveryOut,
    WebhookChangeIn,
    WebhookIn,
    WebhookOut,
    WebhookSecretOut,
    WebhooksOut,
)
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import cut
from chatbot.services.access.keys import Scope
from chatbot.services.delivery import deliveries, webhooks

blueprint = APIBlueprint("webhooks", __name__, tag="Integrations", url_prefix="/v1/admin")


@blueprint.get("/webhooks")
@requires(Scope.ADMIN)
@blueprint.output(WebhooksOut)
def list_webhooks() -> WebhooksOut:
    """List all webhooks; never their secrets."""
    with parts().database.read() as session:
        rows = webhooks.list_webhooks(session)
    return WebhooksOut(items=[WebhookOut.model_validate(row) for row in rows])


@blueprint.post("/webhooks")
@requires(Scope.ADMIN)
@blueprint.input(WebhookIn, arg_name="body")
@blueprint.output(WebhookSecretOut, status_code=201)
@blueprint.doc(responses=[409])
def create_webhook(body: WebhookIn) -> WebhookSecretOut:
    """Have a URL told of events. This response is the only one that shows the signing secret.

    An e-mail address is written `mailto:name@example.org`; it has no secret.
    """
    with parts().database.write() as session:
        row = webhooks.create_webhook(
            session,
            caller().name,
            body.url,
            body.kinds,
            parts().settings,
            body.style,
        )
    return WebhookSecretOut.model_validate(row)


@blueprint.patch("/webhooks/<int:webhook_id>")
@requires(Scope.ADMIN)
@blueprint.input(WebhookChangeIn, arg_name="body")
@blueprint.output(WebhookOut)
@blueprint.doc(responses=[409])
def change_webhook(webhook_id: int, body: WebhookChangeIn) -> WebhookOut:
    """Change which events it wants, disable it or enable it again."""
    with parts().database.write() as session:
        row = webhooks.change_webhook(session, caller().name, webhook_id, body.kinds, body.enabled)
    return WebhookOut.model_validate(row)


@blueprint.post("/webhooks/<int:webhook_id>/rotate")
@requires(Scope.ADMIN)
@blueprint.output(WebhookSecretOut)
def rotate_secret(webhook_id: int) -> WebhookSecretOut:
    """Make a new secret and show it once; for 24 hours the old one signs too."""
    with parts().database.write() as session:
        row = webhooks.rotate_secret(session, caller().name, webhook_id)
    return WebhookSecretOut.model_validate(row)


@blueprint.post("/webhooks/<int:webhook_id>/test")
@requires(Scope.ADMIN)
@blueprint.output(DeliveryOut, status_code=202)
@blueprint.doc(responses=[409])
def send_test(webhook_id: int) -> DeliveryOut:
    """Queue a test event for this webhook; a worker sends it within seconds."""
    with parts().database.write() as session:
        row = webhooks.send_test(session, caller().name, webhook_id)
    return DeliveryOut.model_validate(row)


@blueprint.delete("/webhooks/<int:webhook_id>")
@requires(Scope.ADMIN)
@blueprint.output({}, status_code=204)
def delete_webhook(webhook_id: int) -> tuple[str, int]:
    """Delete a webhook with its deliveries."""
    with parts().database.write() as session:
        webhooks.delete_webhook(session, caller().name, webhook_id)
    return "", 204


@blueprint.get("/deliveries")
@requires(Scope.ADMIN)
@blueprint.input(DeliveriesQuery, location="query", arg_name="wanted")
@blueprint.output(DeliveriesOut)
def list_deliveries(wanted: DeliveriesQuery) -> DeliveriesOut:
    """List what was sent or waits to be, to webhooks, mailboxes and Chatwoot, newest first."""
    filters = deliveries.Filters(wanted.webhook, wanted.bot, wanted.state)
    with parts().database.read() as session:
        rows = deliveries.list_deliveries(session, filters, wanted.cursor, wanted.limit + 1)
    page, following = cut(rows, wanted.limit, lambda row: row.id)
    return DeliveriesOut(items=[DeliveryOut.model_validate(row) for row in page], next=following)


@blueprint.post("/deliveries/<int:delivery_id>/redeliver")
@requires(Scope.ADMIN)
@blueprint.output(DeliveryOut, status_code=202)
@blueprint.doc(responses=[409])
def redeliver(delivery_id: int) -> DeliveryOut:
    """Send it again, under the same id."""
    with parts().database.write() as session:
        row = deliveries.redeliver(session, caller().name, delivery_id)
    return DeliveryOut.model_validate(row)

"""`chatbot webhook`: mailboxes and URLs that are told of events, and how that went."""

from typing import Any

import click

from chatbot.cli.context import (
    ROW,
    Context,
    as_json,
    pass_context,
    print_json,
    print_table,
    remark,
)
from chatbot.services.delivery import deliveries, events, webhooks
from chatbot.services.delivery.deliver import deliver_due
from chatbot.storage.tables import Delivery

_SHOWN = 50


@click.group()
def webhook() -> None:
    """Tell other programs, and people by e-mail, of events."""


@webhook.command()
@click.argument("url")
@click.option(
    "--event",
    "kinds",
    type=click.Choice([str(kind) for kind in events.KINDS]),
    multiple=True,
    required=True,
    help="An event that it wants; give it again for more.",
)
@click.option(
    "--style",
    type=click.Choice([str(style) for style in events.Style]),
    help="Signed JSON events, texts as Slack takes them, or e-mail. "
    "[default: email for mailto:, else standard]",
)
@pass_context
def create(context: Context, url: str, kinds: tuple[str, ...], style: str | None) -> None:
    """Have URL told of events, and print its signing secret: the only time that it can be seen.

    URL is that of a web server, or mailto:name@example.org, which has no secret.
    """
    with context.parts.database.write() as session:
        row = webhooks.create_webhook(
            session,
            context.actor,
            url,
            [events.EventKind(kind) for kind in kinds],
            context.settings,
            events.Style(style) if style else None,
        )
    if row.secret:
        click.echo(row.secret)
    remark(f"Webhook {row.id} is made. Try it: chatbot webhook test {row.id}")


@webhook.command("list")
@as_json
@pass_context
def list_webhooks(context: Context, as_json: bool) -> None:
    """List webhooks, without their secrets."""
    with context.parts.database.read() as session:
        described: list[dict[str, Any]] = [
            {
                "id": row.id,
                "url": row.url,
                "kinds": row.kinds,
                "style": row.style,
                "enabled": row.enabled,
                "remark": row.remark,
            }
            for row in webhooks.list_webhooks(session)
        ]
    if as_json:
        print_json(described)
        return
    print_table(
        *("id", "url", "events", "style", "state"),
        rows=[
            (d["id"], d["url"], " ".join(d["kinds"]), d["style"], d["remark"] or "enabled")
            for d in described
        ],
    )


@webhook.command()
@click.argument("webhook_id", type=ROW)
@pass_context
def test(context: Context, webhook_id: int) -> None:
    """Queue a test event for WEBHOOK_ID; a worker sends it, or `chatbot webhook deliver`."""
    with context.parts.database.write() as session:
        row = webhooks.send_test(session, context.actor, webhook_id)
    click.echo(f"Delivery {row.id} waits. See what became of it: chatbot webhook deliveries")


@webhook.command()
@click.argument("webhook_id", type=ROW)
@pass_context
def rotate(context: Context, webhook_id: int) -> None:
    """Make a new secret for WEBHOOK_ID and print it; for 24 hours the old one signs too."""
    with context.parts.database.write() as session:
        row = webhooks.rotate_secret(session, context.actor, webhook_id)
    click.echo(row.secret)


@webhook.command()
@click.argument("webhook_id", type=ROW)
@pass_context
def enable(context: Context, webhook_id: int) -> None:
    """Tell WEBHOOK_ID of events again, from now on."""
    with context.parts.database.write() as session:
        webhooks.change_webhook(session, context.actor, webhook_id, enabled=True)
    click.echo(f"Webhook {webhook_id} is enabled.")


@webhook.command()
@click.argument("webhook_id", type=ROW)
@pass_context
def disable(context: Context, webhook_id: int) -> None:
    """Tell WEBHOOK_ID of nothing more; what waits for it is given up."""
    with context.parts.database.write() as session:
        webhooks.change_webhook(session, context.actor, webhook_id, enabled=False)
    click.echo(f"Webhook {webhook_id} is disabled.")


@webhook.command()
@click.argument("webhook_id", type=ROW)
@pass_context
def delete(context: Context, webhook_id: int) -> None:
    """Delete WEBHOOK_ID with its deliveries."""
    with context.parts.database.write() as session:
        webhooks.delete_webhook(session, context.actor, webhook_id)
    click.echo(f"Webhook {webhook_id} is deleted.")


@webhook.command("deliveries")
@click.option("--failed", is_flag=True, help="Only those that were given up.")
@as_json
@pass_context
def list_deliveries(context: Context, failed: bool, as_json: bool) -> None:
    """List the latest deliveries, to webhooks, mailboxes and Chatwoot, newest first."""
    filters = deliveries.Filters(state=deliveries.DeliveryState.FAILED if failed else None)
    with context.parts.database.read() as session:
        described = [
            _describe(row)
            for row in deliveries.list_deliveries(session, filters, None, limit=_SHOWN)
        ]
    if as_json:
        print_json(described)
        return
    names = ("id", "to", "kind", "state", "attempt", "status", "error")
    print_table(*names, rows=[tuple(d[name] for name in names) for d in described])


@webhook.command()
@click.argument("delivery_id", type=ROW)
@pass_context
def redeliver(context: Context, delivery_id: int) -> None:
    """Send DELIVERY_ID again, under the same id."""
    with context.parts.database.write() as session:
        deliveries.redeliver(session, context.actor, delivery_id)
    click.echo(f"Delivery {delivery_id} waits.")


@webhook.command()
@pass_context
def deliver(context: Context) -> None:
    """Send what is due, here and now, as the courier does all the time."""
    attempts = deliver_due(context.parts.database, context.settings)
    click.echo(f"Attempts made: {attempts}.")


def _describe(row: Delivery) -> dict[str, object]:
    to = f"webhook {row.webhook_id}" if row.webhook_id is not None else f"Chatwoot {row.bot_id}"
    return {
        "id": row.id,
        "to": to,
        "message_id": row.message_id,
        "kind": row.kind,
        "state": row.state,
        "attempt": row.attempt,
        "status": row.status,
        "error": row.error,
        "due_at": row.due_at,
    }

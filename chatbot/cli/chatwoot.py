"""`chatbot chatwoot`: agent bots of Chatwoot that this instance answers for."""

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
from chatbot.http.admission import CHATWOOT
from chatbot.services.delivery import chatwoot as bots


@click.group()
def chatwoot() -> None:
    """Answer for agent bots of Chatwoot."""


@chatwoot.command()
@click.argument("name")
@click.option("--url", required=True, help="Of the Chatwoot installation.")
@click.option("--account", type=ROW, required=True, help="Its number.")
@click.option(
    "--token", help="The bot's access token. [default: asked for]", prompt=True, hide_input=True
)
@click.option("--signing-secret", help="Of the bot, in Chatwoot 4.13 or newer.")
@pass_context
def connect(
    context: Context, name: str, url: str, account: int, token: str, signing_secret: str | None
) -> None:
    """Answer for an agent bot, and print the path that it is to call: the only time."""
    with context.parts.database.write() as session:
        bot, path_secret = bots.create_bot(
            session,
            context.actor,
            name,
            url,
            account,
            token,
            signing_secret,
            private_networks=context.settings.private_networks,
        )
    click.echo(CHATWOOT + path_secret)
    remark(f"Bot {bot.id} is connected. Put this server's address before the path, in Chatwoot.")


@chatwoot.command("list")
@as_json
@pass_context
def list_bots(context: Context, as_json: bool) -> None:
    """List the bots, without their secrets."""
    with context.parts.database.read() as session:
        described = [
            {
                "id": bot.id,
                "name": bot.name,
                "url": bot.url,
                "account": bot.account_id,
                "signed": bot.signing_secret is not None,
            }
            for bot in bots.list_bots(session)
        ]
    if as_json:
        print_json(described)
        return
    names = ("id", "name", "url", "account", "signed")
    print_table(*names, rows=[tuple(d[name] for name in names) for d in described])


@chatwoot.command()
@click.argument("bot_id", type=ROW)
@pass_context
def disconnect(context: Context, bot_id: int) -> None:
    """Answer for BOT_ID no more."""
    with context.parts.database.write() as session:
        bots.delete_bot(session, context.actor, bot_id)
    click.echo(f"Bot {bot_id} is disconnected.")

"""`chatbot key`: API keys, and the first four that a fresh instance gets."""

from datetime import timedelta

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table, remark
from chatbot.services.access import keys
from chatbot.storage.database import now


@click.group()
def key() -> None:
    """Create, list and revoke API keys."""


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([str(scope) for scope in keys.Scope]),
    required=True,
    help="What it may do; each includes those before it.",
)
@click.option("--days", type=click.IntRange(1), help="Days until it expires. [default: never]")
@pass_context
def create(context: Context, name: str, scope: str, days: int | None) -> None:
    """Make a key called NAME and print it: the only time that it can be seen."""
    expires = now() + timedelta(days=days) if days else None
    with context.parts.database.write() as session:
        row, secret = keys.create_key(session, context.actor, name, keys.Scope(scope), expires)
    click.echo(secret)
    remark(f"Key {row.id} is stored hashed; this is the only time that it can be seen.")


@key.command("list")
@as_json
@pass_context
def list_keys(context: Context, as_json: bool) -> None:
    """List keys, without their secrets."""
    with context.parts.database.read() as session:
        described = [
            {
                "id": row.id,
                "name": row.name,
                "scope": row.scope,
                "created_at": row.created_at.isoformat(timespec="seconds"),
                "expires_at": row.expires_at.isoformat(timespec="seconds")
                if row.expires_at
                else None,
                "revoked_at": row.revoked_at.isoformat(timespec="seconds")
                if row.revoked_at
                else None,
            }
            for row in keys.list_keys(session)
        ]
    if as_json:
        print_json(described)
        return
    names = ("id", "name", "scope", "created_at", "expires_at", "revoked_at")
    print_table(*names, rows=[tuple(d[name] for name in names) for d in described])


@key.command()
@click.argument("key_id")
@pass_context
def revoke(context: Context, key_id: str) -> None:
    """Refuse KEY_ID from now on. Revoking it again changes nothing."""
    with context.parts.database.write() as session:
        name = keys.revoke_key(session, context.actor, key_id).name
    click.echo(f"Key {key_id} ({name}) is revoked.")


def make_first_keys(context: Context) -> dict[str, str]:
    """Make one key a scope, and return them by scope, if there is no key at all yet."""
    with context.parts.database.write() as session:
        if keys.list_keys(session):
            return {}
        return {
            str(scope): keys.create_key(session, context.actor, f"first {scope}", scope)[1]
            for scope in keys.Scope
        }

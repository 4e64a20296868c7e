"""`chatbot user`: people who sign in to the console, and the first of them."""

import secrets

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table
from chatbot.services.access import users
from chatbot.services.access.keys import Scope

FIRST = "admin@localhost"

_password = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="CHATBOT_USER_PASSWORD",
    help="Asked for if left out.",
)


@click.group()
def user() -> None:
    """Create, list, disable people who sign in to the console."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice([str(r) for r in users.ROLES]), required=True)
@_password
@pass_context
def create(context: Context, email: str, role: str, password: str) -> None:
    """Let EMAIL sign in."""
    with context.parts.database.write() as session:
        made = users.create_user(session, context.actor, email, Scope(role), password)
    click.echo(f"{made.email} may sign in as {role}.")


@user.command()
@click.argument("email")
@_password
@pass_context
def password(context: Context, email: str, password: str) -> None:
    """Give EMAIL a new password, and sign them out everywhere."""
    with context.parts.database.write() as session:
        users.change_password(session, context.actor, email, password)
    click.echo(f"{email} has a new password.")


@user.command()
@click.argument("email")
@pass_context
def disable(context: Context, email: str) -> None:
    """Sign EMAIL out and let them in no more."""
    with context.parts.database.write() as session:
        users.disable_user(session, context.actor, email)
    click.echo(f"{email} is disabled.")


@user.command()
@click.argument("email")
@pass_context
def enable(context: Context, email: str) -> None:
    """Let a disabled EMAIL in again."""
    with context.parts.database.write() as session:
        users.enable_user(session, context.actor, email)
    click.echo(f"{email} is enabled.")


@user.command("list")
@as_json
@pass_context
def list_users(context: Context, as_json: bool) -> None:
    """List people."""
    with context.parts.database.read() as session:
        described = [
            {
                "email": person.email,
                "role": person.role,
                "created_at": person.created_at.isoformat(timespec="seconds"),
                "disabled": person.disabled_at is not None,
            }
            for person in users.list_users(session)
        ]
    if as_json:
        print_json(described)
        return
    names = ("email", "role", "created_at", "disabled")
    print_table(*names, rows=[tuple(d[name] for name in names) for d in described])


def make_first_user(context: Context) -> str | None:
    """Make the first admin and return the password, if there is no person at all yet."""
    with context.parts.database.write() as session:
        if users.list_users(session):
            return None
        chosen = secrets.token_urlsafe(12)
        users.create_user(session, context.actor, FIRST, Scope.ADMIN, chosen)
        return chosen

"""`chatbot quarantine`: confirmations that may not teach before an admin has looked at them."""

from datetime import datetime

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table, remark
from chatbot.domain.quarantine import Group
from chatbot.services.learning import quarantine as services


@click.group()
def quarantine() -> None:
    """See, and release, what one source confirmed suspiciously.

    "flood": far more of an intent in a day than is usual. "alone": once more against an answer of
    the bot's that nobody else says is wrong.
    """


@quarantine.command("list")
@as_json
@pass_context
def list_groups(context: Context, as_json: bool) -> None:
    """List groups of confirmations that do not teach, the newest first."""
    with context.parts.database.read() as session:
        found = services.list_quarantined(session, context.settings)
    described = [
        {
            "source": each.group.source,
            "says": each.group.says,
            "day": each.group.day.isoformat(),
            "count": each.count,
            "alone": each.alone,
            "examples": list(each.examples),
        }
        for each in found
    ]
    if as_json:
        print_json(described)
        return
    rows: list[tuple[object, ...]] = [
        (*each.group, each.count, "alone" if each.alone else "flood", each.examples[0])
        for each in found
    ]
    print_table("source", "says", "day", "count", "why", "example", rows=rows)
    if not described:
        remark("Nothing is in quarantine.")


@quarantine.command()
@click.argument("source")
@click.argument("says")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--reason", required=True, help="Why it may teach; kept in the history.")
@pass_context
def release(context: Context, source: str, says: str, day: datetime, reason: str) -> None:
    """Let what SOURCE said of SAYS on DAY teach from the next training on."""
    group = Group(source, says, day.date())
    with context.parts.database.write() as session:
        count = services.admit(session, context.settings, context.actor, group, reason)
    click.echo(f"{count} confirmations teach from the next training on.")

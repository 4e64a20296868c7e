"""`chatbot ready`: what the bot would do with a hundred questions."""

import click

from chatbot.api.schemas.readiness import ReadinessOut
from chatbot.cli.context import (
    Context,
    as_json,
    pass_context,
    print_json,
    print_table,
    remark,
    warn,
)
from chatbot.domain.readiness import OfHundred

_MOST_SHOWN = 10


@click.command()
@as_json
@pass_context
def ready(context: Context, as_json: bool) -> None:
    """Say how many of a hundred questions the bot will answer, and what to mend first."""
    matcher = context.parts.models.open_version()
    found = context.parts.readiness.read(matcher)
    if as_json:
        print_json(ReadinessOut.model_validate(found).model_dump())
        return
    if found.is_mute:
        warn(f"The bot answers hardly anything. {found.reason} {found.remedy}")
    columns = ("of 100 questions", "right", "asked back", "handed over", "wrong")
    halves = (
        ("in all", found.all),
        ("that the FAQ covers", found.covered),
        ("that it does not cover", found.uncovered),
    )
    if found.covered:
        worst = found.intents[:_MOST_SHOWN]
        rows = [_row(name, fates) for name, fates in halves if fates]
        print_table(*columns, rows=rows + [_row(f"about {i.intent}", i.fates) for i in worst])
        if len(found.intents) > len(worst):
            remark(f"The {len(worst)} worst of {len(found.intents)} intents; --json lists all.")
    remark(found.assumption)
    for place, step in enumerate(found.steps, 1):
        click.echo(f"{place}. {step.text}")


def _row(name: str, of: OfHundred) -> tuple[object, ...]:
    return name, of.right, of.asked_back, of.handed_over, of.wrong

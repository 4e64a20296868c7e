"""`chatbot pin`: questions that must keep being answered with their intent."""

import click

from chatbot.cli.context import (
    Context,
    as_json,
    pass_context,
    print_json,
    print_table,
    remark,
    warn,
)
from chatbot.services.knowledge import pins
from chatbot.services.releases.release import read_pointer
from chatbot.storage.tables import Pin


@click.group()
def pin() -> None:
    """Pin questions that must keep being answered with their intent."""


@pin.command()
@click.argument("text")
@click.argument("intent")
@pass_context
def add(context: Context, text: str, intent: str) -> None:
    """Hold every candidate that no longer answers TEXT with INTENT."""
    with context.parts.database.write() as session:
        added = pins.add_pin(session, context.actor, text, intent)
    click.echo(f"Pin {added.id}: “{added.text}” must keep being answered with “{added.intent}”.")
    warn_of_broken_pins(context, [added])


@pin.command("list")
@click.option("--broken", is_flag=True, help="Only those that are broken now.")
@as_json
@pass_context
def list_pins(context: Context, broken: bool, as_json: bool) -> None:
    """List pins, and what the live model makes of them."""
    described = [
        {
            "id": checked.pin.id,
            "intent": checked.pin.intent,
            "fault": checked.fault,
            "text": checked.pin.text,
            "by": checked.pin.pinned_by,
        }
        for checked in _check(context)
        if checked.fault is not None or not broken
    ]
    if as_json:
        print_json(described)
        return
    names = ("id", "intent", "fault", "text", "by")
    print_table(*names, rows=[tuple(d[name] for name in names) for d in described])
    if not described:
        remark("No pin is broken." if broken else "Nothing is pinned.")


@pin.command()
@click.argument("pin_id", type=click.IntRange(1))
@pass_context
def remove(context: Context, pin_id: int) -> None:
    """Let later models answer the question of PIN_ID as they will."""
    with context.parts.database.write() as session:
        pins.remove_pin(session, context.actor, pin_id)
    click.echo(f"Pin {pin_id} is removed.")


def warn_of_broken_pins(context: Context, of: list[Pin] | None = None) -> None:
    """Say what the live model, as the database has it, makes of `of`, or of all pins."""
    for checked in _check(context, of):
        if checked.fault is not None:
            pin = checked.pin
            warn(f"“{pin.text}” is pinned to “{pin.intent}”, but {checked.fault}.")


def _check(context: Context, of: list[Pin] | None = None) -> list[pins.Checked]:
    parts = context.parts
    with parts.database.read() as session:
        wanted = pins.list_pins(session) if of is None else of
        has_model = read_pointer(session) is not None
    matcher = parts.models.open_version() if wanted and has_model else None
    with parts.database.read() as session:
        return pins.check(session, matcher, wanted)

"""`chatbot thresholds`: how the live model's thresholds follow the traffic, and their undo."""

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table, remark
from chatbot.services.releases import thresholds as services
from chatbot.services.releases.release import read_pointer
from chatbot.storage.tables import CalibrationChange

_MOST = 20


@click.group()
def thresholds() -> None:
    """See, undo and hold what thresholds became by what visitors ask."""


@thresholds.command("list")
@as_json
@pass_context
def list_changes(context: Context, as_json: bool) -> None:
    """List the latest changes, the newest first."""
    with context.parts.database.read() as session:
        described = [_describe(row) for row in services.list_changes(session, _MOST)]
        pointer = read_pointer(session)
        held = pointer is not None and services.is_held(session, pointer.version_id)
    if as_json:
        print_json(described)
    else:
        names = ("id", "version", "at", "by", "state", "answer_at", "reverted_by", "reason")
        print_table(*names, rows=[tuple(d[name] for name in names) for d in described])
    if not described:
        remark("Nothing was changed yet: the live model decides by its own thresholds.")
    if held:
        remark("Thresholds are on hold: chatbot thresholds release --reason …")


@thresholds.command()
@click.option("--reason", required=True, help="Why; kept in the history.")
@pass_context
def revert(context: Context, reason: str) -> None:
    """Undo the latest change, and hold thresholds as they were before it."""
    with context.parts.database.write() as session:
        row = services.revert(session, context.actor, reason)
    click.echo(f"Change {row.id} is undone; thresholds are on hold until they are released.")


@thresholds.command()
@click.option("--reason", required=True, help="Why; kept in the history.")
@pass_context
def hold(context: Context, reason: str) -> None:
    """Leave thresholds as they are, until released or until another model goes live."""
    with context.parts.database.write() as session:
        services.hold(session, context.actor, reason)
    click.echo("Thresholds stay as they are.")


@thresholds.command()
@click.option("--reason", required=True, help="Why; kept in the history.")
@pass_context
def release(context: Context, reason: str) -> None:
    """Let thresholds follow the traffic again."""
    with context.parts.database.write() as session:
        services.resume(session, context.actor, reason)
    click.echo("Thresholds follow the traffic again.")


def _describe(row: CalibrationChange) -> dict[str, object]:
    return {
        "id": row.id,
        "version": row.version_id,
        "at": row.created_at.isoformat(timespec="seconds"),
        "by": row.changed_by,
        "state": row.state,
        "answer_at": round(row.calibration["answer_at"], 3) if row.calibration else None,
        "uncovered": row.uncovered,
        "questions": row.questions,
        "verdicts": row.verdicts,
        "reason": row.reason,
        "reverted_at": row.reverted_at.isoformat(timespec="seconds") if row.reverted_at else None,
        "reverted_by": row.reverted_by,
    }

"""`chatbot questions`: test questions, which measure models and never train them."""

from pathlib import Path

import click

from chatbot.cli.context import ROW, Context, as_json, pass_context, print_json, print_table
from chatbot.services.learning import evaluation_questions
from chatbot.services.learning.evaluation_questions import OUT_OF_SCOPE, Wanted

_MOST_LISTED = 1000
_filters = (
    click.option("--intent", default="", help="Only those of this intent."),
    click.option("--out-of-scope", is_flag=True, help="Only those that the FAQ does not cover."),
    click.option(
        "--origin",
        type=click.Choice(["demo", "file", "person"]),
        default=None,
        help="Only those of the demo, of imported files, or written by people.",
    ),
)


@click.group()
def questions() -> None:
    """List, add, import and remove test questions, which measure models."""


@questions.command("list")
@_filters[0]
@_filters[1]
@_filters[2]
@as_json
@pass_context
def list_questions(
    context: Context, intent: str, out_of_scope: bool, origin: str | None, as_json: bool
) -> None:
    """List test questions, newest first."""
    wanted = _wanted(intent, out_of_scope, origin)
    with context.parts.database.read() as session:
        rows = evaluation_questions.list_questions(session, wanted, None, _MOST_LISTED)
        described = [
            {
                "id": row.id,
                "text": row.text,
                "intent": row.intent.name if row.intent else None,
                "origin": row.origin,
                "by": row.added_by,
            }
            for row in rows
        ]
    if as_json:
        print_json(described)
        return
    table: list[tuple[object, ...]] = [
        (d["id"], d["text"], d["intent"] or OUT_OF_SCOPE, d["origin"] or "person", d["by"])
        for d in described
    ]
    print_table("id", "text", "intent", "origin", "by", rows=table)


@questions.command()
@click.argument("text")
@click.option("--intent", help="What it asks for. [default: out of scope]")
@pass_context
def add(context: Context, text: str, intent: str | None) -> None:
    """Add the test question TEXT."""
    with context.parts.database.write() as session:
        added = evaluation_questions.add(session, context.actor, text, intent)
    click.echo(f"Test question {added.id} measures from the next model on.")


@questions.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_context
def import_questions(context: Context, path: Path) -> None:
    """Add the test questions of PATH, a CSV with text,intent; no intent means out of scope."""
    rows = evaluation_questions.read_csv(path.read_bytes(), path.name)
    with context.parts.database.write() as session:
        count = evaluation_questions.import_rows(session, context.actor, rows, path.name)
    click.echo(f"{count} test questions added.")


@questions.command()
@click.argument("ids", type=ROW, nargs=-1)
@_filters[0]
@_filters[1]
@_filters[2]
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def remove(
    context: Context,
    ids: tuple[int, ...],
    intent: str,
    out_of_scope: bool,
    origin: str | None,
    yes: bool,
) -> None:
    """Remove the test questions IDS, or those that the filters find. `chatbot undo` undoes it."""
    chosen = list(ids)
    if not chosen:
        if not (intent or out_of_scope or origin):
            raise click.UsageError("Name test questions, or choose some by a filter.")
        with context.parts.database.read() as session:
            wanted = _wanted(intent, out_of_scope, origin)
            chosen = evaluation_questions.list_ids(session, wanted)
        if not yes:
            click.confirm(f"Remove {len(chosen)} test questions?", abort=True, err=True)
    with context.parts.database.write() as session:
        count = evaluation_questions.remove(session, context.actor, chosen)
    click.echo(f"{count} test questions removed.")


def _wanted(intent: str, out_of_scope: bool, origin: str | None) -> Wanted:
    return Wanted(intent=intent, out_of_scope=out_of_scope or None, origin=origin or "")

"""`chatbot pairs`: two texts and how alike they are, for the next training."""

from pathlib import Path

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
from chatbot.services.knowledge import pairs as services
from chatbot.services.knowledge.pairs_csv import read_pairs, write_pairs


@click.group()
def pairs() -> None:
    """Teach how alike two texts are: 1 the same, 0.5 related, 0 different.

    A fifth of the pairs is never trained, and shows whether what was learnt holds for others.
    """


@pairs.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@pass_context
def import_pairs(context: Context, file: Path) -> None:
    """Add pairs from FILE, a CSV with the columns text_a,text_b,score.

    A pair that is there gets the new score. One mistake, and nothing happens.
    """
    drafts = read_pairs(file)
    with context.parts.database.write() as session:
        done = services.import_pairs(session, context.actor, drafts)
    click.echo(f"{done.added} pairs added, {done.changed} changed, {done.kept} there already.")


@pairs.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--by", help="Only those that this person or key scored.")
@as_json
@pass_context
def list_pairs(context: Context, limit: int, by: str | None, as_json: bool) -> None:
    """List pairs, the newest first."""
    names = ("id", "score", "text_a", "text_b", "by", "source", "at")
    with context.parts.database.read() as session:
        rows = services.list_pairs(session, None, limit, by)
        described = [{name: getattr(row, name) for name in names} for row in rows]
    if as_json:
        print_json(described)
        return
    print_table(*names[:-1], rows=[tuple(d[name] for name in names[:-1]) for d in described])
    if not described:
        remark("There are no pairs with a score.")


@pairs.command()
@click.argument("pair_ids", type=ROW, nargs=-1)
@click.option("--by", help="Instead: all that this person or key scored.")
@pass_context
def remove(context: Context, pair_ids: tuple[int, ...], by: str | None) -> None:
    """Take pairs back, all of PAIR_IDS or none; the next training no longer learns them."""
    if bool(pair_ids) == bool(by):
        raise click.UsageError("Give either ids of pairs or --by.")
    with context.parts.database.write() as session:
        for pair_id in dict.fromkeys(pair_ids):
            services.remove_pair(session, context.actor, pair_id)
        count = services.remove_pairs_by(session, context.actor, by) if by else len(set(pair_ids))
    click.echo(f"{count} pairs are removed.")


@pairs.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@pass_context
def export(context: Context, file: Path | None) -> None:
    """Write all pairs as CSV to FILE, by default to stdout; `import` reads it."""
    with context.parts.database.read() as session:
        written = "".join(write_pairs(services.all_pairs(session)))
    if file is None:
        click.echo(written, nl=False)
        return
    try:
        file.write_text(written, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    remark(f"Written to {file}.")

"""`chatbot watch`: how promoted versions do with visitors, and the hold after a rollback."""

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table, remark
from chatbot.domain.interim_tests import Figure
from chatbot.services.monitoring import watch as watching
from chatbot.services.releases import promotion_stop
from chatbot.storage.tables import Watch

_MOST = 20


@click.command()
@click.option("--clear-hold", "reason", help="Why nights may promote again; kept in the history.")
@as_json
@pass_context
def watch(context: Context, reason: str | None, as_json: bool) -> None:
    """Show how promoted versions do with visitors beside those before them."""
    if reason is not None:
        with context.parts.database.write() as session:
            cleared = promotion_stop.lift_stop(session, context.actor, reason)
        remark(f"Nights promote again; version {cleared.version_id} stays withdrawn.")
    with context.parts.database.read() as session:
        described = [_describe(row) for row in watching.list_watches(session, _MOST)]
        held = promotion_stop.find_stop(session)
    if as_json:
        print_json(described)
    else:
        names = ("version", "previous", "state", "until", *Figure, "message")
        print_table(*names, rows=[tuple(d[name] for name in names) for d in described])
    if not described:
        remark("Nothing was promoted yet, so nothing is watched.")
    if held is not None:
        remark(
            f"Version {held.version_id} was rolled back automatically: no night promotes anything "
            "until an admin has looked at it (--clear-hold REASON)."
        )


def _describe(row: Watch) -> dict[str, object]:
    figures = {
        str(look.figure): f"{_share(look.before.bad, look.before.of)} → "
        f"{_share(look.after.bad, look.after.of)}"
        for look in watching.interim_tests_of(row)
    }
    return {
        "version": row.version_id,
        "previous": row.previous_id,
        "state": row.state,
        "since": row.since.isoformat(timespec="seconds"),
        "until": row.until.isoformat(timespec="seconds"),
        **figures,
        "cleared_by": row.cleared_by,
        "message": row.message,
    }


def _share(bad: int, of: int) -> str:
    return f"{bad / of:.1%} of {of:,}" if of else "–"

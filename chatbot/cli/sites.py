"""`chatbot site`: sites that show the widget, and the first of them, for the demo page."""

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table, remark
from chatbot.services.asking import sites

DEMO = "Demo"


@click.group()
def site() -> None:
    """Add, list and revoke sites that show the widget."""


@site.command()
@click.argument("name")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    required=True,
    help="https://www.example.com, “localhost” (any port) or “self”; repeat for more.",
)
@click.option(
    "--per-visitor",
    type=click.IntRange(1, sites.MOST_PER_MINUTE),
    default=sites.PER_VISITOR,
    show_default=True,
    help="Requests a minute of each visitor.",
)
@click.option(
    "--per-site",
    type=click.IntRange(1, sites.MOST_PER_MINUTE),
    default=sites.PER_SITE,
    show_default=True,
    help="Requests a minute of all visitors together.",
)
@pass_context
def add(
    context: Context, name: str, origins: tuple[str, ...], per_visitor: int, per_site: int
) -> None:
    """Make a site called NAME and print its key, which is public: it stands in its pages."""
    with context.parts.database.write() as session:
        made = sites.create_site(session, context.actor, name, origins, per_visitor, per_site)
    click.echo(made.key)
    remark(f'Put into its pages: <script src="…/widget.js" data-key="{made.key}" async></script>')


@site.command("list")
@as_json
@pass_context
def list_sites(context: Context, as_json: bool) -> None:
    """List sites with their keys."""
    with context.parts.database.read() as session:
        described = [
            {
                "key": row.key,
                "name": row.name,
                "origins": " ".join(row.origins),
                "per_visitor": row.per_visitor,
                "per_site": row.per_site,
                "revoked_at": row.revoked_at.isoformat(timespec="seconds")
                if row.revoked_at
                else None,
            }
            for row in sites.list_sites(session)
        ]
    if as_json:
        print_json(described)
        return
    names = ("key", "name", "origins", "per_visitor", "per_site", "revoked_at")
    print_table(*names, rows=[tuple(d[name] for name in names) for d in described])


@site.command()
@click.argument("key")
@pass_context
def revoke(context: Context, key: str) -> None:
    """Refuse the site KEY from now on. Revoking it again changes nothing."""
    with context.parts.database.write() as session:
        name = sites.revoke_site(session, context.actor, key).name
    click.echo(f"Site {name} is revoked.")


def make_first_site(context: Context) -> None:
    """Make a site for `/demo`, if there is no site at all yet."""
    with context.parts.database.write() as session:
        if not sites.list_sites(session):
            sites.create_site(session, context.actor, DEMO, [sites.SELF])

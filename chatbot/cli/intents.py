"""`chatbot intents`: list what the FAQ holds, and act on many intents at once."""

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table, remark
from chatbot.cli.faq import ask_for_model
from chatbot.services.knowledge import bulk_edit
from chatbot.services.knowledge.browse_intents import Wanted, list_names
from chatbot.services.knowledge.bulk_edit import Action
from chatbot.services.knowledge.edit_faq import get_intent


@click.group()
def intents() -> None:
    """List intents, and enable, disable, delete or move many at once."""


@intents.command("list")
@click.option("--search", default="", help="Words of the title, or of an utterance.")
@click.option("--topic", default="", help="Only those of this topic.")
@as_json
@pass_context
def list_intents(context: Context, search: str, topic: str, as_json: bool) -> None:
    """List intents by name."""
    with context.parts.database.read() as session:
        found = [
            get_intent(session, name) for name in sorted(list_names(session, Wanted(search, topic)))
        ]
        described = [
            {"name": i.name, "title": i.title, "topic": i.topic, "enabled": i.enabled}
            for i in found
        ]
    if as_json:
        print_json(described)
        return
    rows: list[tuple[object, ...]] = [
        (d["name"], d["title"], d["topic"], "live" if d["enabled"] else "draft") for d in described
    ]
    print_table("name", "title", "topic", "state", rows=rows)


@intents.command()
@click.argument("action", type=click.Choice([str(action) for action in Action]))
@click.argument("names", nargs=-1)
@click.option("--search", default="", help="All that have these words.")
@click.option("--topic", default="", help="All of this topic.")
@click.option("--to", "target", default="", help="The topic to move them to.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def bulk(
    context: Context,
    action: str,
    names: tuple[str, ...],
    search: str,
    topic: str,
    target: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Do ACTION to the intents NAMES, or to those found. `chatbot undo` takes it back."""
    act = Action(action)
    with context.parts.database.read() as session:
        chosen = list(names)
        if not chosen:
            if not (search or topic):
                raise click.UsageError("Name intents, or choose some by --search or --topic.")
            chosen = list_names(session, Wanted(search, topic))
        found = bulk_edit.foresee(session, chosen, act, target)
    said = f"{action} {len(found.intents)} intents with {found.utterances} utterances"
    if act is Action.DELETE:
        said += f", {found.questions} test questions, and for good {found.verdicts} verdicts"
    remark(said)
    if dry_run or not found.intents:
        return
    if not yes:
        click.confirm("Do it?", abort=True, err=True)
    with context.parts.database.write() as session:
        bulk_edit.act(session, context.actor, chosen, act, target)
    context.parts.nudge.send()
    click.echo(f"Done: {len(found.intents)} intents.")
    ask_for_model(context)

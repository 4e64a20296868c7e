"""`chatbot demo`: the FAQ of an invented company, brought in on wish and removed whole."""

import click
from rich.progress import Progress

from chatbot.cli.context import Context, as_json, pass_context, print_json, remark, remarks
from chatbot.cli.faq import ask_for_model
from chatbot.services.beginning import demo as shipped
from chatbot.services.knowledge.plan_import import Imported


@click.group()
def demo() -> None:
    """Add or remove the demo: the FAQ of an invented company."""


@demo.command()
@pass_context
def add(context: Context) -> None:
    """Bring the demo in, beside what is there. Nothing of yours is changed."""
    done = bring_demo(context)
    click.echo(
        f"{done.intents_added} intents, {done.utterances_added} utterances and "
        f"{done.evaluation_added} test questions of the demo added."
        if done.changed
        else "The demo is in already."
    )
    ask_for_model(context)


@demo.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_context
def remove(context: Context, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove the demo whole: intents, test questions, pins, and the questions asked of it.

    What you made beside it stays. An intent of the demo to which you added utterances stays with
    these, as a draft.
    """
    with context.parts.database.read() as session:
        found = shipped.find_demo(session)
    if as_json and dry_run:
        print_json(vars(found))
        return
    if not found.is_there:
        click.echo("Nothing of the demo is here.")
        return
    for line in describe(found):
        remark(line)
    if dry_run:
        return
    if not yes:
        click.confirm("Remove all of this?", abort=True, err=True)
    with context.parts.database.write() as session:
        removed = shipped.remove_demo(session, context.actor)
    context.parts.nudge.send()
    if as_json:
        print_json(vars(removed))
    else:
        click.echo(f"The demo is removed: {len(removed.intents)} intents.")
    ask_for_model(context)


def describe(found: shipped.Demo) -> list[str]:
    """Describe what goes and what stays, a line each."""
    lines = [
        "This goes:",
        f"  {len(found.intents)} intents and {found.utterances} utterances",
        f"  {found.questions + found.out_of_scope} test questions, {found.out_of_scope} of them "
        "out of scope",
        f"  {found.pins} pinned questions of these intents",
        f"  {found.queries} logged questions with {found.verdicts} verdicts, and "
        f"{found.handoffs} hand-offs, for good",
    ]
    if found.drafts:
        lines.append(f"This stays as a draft, with your utterances: {', '.join(found.drafts)}")
    if found.kept:
        lines.append(f"This stays live, with your answer: {', '.join(found.kept)}")
    return lines


def bring_demo(context: Context) -> Imported:
    """Import the demo. Raises NotFound where the installation came without it."""
    size = shipped.read_demo().size if shipped.is_shipped() else 0
    with Progress(console=remarks, disable=not remarks.is_terminal) as progress:
        task = progress.add_task("Importing", total=size)
        with context.parts.database.write() as session:
            done = shipped.add_demo(
                session, context.actor, lambda texts: progress.advance(task, texts)
            )
    context.parts.nudge.send()
    return done

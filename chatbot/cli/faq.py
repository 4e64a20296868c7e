"""`chatbot import`: FAQ files into the database."""

from pathlib import Path

import click
from rich.progress import Progress

from chatbot.cli.context import Context, pass_context, remark, remarks, warn
from chatbot.cli.jobs import run_job_here
from chatbot.services import jobs
from chatbot.services.catalogue_files import read_catalogue_files
from chatbot.services.import_faq import Imported, import_faq
from chatbot.services.outgrown_calibration import find_outgrown


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--no-calibrate", is_flag=True, help="Keep an untrained model's thresholds as they are."
)
@pass_context
def import_files(context: Context, path: Path, no_calibrate: bool) -> None:
    """Add or change intents from PATH.

    PATH is a folder with intents/*.yaml and, if there, held_out/*.yaml and out_of_scope.yaml, or a
    YAML file as the console exports it, or a CSV with the columns text,intent and, if there,
    answer,title,topic,enabled, or a help centre's articles: a CSV with the columns title,answer.
    Nothing is removed; one mistake, and nothing happens.
    """
    done = import_path(context, path)
    click.echo(
        f"{done.intents_added} intents added, {done.intents_changed} changed, "
        f"{done.utterances_added} utterances added, {done.evaluation_added} evaluation questions "
        "added."
    )
    for warning in done.warnings:
        warn(warning)
    if not no_calibrate:
        _calibrate_again(context)


def import_path(context: Context, path: Path) -> Imported:
    """Raises InvalidCatalogue."""
    draft = read_catalogue_files(path)
    with Progress(console=remarks, disable=not remarks.is_terminal) as progress:
        task = progress.add_task("Importing", total=draft.size)
        with context.parts.database.write() as session:
            done = import_faq(
                session, draft, context.actor, lambda texts: progress.advance(task, texts)
            )
    context.parts.nudge.send()
    return done


def _calibrate_again(context: Context) -> None:
    with context.parts.database.read() as session:
        outgrown = find_outgrown(session)
    if outgrown is None:
        return
    remark(
        f"The model was calibrated on {outgrown.fitted} utterances, now there are "
        f"{outgrown.utterances}: calibrating again."
    )
    job = run_job_here(context, jobs.Kind.UNTRAINED)
    remark(job.message)

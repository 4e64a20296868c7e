"""`chatbot retrain`, `evaluate`, `models`, `report`, `promote`, `rollback`."""

from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from chatbot.cli.context import (
    Context,
    as_json,
    pass_context,
    print_json,
    print_table,
    remark,
    remarks,
    warn,
)
from chatbot.cli.jobs import ensure_model, request_job, run_job_here, worker_lives
from chatbot.cli.pins import warn_of_broken_pins
from chatbot.domain.accuracy import summarise
from chatbot.errors import InvalidCatalogue, Mistake, TrainingFailed
from chatbot.services.learning import evaluate as evaluating
from chatbot.services.learning.render_report import render
from chatbot.services.learning.shadow import read_standing, say
from chatbot.services.releases import jobs, release, switch
from chatbot.services.releases.reports import find_report
from chatbot.storage.tables import ModelVersion, Release

_FIGURES = (
    "n",
    "top1",
    "in_scope_accuracy",
    "oos_recall",
    "mcc",
    "coverage",
    "wrong_answer_rate",
    "top3",
    "ece",
    "auroc_oos",
)
_MOST_MODELS = 50


@click.command()
@click.option("--wait", is_flag=True, help="Wait for the result; trains here if no worker runs.")
@click.option("--force", is_flag=True, help="Train even if no row changed since the last training.")
@pass_context
def retrain(context: Context, wait: bool, force: bool) -> None:
    """Train on all that was confirmed, compare with the live model, release it if it is better."""
    if not wait:
        job_id = request_job(context, jobs.JobKind.TRAIN, force)
        click.echo(f"Job {job_id} is queued.")
        if worker_lives(context.parts):
            remark("A worker takes it within seconds.")
        else:
            remark(
                "No worker runs: it starts with `chatbot up`, or now with `chatbot retrain --wait`."
            )
        return
    ensure_model(context)
    job = run_job_here(context, jobs.JobKind.TRAIN, force)
    if job.state == jobs.JobState.FAILED:
        raise TrainingFailed(f"Job {job.id} failed: {job.message}")
    click.echo(job.message)
    if job.version_id is not None:
        remark(f"The whole report: chatbot report {job.version_id}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", "version", type=int, help="Model version. [default: the live one]")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
@pass_context
def evaluate(context: Context, file: Path, version: int | None, form: str) -> None:
    """Measure a model on labelled questions: a CSV with the columns text,intent.

    The intent out_of_scope, or nothing, marks a question that must not be answered. Questions go
    the way of a visitor's, but are not logged.
    """
    rows = evaluating.read_labelled(file, context.settings.max_text_chars)
    if not rows:
        raise InvalidCatalogue([Mistake(file.name, 0, "holds no questions")])
    ensure_model(context)
    matcher = context.parts.models.open_version(version)
    unknown = {row.intent for row in rows if row.intent is not None} - set(matcher.intents)
    if unknown:
        count = sum(row.intent in unknown for row in rows)
        names = ", ".join(sorted(unknown)[:5]) + (" …" if len(unknown) > 5 else "")
        warn(
            f"{count} of {len(rows)} questions have an intent that the FAQ does not know; "
            f"they count as wrong: {names}"
        )
    with Progress(console=remarks, disable=not remarks.is_terminal) as progress:
        task = progress.add_task("Evaluating", total=len(rows))
        outcomes = evaluating.evaluate(
            matcher, rows, lambda done: progress.update(task, completed=done)
        )
    summary = summarise(outcomes)
    timing = evaluating.time_single(matcher, rows)
    result: dict[str, Any] = {name: summary[name] for name in _FIGURES}
    result["ms_per_query"] = (
        {"p50": round(timing.p50, 3), "p99": round(timing.p99, 3)} if timing else None
    )
    result["model_version"] = matcher.version
    if form == "json":
        print_json(result)
    else:
        print_table("figure", "value", rows=[(k, _figure(v)) for k, v in result.items()])


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:.2f}" for name, number in value.items())
    return "–" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


@click.command("models")
@as_json
@pass_context
def list_models(context: Context, as_json: bool) -> None:
    """List model versions, newest first, and which one is live."""
    with context.parts.database.read() as session:
        pointer = release.read_pointer(session)
        live = pointer.version_id if pointer else None
        standing = read_standing(session, context.settings)
        described = [
            _describe_version(version, live)
            for version in release.list_versions(session, None, _MOST_MODELS)
        ]
    if as_json:
        print_json(described)
        return
    names = ("version", "state", "kind", "verdict", "change", "training_rows", "created_at")
    print_table(*names, rows=[tuple(d[name] for name in names) for d in described])
    if not described:
        remark("There is no model yet; `chatbot up` or `chatbot retrain --wait` makes one.")
    if standing is not None:
        remark(f"Version {standing.version_id} lacks evidence. {say(standing)}")


def _describe_version(version: ModelVersion, live: int | None) -> dict[str, Any]:
    state = "live" if version.id == live else "withdrawn" if version.withdrawn else ""
    report = find_report(version)
    top1 = report.candidate.top1 if report else None
    return {
        "version": version.id,
        "state": state,
        "kind": version.kind,
        "verdict": version.verdict,
        "change": version.change,
        "top1": round(top1, 4) if top1 is not None else None,
        "training_rows": version.training_rows,
        "created_at": version.created_at.isoformat(timespec="seconds"),
        "parent": version.parent_id,
        "calibration": version.calibration,
        "digest": version.digest,
    }


@click.command()
@click.argument("version", type=int)
@click.option(
    "--format", "form", type=click.Choice(["md", "json"]), default="md", show_default=True
)
@pass_context
def report(context: Context, version: int, form: str) -> None:
    """Show how VERSION did beside the version that was live, and why it was judged so."""
    with context.parts.database.read() as session:
        row = release.get_version(session, version)
        if form == "json":
            evaluation = find_report(row)
            print_json(evaluation.to_json() if evaluation else {})
        else:
            click.echo(render(row, read_standing(session, context.settings)), nl=False)


_reason = click.option("--reason", required=True, help="Why; kept in the history.")


@click.command()
@click.argument("version", type=int)
@_reason
@pass_context
def promote(context: Context, version: int, reason: str) -> None:
    """Make VERSION live, whatever its verdict."""
    parts = context.parts
    move = switch.promote(parts.database, parts.models, version, context.actor, reason)
    _tell(context, move)


@click.command()
@click.option("--to", "to_version", type=int, help="Version. [default: the one live before]")
@_reason
@pass_context
def rollback(context: Context, to_version: int | None, reason: str) -> None:
    """Go back to an earlier version; the one left is not promoted automatically again."""
    parts = context.parts
    move = switch.roll_back(parts.database, parts.models, context.actor, reason, to_version)
    _tell(context, move)


def _tell(context: Context, move: Release) -> None:
    context.parts.nudge.send()
    left = f" instead of version {move.from_version}" if move.from_version is not None else ""
    click.echo(f"Version {move.to_version} is live{left} (generation {move.generation}).")
    remark(
        f"Web processes take it up within {context.settings.poll_seconds:g} s and their load time."
    )
    warn_of_broken_pins(context)

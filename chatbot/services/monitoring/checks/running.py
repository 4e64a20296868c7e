"""Check what runs: the live model, the processes, and what waits to be sent."""

from datetime import timedelta

from chatbot.errors import ChatbotError
from chatbot.services.delivery import deliveries
from chatbot.services.learning.report_view import say_precision
from chatbot.services.monitoring.checks.check import Finding, Instance
from chatbot.services.releases import jobs, processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.services.releases.release import get_version, read_pointer
from chatbot.services.releases.reports import find_report
from chatbot.storage.database import now

_COURIERS_TIME = timedelta(minutes=1)


def check_live_model(instance: Instance) -> Finding:
    """Read every byte of the live version, and let it answer its self-test."""
    with instance.database.read() as session:
        pointer = read_pointer(session)
        if pointer is None:
            advice = "`chatbot up` or `chatbot retrain --wait` makes the first one."
            failed = jobs.find_failed_first(session)
            detail = f"none yet; job {failed.id} failed: {failed.message}" if failed else "none yet"
            return Finding("live model", False, detail, advice, needed=False)
        version = get_version(session, pointer.version_id)
    try:
        instance.models.open_bundle(version.digest)
    except ChatbotError as error:
        advice = "Restore the artefact from a backup, or: `chatbot rollback --reason 'damaged'`"
        return Finding("live model", False, f"version {version.id}: {error}", advice)
    detail = f"version {version.id}, every byte checked, self-test passed"
    precision = say_precision(find_report(version)) or ""
    return Finding("live model", True, f"{detail}. {precision}".strip())


def check_web(instance: Instance) -> Finding:
    """Count the web processes; one that cannot follow the live model is broken."""
    with instance.database.read() as session:
        alive = processes.list_alive(session, ProcessKind.WEB)
    detail = _count(len(alive))
    if errors := [f"{row.host}:{row.pid}: {row.error}" for row in alive if row.error]:
        return Finding("web", False, f"{detail}; {'; '.join(errors)}", "See logs/web.log.")
    return Finding("web", bool(alive), detail, "`chatbot up` starts them.", needed=False)


def check_worker(instance: Instance) -> Finding:
    with instance.database.read() as session:
        alive = processes.list_alive(session, ProcessKind.WORKER)
    advice = (
        "Answers go on, but nothing trains. Start `chatbot up` without `--web-only` on one host."
    )
    return Finding("worker", bool(alive), _count(len(alive)), advice, needed=False)


def check_deliveries(instance: Instance) -> Finding:
    with instance.database.read() as session:
        since = deliveries.waits_since(session)
    if since is None or now() - since < _COURIERS_TIME:
        return Finding("deliveries", True, "none waits for a courier")
    advice = "`chatbot up` starts a courier; `chatbot webhook deliver` sends by hand."
    detail = f"one has been waiting since {since:%Y-%m-%d %H:%M} UTC"
    return Finding("deliveries", False, detail, advice, needed=False)


def _count(number: int) -> str:
    return f"{number or 'no'} process{'es' if number != 1 else ''}"

"""Model versions: what is live, how each was judged, and the moves that only admins make."""

from typing import Any

from apiflask import APIBlueprint
from flask import render_template, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chatbot.api.schemas.monitoring import ClearHoldIn
from chatbot.api.schemas.releases import PromoteIn, RollbackIn
from chatbot.api.schemas.thresholds import ChangeThresholdsIn, ThresholdsOut
from chatbot.console import report_charts
from chatbot.console.access import allows, who
from chatbot.errors import Conflict, NotReady
from chatbot.http.context import parts
from chatbot.http.requests import LARGEST_ID
from chatbot.matching.matcher import Matcher
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import pins
from chatbot.services.learning import (
    render_report,
    report_evidence,
    report_pairs,
    report_sources,
    report_view,
    shadow,
)
from chatbot.services.monitoring import watch
from chatbot.services.releases import (
    jobs,
    list_versions,
    processes,
    promotion_stop,
    release,
    reports,
    switch,
    thresholds,
)
from chatbot.services.releases.processes import ProcessKind
from chatbot.storage.tables import ModelPointer, ModelVersion

blueprint = APIBlueprint("models", __name__, url_prefix="/models", enable_openapi=False)

VERSIONS_ON_A_PAGE = 20
RELEASES = 12
RECENT_JOBS = 6
WATCHES = 3
CHANGED_AT_FIRST = 50
_DONE = {
    "revert": "The latest change is undone. Thresholds stay so until a person lets them follow.",
    "hold": "Thresholds stay as they are until a person lets them follow again.",
    "release": "Thresholds follow the traffic again.",
}


@blueprint.get("")
@allows(Scope.AGENT)
def show() -> str:
    return _page()


@blueprint.get("/now")
@allows(Scope.AGENT)
def show_now() -> str:
    """Show the part of the page that changes by itself, asked for again and again."""
    with parts().database.read() as session:
        pointer = release.read_pointer(session)
        return render_template("console/models_now.html", pointer=pointer, **_now(session))


@blueprint.get("/promise")
@allows(Scope.AGENT)
def show_promise() -> str:
    """Show what the promise that the slider is at would cost."""
    with parts().database.read() as session:
        pointer = release.read_pointer(session)
        return render_template("console/models_promise.html", **_promise(session, pointer))


@blueprint.get("/<int:version_id>")
@allows(Scope.AGENT)
def show_report(version_id: int) -> str:
    with parts().database.read() as session:
        version = release.get_version(session, version_id)
        pointer = release.read_pointer(session)
        standing = shadow.read_standing(session, parts().settings)
    return render_template(
        "console/model_report.html",
        shadow=standing if standing and standing.version_id == version_id else None,
        version=version,
        pointer=pointer,
        may_act=who().scope is Scope.ADMIN,
        **_read(version),
    )


@blueprint.post("/<int:version_id>/promote")
@allows(Scope.ADMIN)
def promote(version_id: int) -> str:
    body = PromoteIn(version=version_id, reason=request.form.get("reason", ""))
    found = parts()
    moved = switch.promote(
        found.database, found.models, body.version, who().name, body.reason, _generation()
    )
    found.nudge.send()
    return _page(f"Version {moved.to_version} is live. Web processes take it up within seconds.")


@blueprint.post("/<int:version_id>/roll-back")
@allows(Scope.ADMIN)
def roll_back(version_id: int) -> str:
    """Return to this version, which the page named; the one that is left is withdrawn."""
    body = RollbackIn(version=version_id, reason=request.form.get("reason", ""))
    found = parts()
    moved = switch.roll_back(
        found.database, found.models, who().name, body.reason, body.version, _generation()
    )
    found.nudge.send()
    return _page(f"Version {moved.to_version} is live again, {moved.from_version} is withdrawn.")


@blueprint.post("/clear-hold")
@allows(Scope.ADMIN)
def clear_hold() -> str:
    body = ClearHoldIn(reason=request.form.get("reason", ""))
    with parts().database.write() as session:
        cleared = promotion_stop.lift_stop(session, who().name, body.reason)
    return _page(f"Nights promote again. Version {cleared.version_id} stays withdrawn.")


@blueprint.post("/thresholds")
@allows(Scope.ADMIN)
def change_thresholds() -> str:
    """Undo or hold what thresholds became by the traffic, or let them follow it again."""
    names = ("action", "reason")
    body = ChangeThresholdsIn.model_validate({n: request.form.get(n, "") for n in names})
    with parts().database.write() as session:
        thresholds.act(session, body.action, who().name, body.reason)
    return _page(_DONE[body.action])


@blueprint.post("/retrain")
@allows(Scope.ADMIN)
def retrain() -> str:
    with parts().database.write() as session:
        job = jobs.request(session, jobs.JobKind.TRAIN, who().name, force="force" in request.form)
    return _page(f"Training job {job.id} is asked for. A worker takes it up within a minute.")


def _page(note: str = "") -> str:
    with parts().database.read() as session:
        pointer = release.read_pointer(session)
        versions = list_versions.list_versions(session, _before(), VERSIONS_ON_A_PAGE + 1)
        watches = watch.list_watches(session, WATCHES)
        return render_template(
            "console/models.html",
            note=note,
            pointer=pointer,
            versions=versions[:VERSIONS_ON_A_PAGE],
            has_older=len(versions) > VERSIONS_ON_A_PAGE,
            releases=release.list_releases(session, RELEASES),
            rollback_target=_rollback_target(session),
            watches=[(row, watch.interim_tests_of(row)) for row in watches],
            hold=promotion_stop.find_stop(session),
            shadow=shadow.read_standing(session, parts().settings),
            broken_pins=pins.list_broken(session, _matcher()),
            kept=ThresholdsOut.read(session, parts().settings.promise),
            may_act=who().scope is Scope.ADMIN,
            **_now(session),
            **_promise(session, pointer),
        )


def _now(session: Session) -> dict[str, Any]:
    recent = jobs.list_jobs(session, None, RECENT_JOBS)
    return {
        "web": processes.list_alive(session, ProcessKind.WEB),
        "workers": processes.list_alive(session, ProcessKind.WORKER),
        "retrain_at": parts().settings.retrain_at,
        "open_jobs": [job for job in recent if job.state in jobs.OPEN],
        "closed_jobs": [job for job in recent if job.state not in jobs.OPEN],
    }


def _promise(session: Session, pointer: ModelPointer | None) -> dict[str, Any]:
    """Return what the live version would do under each promise, and the one that is looked at."""
    settings = parts().settings
    live = release.get_version(session, pointer.version_id) if pointer else None
    offers = report_view.other_promises(reports.find_report(live)) if live else []
    wanted = request.args.get("promise", round(settings.promise * 100), type=int)
    return {
        "live": live,
        "offers": offers,
        "offer": min(offers, key=lambda kept: abs(kept.percent - wanted), default=None),
        "promise": settings.promise,
    }


def _read(version: ModelVersion) -> dict[str, Any]:
    """Return what the stored report says, and its charts; nothing while there is none."""
    stored = reports.find_report(version)
    if stored is None:
        return {}
    changed = stored.changed
    return {
        "report": stored,
        "labels": render_report.FIGURES,
        "shares": report_view.shares(stored.candidate),
        "live_shares": report_view.shares(stored.live) if stored.live else {},
        "guards": report_view.guards(stored),
        "precision": report_view.say_precision(stored),
        "endings": report_view.endings(stored),
        "parts_weighed": report_evidence.PARTS,
        "say_without": report_sources.say_without,
        "intent_changes": report_view.intent_changes(stored),
        "confusion_pairs": report_view.confusion_pairs(stored),
        "changed": changed if "all" in request.args else changed[:CHANGED_AT_FIRST],
        "calibration": report_charts.draw_calibration(stored),
        "risk_coverage": report_charts.draw_risk_coverage(stored, parts().settings.promise),
        "said_of_pairs": report_pairs.say_of_pairs(stored),
        "pair_epochs": report_pairs.pair_epochs(stored),
    }


def _rollback_target(session: Session) -> ModelVersion | None:
    try:
        return release.rollback_target(session)
    except Conflict:
        return None


def _matcher() -> Matcher | None:
    try:
        return parts().live.current()
    except NotReady:
        return None


def _before() -> int | None:
    """Return where the page of older versions starts; a number that no database can hold means
    newest.
    """
    before = request.args.get("before", type=int)
    return before if before is not None and 0 <= before <= LARGEST_ID else None


def _generation() -> int:
    """Return the generation of the pointer that the person saw when they decided."""
    generation = request.form.get("generation", type=int)
    if generation is None:
        raise BadRequest("The form lacks the generation that it was made for. Load the page again.")
    return generation

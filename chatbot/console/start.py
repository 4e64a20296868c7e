"""The start of an empty instance: the demo, an FAQ of one's own, or nothing."""

from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, render_template, url_for
from sqlalchemy.orm import Session

from chatbot.console.access import allows, who
from chatbot.errors import NotReady
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import demo
from chatbot.services.learning.stale_calibration import (
    has_intents,
    has_model,
    request_what_is_needed,
)
from chatbot.services.releases import jobs, processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.storage.tables import TrainingJob

blueprint = APIBlueprint("start", __name__, url_prefix="/start", enable_openapi=False)

_RECENT_JOBS = 20


@blueprint.get("")
@allows(Scope.AGENT)
def show() -> str:
    return doors()


@blueprint.post("/demo")
@allows(Scope.EDITOR)
def add_demo() -> Response:
    with parts().database.write() as session:
        demo.add_demo(session, who().name)
        request_what_is_needed(session, who().name)
    parts().nudge.send()
    return make_response(redirect(url_for("console.start.show"), HTTPStatus.SEE_OTHER))


@blueprint.get("/model")
@allows(Scope.AGENT)
def show_model() -> str:
    """Show how far the model is: a part of a page, asked for again until it is there."""
    return render_template("console/start_model.html", **making())


@blueprint.post("/model")
@allows(Scope.EDITOR)
def make_model() -> Response:
    """Ask again for what failed, or was never asked for."""
    with parts().database.write() as session:
        request_what_is_needed(session, who().name)
    return make_response(redirect(url_for("console.start.show"), HTTPStatus.SEE_OTHER))


def doors() -> str:
    """Show the three ways to begin; the demo's page says how to remove it."""
    with parts().database.read() as session:
        is_empty, has_demo = not has_intents(session), demo.is_marked(session)
    return render_template(
        "console/start.html",
        is_empty=is_empty,
        has_demo=has_demo,
        demo_size=len(demo.read_demo().intents) if demo.is_shipped() else 0,
        **making(),
    )


def making() -> dict[str, object]:
    """Return what the pages say of the model that fits the FAQ: its job, and whether it answers."""
    try:
        parts().live.current()
        answers = True
    except NotReady:
        answers = False
    with parts().database.read() as session:
        return {
            "making": _newest(session),
            "open_states": jobs.OPEN,
            "has_model": has_model(session),
            "can_answer": has_intents(session, enabled_only=True),
            "answers": answers,
            "has_worker": bool(processes.list_alive(session, ProcessKind.WORKER)),
        }


def _newest(session: Session) -> TrainingJob | None:
    """The newest job that fits a model to the FAQ, without training."""
    recent = jobs.list_jobs(session, None, _RECENT_JOBS)
    return next((job for job in recent if job.kind == jobs.JobKind.UNTRAINED), None)

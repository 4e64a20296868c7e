"""Overview: what is asked and answered, what waits, and whether all parts are well."""

from datetime import date
from typing import Any

from apiflask import APIBlueprint
from flask import render_template, request

from chatbot.console.access import allows
from chatbot.console.charts import Bars
from chatbot.console.start import doors
from chatbot.errors import NotReady
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.learning.stale_calibration import has_intents
from chatbot.services.monitoring import daily_counts, gaps
from chatbot.services.monitoring.checks.check import run
from chatbot.services.monitoring.checks.every import AT_A_GLANCE
from chatbot.services.monitoring.checks.quality import LiveState
from chatbot.services.monitoring.checks.serving import read_serving
from chatbot.services.monitoring.daily_counts import Traffic
from chatbot.services.releases import jobs, release

_WHERE_TO_LOOK = {
    "watch": "console.models.show",
    "drift": "console.review.show",
    "promise": "console.review.show",
}

blueprint = APIBlueprint("overview", __name__, enable_openapi=False)


@blueprint.get("/")
@allows(Scope.AGENT)
def show() -> str:
    """Show how the bot does; for an empty FAQ, which has nothing to tell, the ways to begin."""
    with parts().database.read() as session:
        is_empty = not has_intents(session)
    if is_empty and "all" not in request.args:
        return doors()
    serving = read_serving(parts().live, parts().database).as_finding()
    health = sorted([serving, *run(AT_A_GLANCE, parts())], key=lambda finding: finding.ok)
    with parts().database.read() as session:
        days = daily_counts.list_days(session)
        pointer = release.read_pointer(session)
        return render_template(
            "console/overview.html",
            chart=_draw(days),
            today=days[-1][1],
            week=Traffic.sum(day for _, day in days[-7:]),
            week_before=Traffic.sum(day for _, day in days[-14:-7]),
            backlog=daily_counts.read_backlog(session),
            most_counted=daily_counts.MOST_COUNTED,
            agreement=daily_counts.read_agreement(session),
            state=LiveState.read(session),
            promise=parts().settings.promise,
            pointer=pointer,
            moved=next(iter(release.list_releases(session, 1)), None),
            training_now=jobs.find_newest(session, jobs.JobKind.TRAIN, is_open=True),
            last_training=jobs.find_newest(session, jobs.JobKind.TRAIN, is_open=False),
            health=health,
            where_to_look=_WHERE_TO_LOOK,
        )


@blueprint.get("/gaps")
@allows(Scope.AGENT)
def show_gaps() -> str:
    """Show the gaps on a page of their own, or, for the overview when that is there, as a part of
    it.
    """
    is_part = bool(request.headers.get("HX-Request"))
    template = "console/gaps.html" if is_part else "console/gaps_page.html"
    return render_template(template, **_gaps())


def _gaps() -> dict[str, Any]:
    try:
        matcher = parts().live.current()
    except NotReady:
        return {"gaps": None}
    with parts().database.read() as session:
        return {"gaps": gaps.find_gaps(session, matcher), "most": gaps.MOST_QUESTIONS}


def _draw(days: list[tuple[date, Traffic]]) -> Bars | None:
    """Return a chart of the days; None before the first question of the time."""
    total = Traffic.sum(day for _, day in days)
    if total.asked == 0:
        return None
    return Bars(
        "days",
        "Questions a day",
        f"{total.asked:,} questions in {len(days)} days, by days of UTC.",
        ("Answered", "Asked back", "Handed over"),
        [
            (f"{on.day} {on:%b}", (day.answered, day.asked_back, day.handed_over))
            for on, day in days
        ],
    )

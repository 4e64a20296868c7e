"""How it goes: what is asked and answered, what waits, and whether all parts are well."""

from apiflask import APIBlueprint
from flask import render_template

from chatbot.api.context import parts
from chatbot.api.health import readiness
from chatbot.console.access import allows
from chatbot.services import desk
from chatbot.services.keys import Scope
from chatbot.services.review import Filters

blueprint = APIBlueprint("overview", __name__, enable_openapi=False)


@blueprint.get("/")
@allows(Scope.AGENT)
def show() -> str:
    with parts().database.read() as session:
        waiting = desk.count_waiting(session, Filters())
    return render_template("console/overview.html", waiting=waiting, ready=readiness(parts()))

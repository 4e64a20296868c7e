"""The demo: what of it is here, and removing it whole."""

from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, url_for

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import demo
from chatbot.services.learning.stale_calibration import request_what_is_needed


@blueprint.get("/demo")
@allows(Scope.AGENT)
def show_demo() -> str:
    """Show what removing the demo would take along, and what would stay."""
    with parts().database.read() as session:
        found = demo.find_demo(session)
    return render_template("console/knowledge_demo.html", found=found)


@blueprint.post("/demo/remove")
@allows(Scope.EDITOR)
def remove_demo() -> Response:
    with parts().database.write() as session:
        demo.remove_demo(session, who().name)
        request_what_is_needed(session, who().name)
    parts().nudge.send()
    address = url_for("console.knowledge.show_files", done="demo-removed")
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))

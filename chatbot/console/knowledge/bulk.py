"""Many intents at once: tick them, see what would happen, do it, undo it as one."""

from http import HTTPStatus

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint, field
from chatbot.console.knowledge.browse import wanted_intents
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import bulk_edit
from chatbot.services.knowledge.browse_intents import Wanted, list_names
from chatbot.services.knowledge.bulk_edit import Action
from chatbot.services.learning.stale_calibration import request_what_is_needed

MOST_TOPIC_CHARS = 80


@blueprint.post("/bulk")
@allows(Scope.EDITOR)
def look_at_bulk() -> Response:
    """Show what the act would do to the ticked, or with `all`, to all that the filters find."""
    action, topic = _act()
    with parts().database.read() as session:
        if "all" in request.form:
            names = list_names(session, _found())
        else:
            names = request.form.getlist("intent")
        if not names:
            raise BadRequest("Tick some intents first.")
        found = bulk_edit.foresee(session, names, action, topic)
    page = render_template("console/knowledge_bulk.html", found=found, action=action, topic=topic)
    return make_response(page, HTTPStatus.OK)


@blueprint.post("/bulk/do")
@allows(Scope.EDITOR)
def do_bulk() -> Response:
    action, topic = _act()
    with parts().database.write() as session:
        bulk_edit.act(session, who().name, request.form.getlist("intent"), action, topic)
        request_what_is_needed(session, who().name)
    parts().nudge.send()
    address = url_for("console.knowledge.show", done="bulk")
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


def _found() -> Wanted:
    """Return the filters of the page; `topic` is where to move to, so theirs is `of_topic`."""
    values = request.form.copy()
    values["topic"] = values.get("of_topic", "")
    return wanted_intents(values)


def _act() -> tuple[Action, str]:
    """Return the act, and for a move, the topic to move to."""
    try:
        action = Action(request.form.get("action", ""))
    except ValueError:
        raise BadRequest("Choose what to do with them.") from None
    topic = field("topic").replace("\x00", "").strip() if action is Action.MOVE else ""
    if len(topic) > MOST_TOPIC_CHARS:
        raise BadRequest(f"A topic has at most {MOST_TOPIC_CHARS} characters.")
    return action, topic

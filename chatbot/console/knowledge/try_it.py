"""Try a question: what the bot would do, and why. Nothing is logged."""

from http import HTTPStatus

from flask import Response, make_response, render_template

from chatbot.console.access import allows
from chatbot.console.knowledge.area import blueprint, explained, field
from chatbot.domain.text import clean
from chatbot.errors import InvalidText
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import explain

MOST_PHRASINGS = 10


@blueprint.get("/try")
@allows(Scope.AGENT)
def ask_for_question() -> str:
    return render_template("console/knowledge_try.html", text="")


@blueprint.post("/try")
@allows(Scope.AGENT)
def try_question() -> Response:
    """Show how a question is matched. Raises NotReady before there is a model."""
    text = field("text")
    matcher = parts().live.current()
    try:
        question = clean(text, parts().settings.max_text_chars)
    except InvalidText as error:
        status, mistake = explained(error)
        page = render_template("console/knowledge_try.html", text=text, mistake=mistake)
        return make_response(page, status)
    with parts().database.read() as session:
        near = explain.list_neighbours(session, matcher, question)[:MOST_PHRASINGS]
    page = render_template(
        "console/knowledge_try.html",
        text=text,
        match=matcher.match(question),
        near=near,
        intents=matcher.intents,
        calibration=matcher.calibration,
        version=matcher.version,
        revision=matcher.revision,
    )
    return make_response(page, HTTPStatus.OK)

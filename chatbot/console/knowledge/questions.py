"""Test questions: whose they are, searched, added, edited, removed, imported."""

from http import HTTPStatus
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint, explained, field, page_number
from chatbot.errors import ChatbotError, InvalidCatalogue
from chatbot.http.context import parts
from chatbot.http.requests import LARGEST_ID
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.learning import evaluation_questions as questions
from chatbot.services.learning.evaluation_questions import Wanted

MOST_MISTAKES = 50
_SCOPE = {"out": True, "in": False}


@blueprint.get("/questions")
@allows(Scope.AGENT)
def show_questions() -> Response:
    return _page(HTTPStatus.OK)


@blueprint.post("/questions")
@allows(Scope.EDITOR)
def add_question() -> Response:
    text, intent = field("text"), field("intent").strip() or None
    try:
        with parts().database.write() as session:
            questions.add(session, who().name, text, intent)
    except ChatbotError as error:
        status, mistake = explained(error)
        return _page(status, mistake=mistake, new_text=text, new_intent=intent)
    return _to_list("questions-added")


@blueprint.post("/questions/<int:question_id>")
@allows(Scope.EDITOR)
def change_question(question_id: int) -> Response:
    try:
        with parts().database.write() as session:
            intent = field("intent").strip() or None
            questions.change(session, who().name, question_id, field("text"), intent)
    except ChatbotError as error:
        status, mistake = explained(error)
        return _page(status, mistake=f"{mistake} Nothing was changed.")
    return _to_list("saved-question")


@blueprint.post("/questions/remove")
@allows(Scope.EDITOR)
def remove_questions() -> Response:
    """Remove the ticked questions, or with `all`, all that the filters of the page find."""
    with parts().database.write() as session:
        if "all" in request.form:
            ids = questions.list_ids(session, _wanted(request.form))
        else:
            ids = [int(i) for i in request.form.getlist("question") if _is_id(i)]
        count = questions.remove(session, who().name, ids)
    if not count:
        return _page(HTTPStatus.UNPROCESSABLE_ENTITY, mistake="Tick what to remove first.")
    return _to_list("questions-removed")


@blueprint.post("/questions/import")
@allows(Scope.EDITOR)
def import_questions() -> Response:
    """Import a CSV with text,intent, as a file or pasted; all of it or nothing."""
    file = request.files.get("file")
    content = file.read() if file and file.filename else field("pasted").encode()
    if not content.strip():
        raise BadRequest("Choose a file, or paste something.")
    try:
        rows = questions.read_csv(content, "the file")
        with parts().database.write() as session:
            questions.import_rows(session, who().name, rows, "the file")
    except InvalidCatalogue as error:
        return _page(HTTPStatus.UNPROCESSABLE_ENTITY, mistakes=error.mistakes)
    return _to_list("questions-added")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < len(str(LARGEST_ID)) + 1


def _wanted(values: Any) -> Wanted:
    return Wanted(
        text=values.get("q", ""),
        intent=values.get("of", "").replace("\x00", ""),
        out_of_scope=_SCOPE.get(values.get("scope", "")),
        origin=values.get("origin", ""),
        page=page_number(),
    )


def _to_list(done: str) -> Response:
    address = url_for("console.knowledge.show_questions", done=done)
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


def _page(status: int, **more: Any) -> Response:
    wanted = _wanted(request.args)
    with parts().database.read() as session:
        page = render_template(
            "console/knowledge_questions.html",
            wanted=wanted,
            scope=request.args.get("scope", ""),
            page=questions.browse(session, wanted),
            counts=questions.count_by_origin(session),
            names=questions.list_intent_names(session),
            last=faq_snapshot.last_act(session),
            most_mistakes=MOST_MISTAKES,
            **more,
        )
    return make_response(page, status)

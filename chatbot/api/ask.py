"""Visitors: ask a question, say which reading was meant, and whether the answer helped."""

import hashlib
import re
from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.exceptions import BadRequest

from chatbot.api.schemas.ask import (
    AnswerOut,
    AskIn,
    AskOut,
    ChoiceIn,
    FeedbackIn,
    FeedbackOut,
    PopularOut,
    PopularQuestionOut,
)
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.markdown import render_for_visitors
from chatbot.services.access.keys import Scope
from chatbot.services.asking import choose
from chatbot.services.review import questions

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{16,200}")
_POPULAR_SECONDS = 300

blueprint = APIBlueprint("ask", __name__, tag="Ask")


@blueprint.post("/ask")
@blueprint.post("/v1/ask")
@requires(Scope.ASK, or_site=True)
@blueprint.input(AskIn, arg_name="body")
@blueprint.output(AskOut)
def ask(body: AskIn) -> Response:
    """Ask a question.

    The question is stored, redacted, before the answer leaves. `/ask` is another name of `/v1/ask`.
    """
    answerer = parts().answerer
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        answered = answerer.ask(body.text, body.conversation_id, body.test)
    else:
        query_id = _query_id(key)
        answered = answerer.ask_once(query_id, body.text, body.conversation_id, body.test)
    # Written by pydantic itself, which spares a dictionary and Flask's slower writer.
    shown = AskOut.of(answered, _writer(body.format))
    return Response(shown.model_dump_json(), mimetype="application/json")


@blueprint.get("/v1/popular-questions")
@requires(Scope.ASK, or_site=True)
@blueprint.output(PopularOut)
def list_popular() -> tuple[PopularOut, int, dict[str, str]]:
    """List what is asked most, to greet visitors with; before anybody asked, what the FAQ knows."""
    found = parts().popular.current(parts().live.current().revision)
    listed = PopularOut(items=[PopularQuestionOut.model_validate(each) for each in found])
    return listed, 200, {"Cache-Control": f"private, max-age={_POPULAR_SECONDS}"}


@blueprint.post("/v1/queries/<id:query_id>/choice")
@requires(Scope.ASK, or_site=True)
@blueprint.input(ChoiceIn, arg_name="body")
@blueprint.output(AnswerOut)
@blueprint.doc(responses=[409])
def choose_candidate(query_id: str, body: ChoiceIn) -> AnswerOut:
    """Say which candidate was meant, and get its answer; agents see the choice."""
    with parts().database.write() as session:
        card = choose.choose(session, parts().live.current(), query_id, body.intent)
    write = _writer(body.format)
    return AnswerOut(intent=body.intent, title=card.title, body=write(card.answer))


@blueprint.post("/v1/queries/<id:query_id>/feedback")
@requires(Scope.ASK, or_site=True)
@blueprint.input(FeedbackIn, arg_name="body")
@blueprint.output(FeedbackOut)
def give_feedback(query_id: str, body: FeedbackIn) -> FeedbackOut:
    """Say whether the answer helped; a later thumb replaces an earlier one."""
    with parts().database.write() as session:
        questions.give_feedback(session, query_id, body.helpful)
    return FeedbackOut(query_id=query_id, helpful=body.helpful)


def _writer(wanted: str) -> Callable[[str], str]:
    return render_for_visitors if wanted == "html" else str


def _query_id(idempotency_key: str) -> str:
    """The id that a repeated question is logged under: the caller's key decides, so that no caller
    finds another's.
    """
    if not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise BadRequest("An Idempotency-Key has 16 to 200 visible ASCII characters, as a UUID.")
    named = f"{caller().name}\n{idempotency_key}"
    return hashlib.sha256(named.encode()).hexdigest()[:32]

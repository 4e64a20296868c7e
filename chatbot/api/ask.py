"""Visitors: ask a question, say whether the answer helped."""

from apiflask import APIBlueprint
from flask import Response

from chatbot.api.auth import requires
from chatbot.api.context import parts
from chatbot.api.schemas.ask import AskIn, AskOut, FeedbackIn, FeedbackOut
from chatbot.services import review
from chatbot.services.keys import Scope

blueprint = APIBlueprint("ask", __name__, tag="Ask")


@blueprint.post("/ask")
@blueprint.post("/v1/ask")
@requires(Scope.ASK)
@blueprint.input(AskIn, arg_name="body")
@blueprint.output(AskOut)
def ask(body: AskIn) -> Response:
    """Ask a question.

    The question is stored, redacted, before the answer leaves. `/ask` is another name of `/v1/ask`.
    """
    answered = parts().answerer.ask(body.text, body.conversation_id, body.test)
    # Written by pydantic itself, which spares a dictionary and Flask's slower writer.
    return Response(AskOut.of(answered).model_dump_json(), mimetype="application/json")


@blueprint.post("/v1/queries/<word:query_id>/feedback")
@requires(Scope.ASK)
@blueprint.input(FeedbackIn, arg_name="body")
@blueprint.output(FeedbackOut)
def give_feedback(query_id: str, body: FeedbackIn) -> FeedbackOut:
    """Say whether the answer helped; a later thumb replaces an earlier one."""
    with parts().database.write() as session:
        review.give_feedback(session, query_id, body.helpful)
    return FeedbackOut(query_id=query_id, helpful=body.helpful)

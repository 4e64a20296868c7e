"""Editors: test questions, which measure models and never train them."""

from apiflask import APIBlueprint

from chatbot.api.schemas.faq import (
    QuestionIdsIn,
    QuestionIn,
    QuestionOut,
    QuestionPaging,
    QuestionsOut,
    QuestionsRemovedOut,
)
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import cut
from chatbot.services.access.keys import Scope
from chatbot.services.learning import evaluation_questions as questions

blueprint = APIBlueprint(
    "evaluation_questions", __name__, tag="FAQ", url_prefix="/v1/evaluation-questions"
)


@blueprint.get("")
@requires(Scope.AGENT)
@blueprint.input(QuestionPaging, location="query", arg_name="wanted")
@blueprint.output(QuestionsOut)
def list_evaluation_questions(wanted: QuestionPaging) -> QuestionsOut:
    """List test questions, newest first."""
    which = questions.Wanted(
        intent=wanted.intent or "",
        out_of_scope=wanted.out_of_scope,
        origin=wanted.origin or "",
    )
    with parts().database.read() as session:
        rows = questions.list_questions(session, which, wanted.cursor, wanted.limit + 1)
        page, following = cut(rows, wanted.limit, lambda row: row.id)
        return QuestionsOut(items=[QuestionOut.of(row) for row in page], next=following)


@blueprint.post("")
@requires(Scope.EDITOR)
@blueprint.input(QuestionIn, arg_name="body")
@blueprint.output(QuestionOut, status_code=201)
@blueprint.doc(responses=[404, 409])
def add_evaluation_question(body: QuestionIn) -> QuestionOut:
    """Add a test question; an utterance is refused, as it measures nothing."""
    with parts().database.write() as session:
        return QuestionOut.of(questions.add(session, caller().name, body.text, body.intent))


@blueprint.put("/<int:question_id>")
@requires(Scope.EDITOR)
@blueprint.input(QuestionIn, arg_name="body")
@blueprint.output(QuestionOut)
@blueprint.doc(responses=[409])
def change_evaluation_question(question_id: int, body: QuestionIn) -> QuestionOut:
    """Reword a test question, or label it otherwise."""
    with parts().database.write() as session:
        changed = questions.change(session, caller().name, question_id, body.text, body.intent)
        return QuestionOut.of(changed)


@blueprint.delete("/<int:question_id>")
@requires(Scope.EDITOR)
@blueprint.output({}, status_code=204)
def delete_evaluation_question(question_id: int) -> tuple[str, int]:
    """Remove a test question."""
    with parts().database.write() as session:
        questions.get_question(session, question_id)
        questions.remove(session, caller().name, [question_id])
    return "", 204


@blueprint.post("/delete")
@requires(Scope.EDITOR)
@blueprint.input(QuestionIdsIn, arg_name="body")
@blueprint.output(QuestionsRemovedOut)
def delete_evaluation_questions(body: QuestionIdsIn) -> QuestionsRemovedOut:
    """Remove many test questions at once; those that are gone already count as nothing."""
    with parts().database.write() as session:
        return QuestionsRemovedOut(removed=questions.remove(session, caller().name, body.ids))

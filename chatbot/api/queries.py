"""Agents: work through logged questions, confirm or correct what was matched."""

from apiflask import APIBlueprint

from chatbot.api.schemas.queries import ConfirmationIn, QueriesOut, QueryFilters, QueryOut
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import encode_query
from chatbot.services.access.keys import Scope
from chatbot.services.review import confirm, questions

blueprint = APIBlueprint("queries", __name__, tag="Review", url_prefix="/v1/queries")


@blueprint.get("")
@requires(Scope.AGENT)
@blueprint.input(QueryFilters, location="query", arg_name="wanted")
@blueprint.output(QueriesOut)
def list_queries(wanted: QueryFilters) -> QueriesOut:
    """List queries, those first that would teach most; `reviewed=false&test=false` is the queue."""
    filters = questions.Filters(
        reviewed=wanted.reviewed,
        decision=wanted.decision,
        helpful=wanted.helpful,
        intent=wanted.intent,
        conversation_id=wanted.conversation_id,
        text=wanted.q,
        test=wanted.test,
        standing=wanted.standing,
        contradicted=wanted.contradicted,
    )
    with parts().database.read() as session:
        rows, following = questions.list_queries(session, filters, wanted.cursor, wanted.limit)
        return QueriesOut(items=QueryOut.of_all(session, rows), next=encode_query(following))


@blueprint.get("/<id:query_id>")
@requires(Scope.AGENT)
@blueprint.output(QueryOut)
def get_query(query_id: str) -> QueryOut:
    """Read one query."""
    with parts().database.read() as session:
        return QueryOut.of_all(session, [questions.get_query(session, query_id)])[0]


@blueprint.put("/<id:query_id>/confirmation")
@requires(Scope.AGENT)
@blueprint.input(ConfirmationIn, arg_name="body")
@blueprint.output(QueryOut)
@blueprint.doc(responses=[409])
def confirm_query(query_id: str, body: ConfirmationIn) -> QueryOut:
    """Say what the question asked for: in effect at once; the reply says how far.

    Saying it again changes nothing, unless it waits for somebody else to say it too.
    """
    by_admin = caller().scope is Scope.ADMIN
    with parts().database.write() as session:
        confirm.confirm(session, query_id, body.intent, caller().name, parts().settings, by_admin)
        [confirmed] = QueryOut.of_all(session, [questions.get_query(session, query_id)])
    parts().nudge.send()
    return confirmed


@blueprint.delete("/<id:query_id>/confirmation")
@requires(Scope.AGENT)
@blueprint.output({}, status_code=204)
def undo_confirmation(query_id: str) -> tuple[str, int]:
    """Take the verdict back; the query returns to the queue."""
    with parts().database.write() as session:
        confirm.undo(session, query_id, caller().name)
    parts().nudge.send()
    return "", 204

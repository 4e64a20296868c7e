"""Verdicts to look at: in quarantine, waiting for a second person, or contradicted."""

from apiflask import APIBlueprint
from flask import render_template, request
from sqlalchemy.orm import Session

from chatbot.api.schemas.quarantine import ReleaseFromQuarantineIn
from chatbot.console.access import allows, who
from chatbot.domain.quarantine import Group, Standing
from chatbot.errors import NotFound
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.learning import quarantine
from chatbot.services.review import confirm, questions, verdict_status

MOST_SHOWN = 50

blueprint = APIBlueprint(
    "quarantine", __name__, url_prefix="/models/quarantine", enable_openapi=False
)


@blueprint.get("")
@allows(Scope.AGENT)
def show() -> str:
    return _page()


@blueprint.post("/release")
@allows(Scope.ADMIN)
def release() -> str:
    names = ("source", "says", "day", "reason")
    body = ReleaseFromQuarantineIn.model_validate({n: request.form.get(n, "") for n in names})
    group = Group(body.source, body.says, body.day)
    with parts().database.write() as session:
        count = quarantine.admit(session, parts().settings, who().name, group, body.reason)
    parts().nudge.send()
    return _page(
        f"{count} confirmations teach from the next training on, and count within seconds."
    )


@blueprint.post("/<id:query_id>/second")
@allows(Scope.AGENT)
def second(query_id: str) -> str:
    """Second somebody else's verdict."""
    with parts().database.write() as session:
        verdict = questions.get_query(session, query_id).confirmation
        if verdict is None:
            raise NotFound("That verdict was taken back meanwhile.")
        intent = verdict.intent.name if verdict.intent else None
        by_admin = who().scope is Scope.ADMIN
        confirm.confirm(session, query_id, intent, who().name, parts().settings, by_admin)
        [written] = verdict_status.list_receipts(session, [questions.get_query(session, query_id)])
    parts().nudge.send()
    return _page(verdict_status.say(written))


def _page(note: str = "") -> str:
    with parts().database.read() as session:
        found = quarantine.list_quarantined(session, parts().settings)
        waiting = _list(session, questions.Filters(reviewed=True, standing=Standing.SECOND))
        contradicted = _list(session, questions.Filters(reviewed=True, contradicted=True))
    return render_template(
        "console/quarantine.html",
        note=note,
        found=found,
        waiting=waiting,
        contradicted=contradicted,
        say_contradiction=verdict_status.say_contradiction,
        me=who().name,
        may_act=who().scope is Scope.ADMIN,
    )


def _list(session: Session, filters: questions.Filters) -> list[verdict_status.Receipt]:
    queries, _ = questions.list_queries(session, filters, None, MOST_SHOWN)
    return verdict_status.list_receipts(session, queries)

"""Confirmations that may not teach before an admin has looked at them."""

from apiflask import APIBlueprint
from flask import render_template, request

from chatbot.api.context import parts
from chatbot.api.schemas.quarantine import ReleaseFromQuarantineIn
from chatbot.console.access import allows, who
from chatbot.domain.quarantine import Group
from chatbot.services import quarantine
from chatbot.services.keys import Scope

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
        count = quarantine.release(session, parts().settings, who().name, group, body.reason)
    return _page(f"{count} confirmations teach from the next training on.")


def _page(note: str = "") -> str:
    with parts().database.read() as session:
        found = quarantine.list_quarantined(session, parts().settings)
    return render_template(
        "console/quarantine.html", note=note, found=found, may_act=who().scope is Scope.ADMIN
    )

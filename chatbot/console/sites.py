"""Sites that show the widget: their snippets to copy, origins, limits."""

from typing import Any

from apiflask import APIBlueprint
from flask import render_template, request, url_for
from werkzeug.exceptions import BadRequest

from chatbot.console.access import allows, who
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.asking import sites

blueprint = APIBlueprint("sites", __name__, url_prefix="/sites", enable_openapi=False)


@blueprint.get("")
@allows(Scope.ADMIN)
def show() -> str:
    with parts().database.read() as session:
        return render_template(
            "console/sites.html",
            sites=sorted(sites.list_sites(session), key=lambda site: site.revoked_at is not None),
            script=url_for("widget.serve_script", _external=True),
            usual=sites,
        )


@blueprint.post("")
@allows(Scope.ADMIN)
def create() -> str:
    with parts().database.write() as session:
        sites.create_site(session, who().name, **_form())
    parts().sites.forget()
    return show()


@blueprint.post("/<id:key>")
@allows(Scope.ADMIN)
def change(key: str) -> str:
    with parts().database.write() as session:
        if "revoke" in request.form:
            sites.revoke_site(session, who().name, key)
        else:
            sites.change_site(session, who().name, key, **_form())
    parts().sites.forget()
    return show()


def _form() -> dict[str, Any]:
    form = request.form
    try:
        limits = {name: int(form.get(name, "")) for name in ("per_visitor", "per_site")}
    except ValueError:
        raise BadRequest("A limit is a number of requests a minute.") from None
    return {"name": form.get("name", ""), "origins": form.get("origins", "").split(), **limits}

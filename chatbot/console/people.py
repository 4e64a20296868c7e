"""The people who may sign in, and their roles."""

from apiflask import APIBlueprint
from flask import render_template, request
from werkzeug.exceptions import BadRequest

from chatbot.console.access import allows, who
from chatbot.http.context import parts
from chatbot.services.access import users
from chatbot.services.access.keys import Scope

blueprint = APIBlueprint("people", __name__, url_prefix="/people", enable_openapi=False)


@blueprint.get("")
@allows(Scope.ADMIN)
def show() -> str:
    with parts().database.read() as session:
        return render_template(
            "console/people.html",
            people=users.list_users(session),
            roles=users.ROLES,
            least=users.LEAST_PASSWORD_CHARS,
        )


@blueprint.post("")
@allows(Scope.ADMIN)
def create() -> str:
    form = request.form
    with parts().database.write() as session:
        users.create_user(
            session, who().name, form.get("email", ""), _role(), form.get("password", "")
        )
    return show()


@blueprint.post("/change")
@allows(Scope.ADMIN)
def change() -> str:
    """Set a new role or password, or take a person in or out of service, whichever the
    form sends.
    """
    form = request.form
    email = form.get("email", "")
    with parts().database.write() as session:
        if "role" in form:
            users.change_role(session, who().name, email, _role())
        if form.get("password"):
            users.change_password(session, who().name, email, form["password"])
        if "disable" in form:
            users.disable_user(session, who().name, email)
        if "enable" in form:
            users.enable_user(session, who().name, email)
    return show()


def _role() -> Scope:
    try:
        return Scope(request.form.get("role", ""))
    except ValueError:
        raise BadRequest("There is no such role.") from None

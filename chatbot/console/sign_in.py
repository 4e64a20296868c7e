"""Sign in and out."""

from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from chatbot.console.access import allows, drop_token, everyone, keep_token, token
from chatbot.errors import NotAuthenticated, TooManyAttempts
from chatbot.http.context import parts
from chatbot.services.access import users
from chatbot.services.access.keys import Scope

blueprint = APIBlueprint("sign_in", __name__, enable_openapi=False)


@blueprint.get("/sign-in")
@everyone
def ask() -> Response:
    return _form("", "", HTTPStatus.OK)


@blueprint.post("/sign-in")
@everyone
def sign_in() -> AnyResponse:
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        kept = users.sign_in(parts().database, email, password, request.remote_addr or "")
    except NotAuthenticated as error:
        return _form(email, str(error), HTTPStatus.UNAUTHORIZED)
    except TooManyAttempts as error:
        return _form(email, str(error), HTTPStatus.TOO_MANY_REQUESTS)
    return keep_token(_redirect(_next()), kept)


@blueprint.post("/sign-out")
@allows(Scope.AGENT)
def sign_out() -> AnyResponse:
    with parts().database.write() as session:
        users.sign_out(session, token())
    return drop_token(_redirect(url_for("console.sign_in.ask")))


def _form(email: str, mistake: str, status: HTTPStatus) -> Response:
    page = render_template("console/sign_in.html", email=email, mistake=mistake, next=_next())
    return make_response(page, status)


def _next() -> str:
    """Return where to go afterwards: a page of the console, never another site."""
    wanted = request.values.get("next", "")
    home = url_for("console.overview.show")
    inside = wanted.startswith(home) and "\\" not in wanted and wanted.isprintable()
    return wanted if inside else home


def _redirect(target: str) -> Response:
    return make_response(redirect(target, HTTPStatus.SEE_OTHER))

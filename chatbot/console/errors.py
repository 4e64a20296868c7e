"""An error as a page, or as a short text where htmx asks for a part of one."""

from urllib.parse import urlencode

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from chatbot.errors import NotAuthenticated
from chatbot.http.errors import explain

_TITLES = {
    403: "That is not yours to do",
    404: "There is nothing here",
    409: "That contradicts what is stored",
    422: "Something is wrong with what was sent",
    429: "Slow down",
}


def show(error: Exception) -> AnyResponse | HTTPException:
    if isinstance(error, NotAuthenticated):
        return _to_sign_in()
    if isinstance(error, HTTPException) and (error.code or 500) < 400:
        return error
    status, _, detail = explain(error)
    if request.headers.get("HX-Request"):
        return Response(detail, status, mimetype="text/plain")
    title = _TITLES.get(status, "Something went wrong")
    page = render_template("console/error.html", title=title, detail=detail)
    return make_response(page, status)


def _to_sign_in() -> AnyResponse:
    """Redirect to the sign-in, and afterwards back to a page that can be asked for by
    its address.
    """
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    if request.headers.get("HX-Request"):
        response = Response(status=204)
        response.headers["HX-Redirect"] = url_for("console.sign_in.ask")
        return response
    query = "?" + urlencode({"next": back}) if back else ""
    return redirect(url_for("console.sign_in.ask") + query, 303)

"""The widget that visitors see: `widget.js`, one file for any site, and a page that shows it at
work.
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apiflask import APIBlueprint
from flask import (
    Response,
    current_app,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from sqlalchemy.orm import Session

from chatbot.errors import NotReady
from chatbot.http.auth import public
from chatbot.http.context import parts
from chatbot.services.asking.sites import SELF, list_sites
from chatbot.services.beginning.demo import is_marked
from chatbot.services.beginning.things_to_try import ThingsToTry, find_things_to_try

FOLDER = Path(__file__).parent / "static"
_SCRIPT_SECONDS = 600
_PAGE_SECONDS = 365 * 24 * 3600
_THINGS = "chatbot.things_to_try"

blueprint = APIBlueprint("widget", __name__, template_folder="templates", enable_openapi=False)


class Script(NamedTuple):
    plain: bytes
    gzipped: bytes
    etag: str


@blueprint.get("/widget.js")
@public
def serve_script() -> Response:
    """Serve the script to every origin: what a site's key may do is checked where the
    key is used.
    """
    script = read_script()
    if request.accept_encodings.quality("gzip") > 0:
        response = Response(script.gzipped, headers={"Content-Encoding": "gzip"})
    else:
        response = Response(script.plain)
    response.content_type = "text/javascript; charset=utf-8"
    response.headers |= {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": f"public, max-age={_SCRIPT_SECONDS}",
    }
    response.vary.add("Accept-Encoding")
    response.set_etag(script.etag, weak=True)
    response.make_conditional(request)
    return response


@blueprint.get("/demo")
@public
def demo() -> str:
    """Show a help centre with the live FAQ, and the first site key that works on this instance."""
    with parts().database.read() as session:
        own = [site for site in list_sites(session) if SELF in site.origins and not site.revoked_at]
        return render_template(
            "widget/demo.html",
            site=own[0] if own else None,
            is_invented=is_marked(session),
            things=_things_to_try(session),
            asset=_asset,
        )


@blueprint.get("/demo/<word:name>")
@public
def serve_asset(name: str) -> Response:
    return send_from_directory(FOLDER, name, max_age=_PAGE_SECONDS)


def _things_to_try(session: Session) -> ThingsToTry | None:
    """Return things to try, found again when the model or the FAQ changes; None while nothing can
    be answered.
    """
    try:
        matcher = parts().live.current()
    except NotReady:
        return None
    if not matcher.intents:
        return None
    known = current_app.extensions.get(_THINGS)
    if known is None or known[0] is not matcher:
        known = (matcher, find_things_to_try(session, matcher))
        current_app.extensions[_THINGS] = known
    found: ThingsToTry = known[1]
    return found


@cache
def read_script() -> Script:
    plain = (FOLDER / "widget.js").read_bytes()
    return Script(plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:16])


def _asset(name: str) -> str:
    version = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return url_for("widget.serve_asset", name=name, v=version)

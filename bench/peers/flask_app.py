"""The HTTP side of the peers that are libraries: Flask under gunicorn, the same for all of them."""

from collections.abc import Callable

from flask import Flask, request


def build(match: Callable[[str], str | None]) -> Flask:
    """Build an app whose `POST /ask {"text": …}` answers `{"intent": …}`, null where the peer
    declines to name one.
    """
    app = Flask(__name__)

    @app.post("/ask")
    def ask() -> dict[str, str | None]:
        return {"intent": match(request.get_json()["text"])}

    return app

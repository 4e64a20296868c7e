"""The context of a view: the assembled parts of the process."""

from flask import current_app

from chatbot.bootstrap import Parts

EXTENSION = "chatbot"


def parts() -> Parts:
    """Return the parts that this process was assembled from."""
    found: Parts = current_app.extensions[EXTENSION]
    return found

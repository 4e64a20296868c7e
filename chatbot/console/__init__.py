"""Pages for agents, editors and admins, on the same use cases as the API."""

from apiflask import APIBlueprint
from flask import Flask

from chatbot.console import (
    access,
    assets,
    errors,
    handoffs,
    knowledge,
    models,
    overview,
    people,
    quarantine,
    review,
    sign_in,
    sites,
    start,
    view,
    webhooks,
)

_AREAS = (
    assets,
    sign_in,
    start,
    overview,
    review,
    handoffs,
    knowledge,
    models,
    quarantine,
    sites,
    webhooks,
    people,
)


def register(app: Flask) -> None:
    console = APIBlueprint(
        "console",
        __name__,
        url_prefix="/console",
        template_folder="templates",
        enable_openapi=False,
    )
    console.before_request(access.refuse_other_sites)
    console.register_error_handler(Exception, errors.show)
    console.app_context_processor(view.helpers)
    for area in _AREAS:
        console.register_blueprint(area.blueprint)
    app.register_blueprint(console)

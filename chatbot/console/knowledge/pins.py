"""The pins of an intent: questions that must keep its answer."""

from flask import Response

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint, explained, field, to_intent
from chatbot.console.knowledge.intent import intent_page
from chatbot.errors import Conflict, InvalidText
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import pins


@blueprint.post("/intents/<word:name>/pins")
@allows(Scope.EDITOR)
def add_pin(name: str) -> Response:
    text = field("text")
    try:
        with parts().database.write() as session:
            pins.add_pin(session, who().name, text, name)
    except (InvalidText, Conflict) as error:
        status, mistake = explained(error)
        return intent_page(name, status, mistake=mistake, new_pin=text)
    return to_intent(name, "pinned")


@blueprint.post("/intents/<word:name>/pins/<int:pin_id>/remove")
@allows(Scope.EDITOR)
def remove_pin(name: str, pin_id: int) -> Response:
    with parts().database.write() as session:
        pins.remove_pin(session, who().name, pin_id)
    return to_intent(name, "unpinned")

"""Editors: questions that must keep being answered with their intent."""

from apiflask import APIBlueprint

from chatbot.api.schemas.pins import PinIn, PinOut, PinsOut
from chatbot.errors import NotReady
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.matching.matcher import Matcher
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import pins

blueprint = APIBlueprint("pins", __name__, tag="FAQ", url_prefix="/v1/pins")


@blueprint.get("")
@requires(Scope.AGENT)
@blueprint.output(PinsOut)
def list_pins() -> PinsOut:
    """List all pins and what is wrong with those that are broken now."""
    matcher = _matcher()
    with parts().database.read() as session:
        checked = pins.check(session, matcher, pins.list_pins(session))
    return PinsOut(
        model_version=matcher.version if matcher else None,
        items=[PinOut.of(each) for each in checked],
    )


@blueprint.post("")
@requires(Scope.EDITOR)
@blueprint.input(PinIn, arg_name="body")
@blueprint.output(PinOut, status_code=201)
@blueprint.doc(responses=[404, 409])
def add_pin(body: PinIn) -> PinOut:
    """Pin a question to an intent; pinning it again returns the pin that is there."""
    with parts().database.write() as session:
        pin = pins.add_pin(session, caller().name, body.text, body.intent)
        [checked] = pins.check(session, _matcher(), [pin])
    return PinOut.of(checked)


@blueprint.delete("/<int:pin_id>")
@requires(Scope.EDITOR)
@blueprint.output({}, status_code=204)
def remove_pin(pin_id: int) -> tuple[str, int]:
    """Let later models answer it as they will; from the next training on, it may teach them."""
    with parts().database.write() as session:
        pins.remove_pin(session, caller().name, pin_id)
    return "", 204


def _matcher() -> Matcher | None:
    try:
        return parts().live.current()
    except NotReady:
        return None

"""Editors: what the bot would do with a hundred questions."""

from apiflask import APIBlueprint

from chatbot.api.schemas.readiness import ReadinessOut
from chatbot.http.auth import requires
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope

blueprint = APIBlueprint("readiness", __name__, tag="FAQ", url_prefix="/v1/readiness")


@blueprint.get("")
@requires(Scope.EDITOR)
@blueprint.output(ReadinessOut)
@blueprint.doc(responses=[503])
def show_readiness() -> ReadinessOut:
    """Try the FAQ's own phrasings, each as if it were not known, and say what to mend first."""
    found = parts().readiness.read(parts().live.current())
    return ReadinessOut.model_validate(found)

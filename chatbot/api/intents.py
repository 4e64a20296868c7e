"""Editors: the intents of the FAQ and their utterances; each edit is live within seconds."""

from apiflask import APIBlueprint

from chatbot.api.schemas.intents import (
    IntentChange,
    IntentIn,
    IntentOut,
    IntentPaging,
    IntentRowOut,
    IntentsOut,
    UtteranceIn,
    UtteranceOut,
)
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import encode
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq

blueprint = APIBlueprint("intents", __name__, tag="FAQ", url_prefix="/v1/intents")


@blueprint.get("")
@requires(Scope.AGENT)
@blueprint.input(IntentPaging, location="query", arg_name="wanted")
@blueprint.output(IntentsOut)
def list_intents(wanted: IntentPaging) -> IntentsOut:
    """List intents by name."""
    with parts().database.read() as session:
        rows, following = edit_faq.list_intents(session, wanted.cursor, wanted.limit)
        items = [IntentRowOut.of(intent, utterances) for intent, utterances in rows]
    return IntentsOut(items=items, next=encode(following) if following else None)


@blueprint.post("")
@requires(Scope.EDITOR)
@blueprint.input(IntentIn, arg_name="body")
@blueprint.output(IntentOut, status_code=201)
@blueprint.doc(responses=[409])
def create_intent(body: IntentIn) -> IntentOut:
    """Add an intent. An utterance that another intent has is a conflict that names both."""
    with parts().database.write() as session:
        intent = edit_faq.create_intent(session, caller().name, **body.model_dump())
        created = IntentOut.model_validate(intent)
    parts().nudge.send()
    return created


@blueprint.get("/<word:name>")
@requires(Scope.AGENT)
@blueprint.output(IntentOut)
def get_intent(name: str) -> IntentOut:
    """Read one intent with its utterances."""
    with parts().database.read() as session:
        return IntentOut.model_validate(edit_faq.get_intent(session, name))


@blueprint.patch("/<word:name>")
@requires(Scope.EDITOR)
@blueprint.input(IntentChange, arg_name="body")
@blueprint.output(IntentOut)
def change_intent(name: str, body: IntentChange) -> IntentOut:
    """Change title, answer, topic, or whether it is enabled; what is left out stays."""
    with parts().database.write() as session:
        intent = edit_faq.change_intent(session, caller().name, name, body.changes())
        session.flush()
        changed = IntentOut.model_validate(intent)
    parts().nudge.send()
    return changed


@blueprint.delete("/<word:name>")
@requires(Scope.EDITOR)
@blueprint.output({}, status_code=204)
def delete_intent(name: str) -> tuple[str, int]:
    """Remove an intent with its utterances; queries confirmed for it return to the queue."""
    with parts().database.write() as session:
        edit_faq.delete_intent(session, caller().name, name)
    parts().nudge.send()
    return "", 204


@blueprint.post("/<word:name>/utterances")
@requires(Scope.EDITOR)
@blueprint.input(UtteranceIn, arg_name="body")
@blueprint.output(UtteranceOut, status_code=201)
@blueprint.doc(responses=[409])
def add_utterance(name: str, body: UtteranceIn) -> UtteranceOut:
    """Add a phrasing; adding it again returns the one that is there."""
    with parts().database.write() as session:
        added = UtteranceOut.model_validate(
            edit_faq.add_utterance(session, caller().name, name, body.text)
        )
    parts().nudge.send()
    return added


@blueprint.put("/<word:name>/utterances/<int:utterance_id>")
@requires(Scope.EDITOR)
@blueprint.input(UtteranceIn, arg_name="body")
@blueprint.output(UtteranceOut)
@blueprint.doc(responses=[409])
def change_utterance(name: str, utterance_id: int, body: UtteranceIn) -> UtteranceOut:
    """Reword a phrasing."""
    with parts().database.write() as session:
        changed = UtteranceOut.model_validate(
            edit_faq.change_utterance(session, caller().name, name, utterance_id, body.text)
        )
    parts().nudge.send()
    return changed


@blueprint.delete("/<word:name>/utterances/<int:utterance_id>")
@requires(Scope.EDITOR)
@blueprint.output({}, status_code=204)
def delete_utterance(name: str, utterance_id: int) -> tuple[str, int]:
    """Remove a phrasing."""
    with parts().database.write() as session:
        edit_faq.delete_utterance(session, caller().name, name, utterance_id)
    parts().nudge.send()
    return "", 204

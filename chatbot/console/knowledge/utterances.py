"""The utterances of an intent: add, reword, remove."""

from http import HTTPStatus

from flask import Response, request

from chatbot.console.access import allows, who
from chatbot.console.knowledge.area import blueprint, explained, field, matcher, to_intent
from chatbot.console.knowledge.intent import intent_page
from chatbot.domain.text import clean
from chatbot.errors import Conflict, InvalidText, Outdated
from chatbot.formats.limits import MAX_UTTERANCE_CHARS
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.near_duplicates import Clash, find_clashes


@blueprint.post("/intents/<word:name>/utterances")
@allows(Scope.EDITOR)
def add_utterance(name: str) -> Response:
    """Add it; with `move`, take it from the intent that has it."""
    text = field("text")
    try:
        if "move" in request.form:
            with parts().database.write() as session:
                edit_faq.move_utterance(session, who().name, name, text)
            parts().nudge.send()
            return to_intent(name, "moved")
        if clash := _clash(name, text):
            return intent_page(name, HTTPStatus.CONFLICT, clash=clash)
        with parts().database.write() as session:
            edit_faq.add_utterance(session, who().name, name, text)
    except (InvalidText, Conflict) as error:
        status, mistake = explained(error)
        return intent_page(name, status, mistake=mistake, new_text=text)
    parts().nudge.send()
    return to_intent(name, "added")


@blueprint.post("/intents/<word:name>/utterances/<int:utterance_id>")
@allows(Scope.EDITOR)
def change_utterance(name: str, utterance_id: int) -> Response:
    """Reword it, or with `delete`, remove it; `before` is how it read on the page."""
    text, before = field("text"), field("before")
    try:
        if "delete" in request.form:
            with parts().database.write() as session:
                edit_faq.delete_utterance(session, who().name, name, utterance_id, before)
            parts().nudge.send()
            return to_intent(name, "removed")
        if text != before and (clash := _clash(name, text)):
            return intent_page(
                name, HTTPStatus.CONFLICT, clash=clash, clash_id=utterance_id, clash_before=before
            )
        with parts().database.write() as session:
            edit_faq.change_utterance(session, who().name, name, utterance_id, text, before)
    except Outdated as error:
        mistake = f"{error} Nothing was changed. You wrote: “{text}”."
        return intent_page(name, HTTPStatus.CONFLICT, mistake=mistake)
    except (InvalidText, Conflict) as error:
        status, mistake = explained(error)
        return intent_page(name, status, mistake=f"{mistake} Nothing was changed.")
    parts().nudge.send()
    return to_intent(name, "reworded")


def _clash(name: str, text: str) -> Clash | None:
    """Return what stands against this text, unless the editor knows it. Raises InvalidText."""
    live = matcher()
    if live is None or "anyway" in request.form:
        return None
    with parts().database.read() as session:
        found = find_clashes(session, live, name, [clean(text, MAX_UTTERANCE_CHARS)])
    return found[0] if found else None

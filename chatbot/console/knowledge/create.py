"""A new intent, live at once or as a draft."""

from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Response, make_response, render_template, request
from pydantic import ValidationError

from chatbot.api.schemas.intents import IntentIn
from chatbot.console.access import allows, who
from chatbot.console.knowledge import area
from chatbot.console.knowledge.area import blueprint, explained, to_intent
from chatbot.errors import Conflict
from chatbot.formats.names import to_name
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.browse_intents import list_topics
from chatbot.services.knowledge.lint import ENOUGH_UTTERANCES
from chatbot.services.knowledge.near_duplicates import Clash, find_clashes


@dataclass(frozen=True)
class _Typed:
    title: str = ""
    name: str = ""
    topic: str = ""
    answer: str = ""
    utterances: str = ""
    enabled: bool = True

    @property
    def lines(self) -> list[str]:
        return [line for line in self.utterances.splitlines() if line.strip()]


@dataclass(frozen=True)
class _Refused:
    """The reasons why nothing was created."""

    mistake: str = ""
    clashes: list[Clash] = field(default_factory=list)


@blueprint.get("/new")
@allows(Scope.EDITOR)
def ask_for_intent() -> Response:
    return _form(_Typed(), _Refused(), HTTPStatus.OK)


@blueprint.post("/new")
@allows(Scope.EDITOR)
def create_intent() -> Response:
    """Create it, or with `preview`, only show."""
    typed = _typed()
    if "preview" in request.form:
        return _form(typed, _Refused(), HTTPStatus.OK)
    try:
        wanted = IntentIn(
            name=typed.name or _free_name(typed.title),
            title=typed.title,
            answer=typed.answer,
            topic=typed.topic,
            utterances=typed.lines,
            enabled=typed.enabled,
        )
        if clashes := _clashes(wanted):
            return _form(typed, _Refused(clashes=clashes), HTTPStatus.CONFLICT)
        with parts().database.write() as session:
            edit_faq.create_intent(session, who().name, **wanted.model_dump())
    except (ValidationError, Conflict) as error:
        status, mistake = explained(error)
        return _form(typed, _Refused(mistake), status)
    parts().nudge.send()
    return to_intent(wanted.name, "created" if wanted.enabled else "drafted")


def _typed() -> _Typed:
    return _Typed(
        title=area.field("title"),
        name=area.field("name").strip(),
        topic=area.field("topic").strip(),
        answer=area.field("answer"),
        utterances=area.field("utterances"),
        enabled=request.form.get("state") != "draft",
    )


def _free_name(title: str) -> str:
    with parts().database.read() as session:
        return edit_faq.free_name(session, to_name(title))


def _clashes(wanted: IntentIn) -> list[Clash]:
    live = area.matcher()
    if live is None or "anyway" in request.form:
        return []
    with parts().database.read() as session:
        return find_clashes(session, live, wanted.name, wanted.utterances)


def _form(typed: _Typed, refused: _Refused, status: int) -> Response:
    with parts().database.read() as session:
        page = render_template(
            "console/knowledge_new.html",
            typed=typed,
            refused=refused,
            topics=list_topics(session),
            enough_utterances=ENOUGH_UTTERANCES,
            titles=edit_faq.titles(session, [clash.other.intent for clash in refused.clashes]),
        )
    return make_response(page, status)

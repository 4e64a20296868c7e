"""All intents: searched, filtered, in the order asked for, with their health."""

from flask import render_template, request
from werkzeug.datastructures import MultiDict

from chatbot.console.access import allows
from chatbot.console.knowledge.area import blueprint, page_number
from chatbot.http.context import parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import demo
from chatbot.services.knowledge import edit_faq, faq_snapshot, undo_edit
from chatbot.services.knowledge.browse_intents import Order, Page, Wanted, browse, list_topics

_MOST_DELETED = 5
_ENABLED = {"live": True, "draft": False}


@blueprint.get("")
@allows(Scope.AGENT)
def show() -> str:
    wanted = wanted_intents(request.args)
    with parts().database.read() as session:
        page = browse(session, wanted)
        return render_template(
            "console/knowledge_list.html",
            wanted=wanted,
            page=page,
            topics=list_topics(session),
            titles=edit_faq.titles(session, _confused(page)),
            deleted=undo_edit.list_deleted(session, _MOST_DELETED),
            last=faq_snapshot.last_act(session),
            has_demo=demo.is_marked(session),
        )


def wanted_intents(values: MultiDict[str, str]) -> Wanted:
    """Return the filters of the page, as it is asked for or as a form sends them along."""
    order = values.get("order", "")
    return Wanted(
        text=values.get("q", ""),
        topic=values.get("topic", "").replace("\x00", ""),
        enabled=_ENABLED.get(values.get("state", "")),
        order=Order(order) if order in set(Order) else Order.TITLE,
        page=page_number(),
    )


def _confused(page: Page) -> list[str]:
    """The intents that those of the page were most often confused with."""
    return [name for row in page.rows for name in list(row.health.confused)[:1] if name]

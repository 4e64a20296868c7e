import re

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import edit_faq
from fakes import ANSWERED, UNKNOWN
from people import SignedIn

PAGE = "/console/knowledge/intents/reset-password"


def test_an_editor_pins_a_question_and_removes_the_pin(signed_in: SignedIn) -> None:
    editor = signed_in(Scope.EDITOR)
    assert editor.post(f"{PAGE}/pins", data={"text": ANSWERED}).status_code == 303
    page = editor.get(PAGE).text
    assert ANSWERED in page
    assert "broken" not in page
    removal = re.search(rf'action="({PAGE}/pins/\d+/remove)"', page)
    assert removal
    assert editor.post(removal[1]).status_code == 303
    assert ANSWERED not in editor.get(PAGE).text
    assert editor.post(removal[1]).status_code == 404


def test_a_mistake_keeps_what_was_typed(signed_in: SignedIn) -> None:
    editor = signed_in(Scope.EDITOR)
    long = "<b>" + "x" * 500
    response = editor.post(f"{PAGE}/pins", data={"text": long})
    assert response.status_code == 422
    assert long.replace("<", "&lt;").replace(">", "&gt;") in response.text


def test_what_breaks_a_pin_is_said_where_the_faq_is_checked(
    parts: Parts, signed_in: SignedIn
) -> None:
    editor = signed_in(Scope.EDITOR)
    editor.post(f"{PAGE}/pins", data={"text": UNKNOWN})
    assert "broken: the bot hands over" in editor.get(PAGE).text
    assert "Broken pins" in editor.get("/console/knowledge/lint").text
    with parts.database.write() as session:
        edit_faq.delete_intent(session, "ann", "reset-password")
    gone = editor.get(PAGE)
    assert gone.status_code == 410
    assert "broken: its intent is gone" in gone.text


def test_an_agent_sees_pins_but_no_way_to_change_them(parts: Parts, signed_in: SignedIn) -> None:
    signed_in(Scope.EDITOR).post(f"{PAGE}/pins", data={"text": ANSWERED})
    agent = signed_in(Scope.AGENT)
    page = agent.get(PAGE).text
    assert ANSWERED in page
    assert "/pins" not in page
    assert agent.post(f"{PAGE}/pins", data={"text": "another"}).status_code == 403

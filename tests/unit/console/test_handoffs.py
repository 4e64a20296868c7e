import pytest

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.asking import handoffs
from fakes import UNCLEAR, UNKNOWN
from people import SignedIn


@pytest.fixture
def waiting(parts: Parts) -> int:
    for text in (UNCLEAR, UNKNOWN):
        parts.answerer.ask(text, "talk-1")
    parts.answerer.ask("noise", "another")
    with parts.database.write() as session:
        message = "<b>Please</b> call me"
        return handoffs.request_handoff(session, "talk-1", "ann@example.org", message, None).id


def test_nobody_waits_at_first(signed_in: SignedIn) -> None:
    agent = signed_in(Scope.AGENT)
    assert "Nobody waits" in agent.get("/console/handoffs").text
    assert "None closed yet" in agent.get("/console/handoffs?closed=1").text


def test_who_waits_stands_with_message_and_questions(signed_in: SignedIn, waiting: int) -> None:
    page = signed_in(Scope.AGENT).get("/console/handoffs").text
    assert 'href="mailto:ann@example.org"' in page
    assert "&lt;b&gt;Please&lt;/b&gt; call me" in page
    assert page.index(UNCLEAR) < page.index(UNKNOWN)
    assert "noise" not in page
    assert "Erase" not in page


def test_an_agent_closes_it_and_opens_it_again(signed_in: SignedIn, waiting: int) -> None:
    agent = signed_in(Scope.AGENT)
    assert "Nobody waits" in agent.post(f"/console/handoffs/{waiting}").text
    closed = agent.get("/console/handoffs?closed=1").text
    assert "Closed just now by agent@example.org" in closed
    page = agent.post(f"/console/handoffs/{waiting}?closed=1", data={"open": "1"}).text
    assert "None closed yet" in page
    assert "ann@example.org" in agent.get("/console/handoffs").text


def test_an_admin_erases_it(signed_in: SignedIn, waiting: int) -> None:
    path = f"/console/handoffs/{waiting}/delete"
    assert signed_in(Scope.EDITOR).post(path).status_code == 403
    admin = signed_in(Scope.ADMIN)
    assert "ann@example.org" not in admin.post(path).text
    assert admin.post(path).status_code == 404


def test_many_have_pages(parts: Parts, signed_in: SignedIn) -> None:
    with parts.database.write() as session:
        for number in range(21):
            email = f"visitor-{number:02}@example.org"
            handoffs.request_handoff(session, f"talk-{number}", email, "", None)
    agent = signed_in(Scope.AGENT)
    first = agent.get("/console/handoffs").text
    assert "visitor-00" not in first
    assert "visitor-01" in first
    older = first.split('href="/console/handoffs?before=')[1].split('"')[0]
    assert "visitor-00" in agent.get(f"/console/handoffs?before={older}").text
    assert agent.get("/console/handoffs?before=x").status_code == 200

"""An empty instance: the three doors, what each leads to, and that everything serves meanwhile."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.services.beginning import demo
from chatbot.services.releases import jobs, release
from chatbot.storage.tables import Intent, TrainingJob
from fakes import add_version
from people import SignedIn, hidden_fields

Headers = dict[str, str]
CSV = "text,intent,answer\nrent a bike,rent,Scan it.\nhire a bicycle,rent,\n"


@pytest.fixture
def parts(empty_parts: Parts) -> Parts:
    """Nothing but the schema."""
    empty_parts.live.refresh()
    return empty_parts


@pytest.fixture
def editor(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.EDITOR)


def names(parts: Parts) -> set[str]:
    with parts.database.read() as session:
        return set(session.scalars(select(Intent.name)))


def kinds(parts: Parts) -> list[str]:
    with parts.database.read() as session:
        return list(session.scalars(select(TrainingJob.kind).order_by(TrainingJob.id)))


def finish_first_model(parts: Parts) -> None:
    with parts.database.write() as session:
        release.install_untrained(session, add_version(session), "made by a test", 0)
    parts.live.refresh()


def test_the_first_page_shows_three_doors(editor: FlaskClient) -> None:
    page = editor.get("/console/").text
    for door in ("Try the demo", "Bring your own", "Start empty"):
        assert door in page
    assert "The last 7 days" in editor.get("/console/?all=1").text


def test_an_agent_sees_them_and_may_open_none(parts: Parts, signed_in: SignedIn) -> None:
    agent = signed_in(Scope.AGENT)
    assert "<form" not in agent.get("/console/").text.split("<main")[1]
    assert agent.post("/console/start/demo").status_code == 403
    assert names(parts) == set()


@pytest.mark.parametrize(
    "page", ["", "/new", "/try", "/lint", "/questions", "/files", "/demo", "/export.yaml"]
)
def test_every_page_of_the_knowledge_serves(editor: FlaskClient, page: str) -> None:
    assert editor.get(f"/console/knowledge{page}").status_code == 200


def test_nothing_is_answered_and_everybody_is_told_why(
    client: FlaskClient, key: Callable[[Scope], Headers]
) -> None:
    response = client.post("/ask", json={"text": "hello"}, headers=key(Scope.ASK))
    assert response.status_code == 503
    assert "no model yet: it is made from the FAQ" in response.get_json()["detail"]
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (503, "not_ready")
    assert "made from the FAQ" in ready.get_json()["error"]
    page = client.get("/demo").text
    assert "nothing to ask yet" in page
    assert "<script" not in page


def test_one_click_brings_the_demo_and_asks_for_its_model(
    parts: Parts, editor: FlaskClient
) -> None:
    response = editor.post("/console/start/demo")
    assert response.status_code == 303
    assert len(names(parts)) == len(demo.read_demo().intents)
    assert kinds(parts) == [jobs.JobKind.UNTRAINED, jobs.JobKind.TRAIN]
    page = editor.get(response.location).text
    assert "reading the FAQ" in page
    assert "hx-get" in page
    finish_first_model(parts)
    with parts.database.write() as session:
        for job in session.scalars(select(TrainingJob)):
            job.state = jobs.JobState.DONE
    assert "Try a question" in editor.get("/console/start/model").text


def test_a_first_model_that_failed_is_shown_and_asked_for_again(
    parts: Parts, editor: FlaskClient
) -> None:
    editor.post("/console/start/demo")
    with parts.database.write() as session:
        for job in session.scalars(select(TrainingJob)):
            job.state, job.message = jobs.JobState.FAILED, "no base model"
    page = editor.get("/console/start").text
    assert "could not be made: no base model" in page
    assert editor.post("/console/start/model").status_code == 303
    assert len(kinds(parts)) == 4


def test_pasted_text_is_looked_at_then_imported(parts: Parts, editor: FlaskClient) -> None:
    preview = editor.post("/console/knowledge/files/preview", data={"pasted": CSV})
    assert preview.status_code == 200
    assert names(parts) == set()
    done = editor.post("/console/knowledge/files", data=hidden_fields(preview.text))
    assert "Imported" in done.text
    assert names(parts) == {"rent"}
    assert kinds(parts) == [jobs.JobKind.UNTRAINED, jobs.JobKind.TRAIN]


def test_the_page_shows_what_is_live(parts: Parts, editor: FlaskClient) -> None:
    editor.post("/console/knowledge/files", data={"pasted": CSV})
    finish_first_model(parts)
    page = editor.get("/demo").text
    assert "Fernway" not in page
    assert "rent a bike" in page or "hire a bicycle" in page
    assert "It asks back" not in page

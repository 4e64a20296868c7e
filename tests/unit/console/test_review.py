"""The review desk, as a browser without script would use it."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope
from chatbot.storage.tables import Confirmation, Intent, Query
from fakes import ANSWERED, UNCLEAR, UNKNOWN
from people import SignedIn


@pytest.fixture
def agent(signed_in: SignedIn) -> FlaskClient:
    return signed_in(Scope.AGENT, "ann")


def ask(parts: Parts, *texts: str, conversation: str | None = None) -> list[str]:
    return [parts.answerer.ask(text, conversation).query_id for text in texts]


def verdict(parts: Parts, query_id: str) -> tuple[str | None, str] | None:
    with parts.database.read() as session:
        row = session.get(Confirmation, query_id)
        return (row.intent.name if row.intent else None, row.confirmed_by) if row else None


def question(page: str) -> str:
    found = re.search(r'id="question"[^>]*>([^<]*)<', page)
    assert found, page
    return found[1]


def test_a_question_comes_with_what_helps_to_judge_it(parts: Parts, agent: FlaskClient) -> None:
    ask(parts, ANSWERED, conversation="c")
    ask(parts, UNCLEAR, conversation="c")
    page = agent.get("/console/review").text
    assert question(page) == UNCLEAR
    assert "Reset your password" in page
    assert "like “how do I reset my password?”" in page
    assert ANSWERED in page


def test_a_verdict_brings_the_next_question(parts: Parts, agent: FlaskClient) -> None:
    first, second = ask(parts, UNCLEAR, UNKNOWN)
    response = agent.post(f"/console/review/{first}/verdict", data={"intent": "vpn"})
    assert question(response.text) == UNKNOWN
    assert verdict(parts, first) == ("vpn", "ann@example.org")
    response = agent.post(f"/console/review/{second}/verdict", data={"none": "1"})
    assert "Nothing waits" in response.text
    assert verdict(parts, second) == (None, "ann@example.org")
    assert "The same words are handed over from now on" in response.text


def test_what_a_verdict_would_change_is_told_before_it_is_given(
    parts: Parts, agent: FlaskClient
) -> None:
    text = "elephants purple VPN screen"
    asked, _ = ask(parts, text, f"{text} please")
    page = agent.get(f"/console/review/{asked}/changes").text
    assert "<b>Connect to the VPN</b>: 1 of 1 like questions would be answered otherwise" in page
    assert f"{text} please" in page
    assert "hands over → asks back" in page
    assert verdict(parts, asked) is None
    assert agent.get(f"/console/review/{'f' * 32}/changes").status_code == 404


def test_one_verdict_settles_those_that_are_ticked(parts: Parts, agent: FlaskClient) -> None:
    ids = set(ask(parts, UNCLEAR, UNCLEAR.upper(), f"{UNCLEAR} thanks"))
    page = agent.get("/console/review").text
    others = set(re.findall(r'name="also" value="(\w+)"', page))
    (shown,) = ids - others
    assert len(others) == 2
    agent.post(f"/console/review/{shown}/verdict", data={"intent": "vpn", "also": list(others)})
    assert {verdict(parts, each) for each in ids} == {("vpn", "ann@example.org")}


def test_undo_brings_the_question_back(parts: Parts, agent: FlaskClient) -> None:
    (query_id,) = ask(parts, UNCLEAR)
    agent.post(f"/console/review/{query_id}/verdict", data={"intent": "vpn"})
    assert question(agent.post("/console/review/undo").text) == UNCLEAR
    assert verdict(parts, query_id) is None
    assert agent.post("/console/review/undo").status_code == 404


def test_undo_takes_back_ones_own_verdicts_only(
    parts: Parts, agent: FlaskClient, signed_in: SignedIn
) -> None:
    (query_id,) = ask(parts, UNCLEAR)
    signed_in(Scope.AGENT, "bob").post(f"/console/review/{query_id}/verdict", data={"none": "1"})
    assert agent.post("/console/review/undo").status_code == 404
    assert verdict(parts, query_id) == (None, "bob@example.org")


def test_another_agents_verdict_is_not_overwritten_unseen(
    parts: Parts, agent: FlaskClient, signed_in: SignedIn
) -> None:
    (query_id,) = ask(parts, UNCLEAR)
    agent.get("/console/review")
    signed_in(Scope.AGENT, "bob").post(f"/console/review/{query_id}/verdict", data={"none": "1"})
    response = agent.post(f"/console/review/{query_id}/verdict", data={"intent": "vpn"})
    assert "Somebody else judged it" in response.headers["HX-Trigger"]
    assert verdict(parts, query_id) == (None, "bob@example.org")


def test_a_skipped_question_makes_room_for_the_next(parts: Parts, agent: FlaskClient) -> None:
    first, _ = ask(parts, UNCLEAR, UNKNOWN)
    assert question(agent.post(f"/console/review/{first}/skip").text) == UNKNOWN


def test_a_new_faq_takes_the_question_and_its_like(parts: Parts, agent: FlaskClient) -> None:
    ids = ask(parts, "purple elephants", "more purple elephants")
    form = {"title": "Purple elephants!", "answer": "In the zoo.", "also": ids[1:]}
    assert agent.post(f"/console/review/{ids[0]}/intent", data=form).status_code == 200
    assert {verdict(parts, each) for each in ids} == {("purple-elephants", "ann@example.org")}
    parts.live.refresh()
    answered = parts.answerer.ask("Purple  elephants")
    assert answered.answer is not None
    assert answered.answer.answer == "In the zoo."


def test_a_new_faq_gets_a_name_that_is_free(parts: Parts, agent: FlaskClient) -> None:
    for text in (UNKNOWN, "green giraffes"):
        (query_id,) = ask(parts, text)
        form = {"title": "VPN", "answer": "Yes."}
        assert agent.post(f"/console/review/{query_id}/intent", data=form).status_code == 200
    with parts.database.read() as session:
        names = session.scalars(select(Intent.name).where(Intent.title == "VPN")).all()
    assert sorted(names) == ["vpn-2", "vpn-3"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"title": " ", "answer": "x"},
        {"title": "x", "answer": ""},
        {"title": "x" * 1000, "answer": "x"},
        {"title": "x\x00", "answer": "x"},
    ],
)
def test_an_unfit_faq_changes_nothing(
    parts: Parts, agent: FlaskClient, form: dict[str, str]
) -> None:
    (query_id,) = ask(parts, UNKNOWN)
    headers = {"HX-Request": "true"}
    response = agent.post(f"/console/review/{query_id}/intent", data=form, headers=headers)
    assert response.status_code == 422
    assert response.mimetype == "text/plain"
    assert verdict(parts, query_id) is None


@pytest.mark.parametrize(
    ("form", "status"),
    [({}, 400), ({"intent": ""}, 400), ({"intent": "nothing"}, 404), ({"intent": "x\x00"}, 404)],
)
def test_a_verdict_must_say_something_that_is_there(
    parts: Parts, agent: FlaskClient, form: dict[str, str], status: int
) -> None:
    (query_id,) = ask(parts, UNKNOWN)
    assert agent.post(f"/console/review/{query_id}/verdict", data=form).status_code == status
    assert verdict(parts, query_id) is None


def test_one_bad_tick_settles_nothing(parts: Parts, agent: FlaskClient) -> None:
    (query_id,) = ask(parts, UNKNOWN)
    form = {"none": "1", "also": "f" * 32}
    assert agent.post(f"/console/review/{query_id}/verdict", data=form).status_code == 404
    assert verdict(parts, query_id) is None


def test_filters_hold_also_for_what_comes_next(parts: Parts, agent: FlaskClient) -> None:
    ask(parts, UNCLEAR)
    page = agent.get("/console/review?decision=handoff").text
    assert "Nothing waits" in page
    page = agent.get("/console/review?decision=handoff'--&q=%00reset").text
    assert question(page) == UNCLEAR


def test_an_intent_is_found_by_words(parts: Parts, agent: FlaskClient) -> None:
    (query_id,) = ask(parts, UNKNOWN)
    found = agent.get(f"/console/review/{query_id}/intents?find=book").text
    assert "Book leave" in found
    assert "Get an invoice" not in found
    assert (
        "No intent has these words"
        in agent.get(f"/console/review/{query_id}/intents?find=zebra").text
    )


def test_hostile_text_stays_text(parts: Parts, agent: FlaskClient) -> None:
    hostile = "<img src=x onerror=alert(1)> {{ 7*7 }} purple"
    ask(parts, hostile)
    page = agent.get("/console/review").text
    assert "<img" not in page
    assert "49" not in page.split('id="question"')[1][:200]


def test_a_candidate_that_is_gone_cannot_be_chosen(parts: Parts, agent: FlaskClient) -> None:
    with parts.database.write() as session:
        session.add(
            Query(
                id="a" * 32,
                text="asked of an older model",
                text_key="k",
                decision="handoff",
                candidates=[{"intent": "gone", "probability": 0.4}],
                model_version=1,
                knowledge_revision=0,
                calibration="c",
            )
        )
    page = agent.get("/console/review").text
    assert "gone (gone)" in page

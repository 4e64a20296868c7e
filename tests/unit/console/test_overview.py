from chatbot.bootstrap import Parts
from chatbot.domain.matching import Decision
from chatbot.services.access.keys import Scope
from chatbot.services.releases import jobs
from chatbot.storage.database import now
from factories import add_confirmed
from fakes import ANSWERED, UNCLEAR
from people import SignedIn


def test_an_overview_of_nothing_says_what_to_do(signed_in: SignedIn) -> None:
    assert signed_in(Scope.AGENT).get("/console/").status_code == 200


def test_it_draws_what_was_asked(parts: Parts, signed_in: SignedIn) -> None:
    for text in (ANSWERED, UNCLEAR):
        parts.answerer.ask(text)
    page = signed_in(Scope.AGENT).get("/console/").text
    assert "2 questions in 30 days" in page


def test_a_gap_leads_to_its_questions_at_the_desk(parts: Parts, signed_in: SignedIn) -> None:
    agent = signed_in(Scope.AGENT)
    for text in ("purple elephants please", "purple elephants please!", UNCLEAR):
        parts.answerer.ask(text)
    page = agent.get("/console/gaps").text
    assert "purple elephants please" in page
    link = page.split("/console/review?like=")[1].split('"')[0]
    desk = agent.get(f"/console/review?like={link}").text
    assert "purple elephants please" in desk
    assert UNCLEAR not in desk
    assert agent.get(f"/console/review?like={'f' * 32}").status_code == 404


def test_a_training_that_runs_is_not_called_none(parts: Parts, signed_in: SignedIn) -> None:
    agent = signed_in(Scope.AGENT)
    assert "Nothing was trained yet" in agent.get("/console/").text
    with parts.database.write() as session:
        jobs.request(session, jobs.JobKind.TRAIN, "ann")
    page = agent.get("/console/").text
    assert "training soon" in page
    assert "Nothing was trained yet" not in page


def test_its_health_is_what_doctor_finds(parts: Parts, signed_in: SignedIn) -> None:
    page = signed_in(Scope.AGENT).get("/console/").text
    card = page.split('id="health-title"')[1]
    assert "This process serves version 1 and FAQ revision 4." in card
    assert "Answers go on, but nothing trains." in card
    assert '<code class="nowrap">chatbot up</code>' in card
    assert "`" not in card
    assert "too early" in card.split("<b>Drift</b>")[0].rsplit("<li", 1)[1]


def test_the_overview_says_how_good_the_answers_are(parts: Parts, signed_in: SignedIn) -> None:
    agent = signed_in(Scope.AGENT)
    assert "Nobody has judged a question of the random sample" in agent.get("/console/").text
    with parts.database.write() as session:
        for place in range(40):
            add_confirmed(
                session,
                "a question",
                "vpn" if place < 20 else "leave",
                decision=Decision.ANSWER.value,
                candidates=[{"intent": "vpn", "probability": 0.9}],
                sample_share=0.02,
                asked_at=now(),
            )
    page = agent.get("/console/").text
    assert "50.0%" in page
    assert "The promise is broken beyond chance" in page

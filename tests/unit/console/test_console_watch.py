import pytest

from chatbot.bootstrap import Parts
from chatbot.domain.gate import Verdict
from chatbot.domain.matching import Decision
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge import pins
from chatbot.services.monitoring import watch
from chatbot.services.releases import promotion_stop, release
from chatbot.services.releases.kinds import WatchState
from chatbot.storage.database import now
from chatbot.storage.tables import Watch
from factories import add_confirmed, add_version
from fakes import UNKNOWN
from people import SignedIn

CLEAR = "/console/models/clear-hold"


@pytest.fixture
def rolled_back(parts: Parts) -> int:
    with parts.database.write() as session:
        version = add_version(session, verdict=Verdict.PROMOTE).id
        release.promote_automatically(session, version, "better", 1)
    watch.compare_live(parts.database, parts.models, parts.settings)
    with parts.database.write() as session:
        row = session.get_one(Watch, 2)
        row.state, row.message = WatchState.ALARM, "It hands over <far> more."
    assert watch.compare_live(parts.database, parts.models, parts.settings)
    return version


def test_a_watch_is_shown_with_its_figures(parts: Parts, signed_in: SignedIn) -> None:
    with parts.database.write() as session:
        version = add_version(session).id
        release.promote(session, version, "ann", "checked")
    watch.compare_live(parts.database, parts.models, parts.settings)
    page = signed_in(Scope.AGENT).get("/console/models").text
    assert "is watched" in page
    assert "Judged wrong, in the random sample" in page
    assert "Let nights promote again" not in page


def test_an_admin_sees_why_it_was_rolled_back_and_clears_the_hold(
    parts: Parts, signed_in: SignedIn, rolled_back: int
) -> None:
    admin = signed_in(Scope.ADMIN)
    assert "It hands over &lt;far&gt; more." in admin.get("/console/models").text
    assert "clear the hold" in admin.get("/console/").text
    assert admin.post(CLEAR, data={"reason": ""}).status_code == 422
    answer = admin.post(CLEAR, data={"reason": "the FAQ was half imported"})
    assert f"Version {rolled_back} stays withdrawn" in answer.text
    assert admin.post(CLEAR, data={"reason": "once more"}).status_code == 409
    with parts.database.read() as session:
        assert promotion_stop.find_stop(session) is None


@pytest.mark.usefixtures("rolled_back")
def test_an_editor_sees_the_hold_but_may_not_clear_it(signed_in: SignedIn) -> None:
    editor = signed_in(Scope.EDITOR)
    page = editor.get("/console/models").text
    assert "no night promotes anything" in page
    assert "Let nights promote again" not in page
    assert editor.post(CLEAR, data={"reason": "I say so"}).status_code == 403


def test_pins_that_the_live_model_breaks_are_named(parts: Parts, signed_in: SignedIn) -> None:
    with parts.database.write() as session:
        pins.add_pin(session, "ann", UNKNOWN, "vpn")
    page = signed_in(Scope.AGENT).get("/console/models").text
    assert "Broken pins" in page
    assert UNKNOWN in page


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

import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.domain.gate import Verdict
from chatbot.domain.matching import Decision
from chatbot.services.monitoring import monitor, watch
from chatbot.services.releases import release
from chatbot.services.releases.kinds import WatchState
from chatbot.storage.database import now
from chatbot.storage.tables import Watch
from factories import add_confirmed, add_version

Headers = dict[str, str]
VPN = [{"intent": "vpn", "probability": 0.9}]


@pytest.fixture
def rolled_back(parts: Parts) -> int:
    """A version that a night promoted and that the watch took back."""
    with parts.database.write() as session:
        version = add_version(session, verdict=Verdict.PROMOTE).id
        release.promote_automatically(session, version, "better", 1)
    watch.compare_live(parts.database, parts.models, parts.settings)
    with parts.database.write() as session:
        row = session.get_one(Watch, 2)
        row.state, row.message = WatchState.ALARM, f"Version {version} does worse with visitors."
    assert watch.compare_live(parts.database, parts.models, parts.settings)
    return version


def judge(parts: Parts, right: int, wrong: int) -> None:
    with parts.database.write() as session:
        for place in range(right + wrong):
            add_confirmed(
                session,
                "a question",
                "vpn" if place < right else "leave",
                decision=Decision.ANSWER.value,
                candidates=VPN,
                sample_share=0.02,
                asked_at=now(),
            )


def test_metrics_show_the_same_and_are_not_read_at_each_scrape(
    client: FlaskClient,
    agent: Headers,
    parts: Parts,
    rolled_back: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def scrape() -> list[str]:
        return client.get("/metrics", headers=agent).text.splitlines()

    judge(parts, right=18, wrong=2)
    first = scrape()
    assert 'chatbot_sample_questions{state="judged"} 20.0' in first
    assert 'chatbot_sample_right_share{bound="value"} 0.9' in first
    assert 'chatbot_sample_wrong_answer_share{bound="promised"} 0.1' in first
    assert 'chatbot_alarm{kind="hold"} 1.0' in first
    assert 'chatbot_alarm{kind="drift"} 0.0' in first
    assert sum(line.startswith("chatbot_decisions_total") for line in first) >= 0
    judge(parts, right=20, wrong=0)
    assert 'chatbot_sample_questions{state="judged"} 20.0' in scrape()
    monkeypatch.setattr(monitor, "FRESH_SECONDS", 0.0)
    assert 'chatbot_sample_questions{state="judged"} 40.0' in scrape()


@pytest.mark.usefixtures("rolled_back")
def test_metrics_survive_a_silent_database(
    client: FlaskClient, agent: Headers, request: pytest.FixtureRequest
) -> None:
    assert client.get("/metrics", headers=agent).status_code == 200
    request.getfixturevalue("broken_database")
    assert client.get("/metrics", headers=agent).status_code == 200

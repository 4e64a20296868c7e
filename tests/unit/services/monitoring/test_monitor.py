import pytest
from flask.testing import FlaskClient

from chatbot.bootstrap import Parts
from chatbot.services.monitoring import monitor
from watches import judge_sample

Headers = dict[str, str]


def test_metrics_show_the_same_and_are_not_read_at_each_scrape(
    client: FlaskClient,
    agent: Headers,
    parts: Parts,
    rolled_back: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def scrape() -> list[str]:
        return client.get("/metrics", headers=agent).text.splitlines()

    judge_sample(parts, right=18, wrong=2)
    first = scrape()
    assert 'chatbot_sample_questions{state="judged"} 20.0' in first
    assert 'chatbot_sample_right_share{bound="value"} 0.9' in first
    assert 'chatbot_sample_wrong_answer_share{bound="promised"} 0.1' in first
    assert 'chatbot_alarm{kind="hold"} 1.0' in first
    assert 'chatbot_alarm{kind="drift"} 0.0' in first
    assert sum(line.startswith("chatbot_decisions_total") for line in first) >= 0
    judge_sample(parts, right=20, wrong=0)
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

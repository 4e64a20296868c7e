"""A promoted version that hands over too much is taken back by the scheduled watch, and held."""

from datetime import timedelta
from pathlib import Path

import pytest

from chatbot.bootstrap import build
from chatbot.domain.gate import Verdict
from chatbot.domain.matching import Decision
from chatbot.services.releases import release
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from factories import add_query
from installation import clean_environment, running, teach
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FAQ = """text,intent,answer
where can I park?,parking,Behind the house.
is there a garage?,parking,
when is lunch?,lunch,At noon.
what is for lunch?,lunch,
"""
WIFI = "text,intent,answer\nthe wifi is slow,wifi,Sit nearer.\nno wifi here,wifi,\n"


def test_a_bad_promotion_is_rolled_back_within_a_minute(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    environment = clean_environment(folder, watch_least=100, web_processes=2)
    for name, text in (("faq.csv", FAQ), ("wifi.csv", WIFI)):
        (tmp_path / name).write_text(text)
        teach(environment, tmp_path / name)
    database = build(Settings(data_dir=folder)).database
    try:
        with running(folder, environment) as bot:
            assert bot.live_version() == 2
            ask_in_the_past(database, version=2, handed_over=30, count=300)
            promote_as_a_night_does(database, version=1)
            bot.wait_for_all_processes(version=1, count=2)
            for number in range(110):
                assert bot.ask(f"purple elephant {number}")["decision"] == "handoff"

            wait_until(lambda: bot.live_version() == 2, "the rollback", seconds=180)
            bot.wait_for_all_processes(version=2, count=2)
            found = bot.ok("GET", "/v1/monitoring")
            assert found["hold"]["version"] == 1
            assert found["hold"]["message"].startswith("Version 1 does worse with visitors: ")
            assert bot.ok("GET", "/v1/releases")["items"][0]["by"] == "watch"
            bot.ok("POST", "/v1/admin/clear-hold", {"reason": "a rehearsal"})
            assert bot.ok("GET", "/v1/monitoring")["hold"] is None
    finally:
        database.close()


def ask_in_the_past(database: Database, version: int, handed_over: int, count: int) -> None:
    with database.write() as session:
        for place in range(count):
            decision = Decision.HANDOFF if place < handed_over else Decision.ANSWER
            moment = now() - timedelta(hours=1)
            add_query(session, model_version=version, decision=decision.value, asked_at=moment)


def promote_as_a_night_does(database: Database, version: int) -> None:
    with database.write() as session:
        release.get_version(session, version).verdict = Verdict.PROMOTE
        pointer = release.read_pointer(session)
        assert pointer is not None
        release.promote_automatically(session, version, "proved better", pointer.generation)

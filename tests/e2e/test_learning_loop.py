"""The whole loop on real parts: encoder, trainer, broker, worker and web processes.

A company's staff call things by code names that no encoder has ever seen. The bot fails on them
until agents confirm questions with them; it obeys at once, and a nightly training learns from them.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from code_names import CODE_NAMES, PHRASINGS
from installation import Installation, clean_environment, command, running, teach
from waiting import wait_until

FAQ = Path(__file__).parents[2] / "faq_data"
TOPICS = ("account", "apps", "billing", "it-devices", "it-network")
WEB_PROCESSES = 2
TRAINING_SECONDS = 900


@pytest.mark.timeout(2 * TRAINING_SECONDS)
def test_the_bot_learns_what_agents_confirm_and_one_call_takes_the_version_back(
    tmp_path: Path,
) -> None:
    environment = clean_environment(
        tmp_path, web_processes=WEB_PROCESSES, epochs=2, poll_seconds=1, retrain_at="03:33"
    )
    teach(environment, copy_topics(tmp_path / "faq"))
    with running(tmp_path, environment) as bot:
        first = bot.live_version()
        assert fails_on_code_names(bot)

        confirm_code_names(bot)
        wait_until(lambda: knows_code_names(bot), "that it knows what it was told", pause=0.2)
        job = bot.train(TRAINING_SECONDS)

        learnt = job["version"]
        report = bot.ok("GET", f"/v1/models/{learnt}/report")
        assert report["verdict"] == "promote", report["reasons"]
        bot.wait_for_all_processes(learnt, WEB_PROCESSES)
        assert knows_code_names(bot)

        bot.ok("POST", "/v1/intents", ADDED_FAQ)
        release = bot.ok("POST", "/v1/admin/rollback", {"reason": "rehearsal"})
        assert release["to_version"] == first
        bot.wait_for_all_processes(first, WEB_PROCESSES)
        assert knows_code_names(bot), "what agents confirmed is no part of a version"
        assert bot.ask(ADDED_FAQ["utterances"][0])["answer"]["intent"] == ADDED_FAQ["name"]

        bot.ok("DELETE", f"/v1/intents/{ADDED_FAQ['name']}")
        assert bot.train(TRAINING_SECONDS)["state"] == "skipped"
        assert bot.live_version() == first, "a rolled-back version came back by itself"

        bot.ok("POST", "/v1/admin/promote", {"version": learnt, "reason": "the rehearsal is over"})
        bot.wait_for_all_processes(learnt, WEB_PROCESSES)
        assert knows_code_names(bot)

    worse = retrain(environment | HASTY)
    assert live(worse) == learnt
    assert worse[0]["verdict"] != "promote"


def copy_topics(folder: Path) -> Path:
    """Copy half of the shipped FAQ: what has a code name, and its rivals."""
    for part in ("intents", "held_out"):
        (folder / part).mkdir(parents=True)
        for topic in TOPICS:
            shutil.copy(FAQ / part / f"{topic}.yaml", folder / part)
    return folder


# A candidate that is worse is made in a quarter of the time.
HASTY = {
    "CHATBOT_LEARNING_RATE": "0.003",
    "CHATBOT_BATCH_SIZE": "16",
    "CHATBOT_EPOCHS": "1",
}
ADDED_FAQ = {
    "name": "book-parking",
    "title": "Book a parking space",
    "answer": "Use the **Parking** tile in the intranet.",
    "utterances": ["where can I leave my car at the office", "where do our guests park"],
}


def confirm_code_names(bot: Installation) -> None:
    for intent, name in CODE_NAMES.items():
        for phrasing in PHRASINGS:
            query_id = bot.ask(phrasing.format(name))["query_id"]
            bot.ok("PUT", f"/v1/queries/{query_id}/confirmation", {"intent": intent})


def fails_on_code_names(bot: Installation) -> bool:
    """No question with a code name is answered rightly."""
    return all(answered_intent(bot, f"trouble with {n} here") != i for i, n in CODE_NAMES.items())


def knows_code_names(bot: Installation) -> bool:
    """Questions that nobody confirmed are answered rightly, whichever process answers."""
    names = [(intent, name) for intent, name in CODE_NAMES.items() for _ in range(4)]
    right = [answered_intent(bot, f"trouble with {name} here") == intent for intent, name in names]
    return sum(right) >= 0.8 * len(right)


def answered_intent(bot: Installation, text: str) -> str | None:
    answer = bot.ask(text)["answer"]
    return answer["intent"] if answer else None


def retrain(environment: dict[str, str]) -> list[dict[str, Any]]:
    """`chatbot retrain --wait --force` without a server; all versions then, newest first."""
    command(environment, "retrain", "--wait", "--force")
    versions: list[dict[str, Any]] = json.loads(command(environment, "models", "--json"))
    return versions


def live(versions: list[dict[str, Any]]) -> int:
    (version,) = (v["version"] for v in versions if v["state"] == "live")
    return int(version)

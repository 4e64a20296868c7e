"""An agent's word counts in all web processes within seconds, without a training."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatbot.bootstrap import Parts
from chatbot.services.access.keys import Scope, create_key
from chatbot.supervise import choose_port
from installation import Installation
from waiting import wait_until

NAMED = ["Zarnfeld?", "trouble with Zarnfeld here", "who can help me with Zarnfeld", "Zarnfeld!!"]


@contextmanager
def serving(data: Path) -> Iterator[int]:
    port = choose_port("127.0.0.1", 0)
    variables = {
        "CHATBOT_DATA_DIR": str(data),
        "CHATBOT_PORT": str(port),
        "CHATBOT_WEB_PROCESSES": "1",
    }
    command = [sys.executable, "-m", "chatbot.web"]
    with subprocess.Popen(command, env=os.environ | variables) as server:
        try:
            yield port
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def processes(untrained: Parts) -> Iterator[list[Installation]]:
    """Two web processes, each at a port of its own, as two agents use them."""
    with untrained.database.write() as session:
        secrets = [create_key(session, "test", name, Scope.AGENT)[1] for name in ("ann", "bob")]
    with ExitStack() as stack:
        ports = [
            stack.enter_context(serving(untrained.settings.data_dir)) for _ in range(len(secrets))
        ]
        both = [Installation(*each) for each in zip(ports, secrets, strict=True)]
        for each in both:
            wait_until(partial(is_ready, each), "the start of a process")
        yield both


def is_ready(process: Installation) -> bool:
    try:
        return process.call("GET", "/readyz")[0] == 200
    except OSError:
        return False


def is_settled(reply: dict[str, Any]) -> bool:
    """Whether nothing but the agent's word, and no candidate beside it, is in the reply."""
    candidates = [(c["intent"], c["probability"]) for c in reply["candidates"]]
    return candidates == ([(answered(reply), 1.0)] if reply["answer"] else [])


def answered(reply: dict[str, Any]) -> str | None:
    """The intent, or None where it is not answered."""
    return str(reply["answer"]["intent"]) if reply["answer"] else None


def wait_for_all(processes: list[Installation], is_so: Callable[[Installation], bool]) -> None:
    wait_until(lambda: all(map(is_so, processes)), "that all processes know it")


def forgets(text: str, process: Installation) -> bool:
    return not is_settled(process.ask(text))


def test_the_same_words_obey_in_all_processes(processes: list[Installation]) -> None:
    for number, said in enumerate(["vpn-connect", None, "get-invoice", None]):
        process, text = processes[number % 2], f"gallop the marmalade {number} times"
        path = f"/v1/queries/{process.ask(text)['query_id']}/confirmation"
        written = process.ok("PUT", path, {"intent": said})["confirmation"]
        assert "The same words are" in written["note"]

        def obeys(each: Installation, text: str = text, said: str | None = said) -> bool:
            reply = each.ask(text.upper())
            return is_settled(reply) and answered(reply) == said

        wait_for_all(processes, obeys)
        process.ok("DELETE", path)
        wait_for_all(processes, partial(forgets, text))


def test_three_verdicts_on_a_new_name_answer_its_other_questions(
    processes: list[Installation],
) -> None:
    ann = processes[0]
    assert all(ann.ask(text)["decision"] != "answer" for text in NAMED)
    for text in ("our Zarnfeld is down", "how do I get Zarnfeld", "Zarnfeld lets nobody in"):
        path = f"/v1/queries/{ann.ask(text)['query_id']}/confirmation"
        written = ann.ok("PUT", path, {"intent": "vpn-connect"})["confirmation"]
        assert written["effect"] == "counts"

    def knows(process: Installation) -> bool:
        replies = [process.ask(text) for text in NAMED]
        right: list[bool] = [
            r["decision"] == "answer" and answered(r) == "vpn-connect" for r in replies
        ]
        return sum(right) >= 3

    wait_for_all(processes, knows)

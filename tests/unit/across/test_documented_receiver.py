"""The receiver in the documentation accepts what we send, and nothing else."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chatbot import outbound
from chatbot.domain.signing import new_secret, sign
from waiting import wait_until

PAGE = Path(__file__).parents[3] / "docs" / "integrations.md"
SECRET, BODY = new_secret(), '{"type": "model.promoted", "data": {"reason": "„besser“"}}'.encode()


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-c", code[1]], env=os.environ | given, stderr=subprocess.DEVNULL
    ) as process:
        wait_until(lambda: listens(port), "its start")
        yield f"http://127.0.0.1:{port}/hook"
        process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def send(url: str, keys: list[str], age: timedelta = timedelta(), **changes: str) -> int:
    timestamp = int(time.time() - age.total_seconds())
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(keys, "evt_1", timestamp, BODY),
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return outbound.post(url, headers, BODY, private_networks=True)


def test_what_we_sign_is_genuine_also_during_a_rotation(receiver: str) -> None:
    assert send(receiver, [SECRET]) == 204
    assert send(receiver, [new_secret(), SECRET]) == 204


def test_all_else_is_refused(receiver: str) -> None:
    assert send(receiver, [new_secret()]) == 401
    assert send(receiver, [SECRET], timedelta(minutes=6)) == 401
    assert send(receiver, [SECRET], webhook_id="evt_2") == 401
    assert send(receiver, [SECRET], webhook_timestamp="soon") == 401
    assert send(receiver, [SECRET], webhook_signature="") == 401

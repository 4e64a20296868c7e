"""README's commands from a clean start, exactly as printed, end as README says.

Only what a reader must fill in is filled in: the keys that `chatbot up` prints, the port, the id of
a question, and files of one's own. `chatbot up --demo` is what `make run ARGS=--demo` calls once it
has installed.
"""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from installation import CHATBOT, REPOSITORY, clean_environment, free_port
from readme import README, Shell, Step, compare, printed_json, read_steps
from waiting import PATIENCE, wait_until

START_SECONDS = 600
JOB_SECONDS = 2400
UNFINISHED = {"queued", "running"}
FILES = {
    "my_faq.csv": (
        "text,intent,answer\n"
        "where can I park my car?,car-park,The car park is behind the house.\n"
        "is there a garage for visitors,car-park,\n"
        "when does the canteen open?,canteen-hours,From 11.30 am to 2 pm.\n"
        "canteen opening times,canteen-hours,\n"
    ),
    "pairs.csv": (
        "text_a,text_b,score\n"
        "where can I park my car?,is there a garage for visitors,1\n"
        "where can I park my car?,when does the canteen open?,0\n"
    ),
    "labelled.csv": (
        "text,intent\n"
        "somebody else is in my parking space,car-park\n"
        "can I still get lunch at two,canteen-hours\n"
        "how tall is the Eiffel tower,out_of_scope\n"
    ),
}
QUERY_ID = re.compile(r"\b[0-9a-f]{32}\b")

pytestmark = pytest.mark.slow


@pytest.mark.timeout(START_SECONDS + 2 * JOB_SECONDS)
def test_readme_s_commands_end_as_printed(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    port = free_port()
    environment = clean_environment(tmp_path / "var", port=port)
    with up(tmp_path, environment) as keys, opened(tmp_path, environment) as shell:
        reader = Reader(shell, keys, port)
        for step in read_steps(README.read_text(encoding="utf-8")):
            reader.follow(step)
    assert not reader.surprises, "\n".join(reader.surprises)


class Reader:
    """Types README's commands, with what a reader fills in, and notes what ends otherwise."""

    def __init__(self, shell: Shell, keys: dict[str, str], port: int) -> None:
        self.shell, self.keys, self.port = shell, keys, port
        self.surprises: list[str] = []
        self._query_id = "QUERY_ID"

    def follow(self, step: Step) -> None:
        printed = [reply for command in step.commands for reply in self._type(command, step)]
        if len(printed) < len(step.shown):
            self._note(step.commands[-1], f"prints {len(printed)} replies, not {len(step.shown)}")
        for shown, reply in zip(step.shown, printed, strict=False):
            for difference in compare(shown, reply):
                self._note(step.commands[0], difference)

    def _type(self, command: str, step: Step) -> list[dict[str, Any]]:
        """A job that README shows as ended is asked for until it ends, as README says."""
        replies = self._run(command)
        deadline = time.monotonic() + JOB_SECONDS
        ends = any("state" in shown for shown in step.shown)
        while ends and any(reply.get("state") in UNFINISHED for reply in replies):
            assert time.monotonic() < deadline, f"{command}: {replies}"
            time.sleep(2)
            replies = self._run(command)
        return replies

    def _run(self, command: str) -> list[dict[str, Any]]:
        status, lines = self.shell.run(self._filled_in(command))
        if status:
            self._note(command, f"ends with status {status}: {' '.join(lines[-5:])}")
        if known := QUERY_ID.findall("\n".join(lines)):
            self._query_id = known[0]
        replies = printed_json(lines)
        for reply in replies:
            if isinstance(reply.get("status"), int) and reply["status"] >= 400:
                self._note(command, f"is refused: {reply}")
        return replies

    def _filled_in(self, command: str) -> str:
        for name, secret in self.keys.items():
            command = command.replace(f"{name}=cb_…", f"{name}={secret}")
        assert "cb_…" not in command, f"`chatbot up` printed no key for: {command}"
        command = command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        return command.replace("QUERY_ID", self._query_id)

    def _note(self, command: str, what: str) -> None:
        self.surprises.append(f"{command.splitlines()[0]}\n    {what}")


@contextmanager
def up(folder: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """`chatbot up` on an empty data folder until it says that it is ready; the keys it prints."""
    log = folder / "up.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [CHATBOT, "up", "--demo"],
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=output,
        )

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        return "Ready:" in log.read_text()

    try:
        wait_until(is_ready, "its start", START_SECONDS)
        yield dict(re.findall(r"^ *(\w+_KEY)=(cb_\S+)$", log.read_text(), re.MULTILINE))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


@contextmanager
def opened(folder: Path, environment: dict[str, str]) -> Iterator[Shell]:
    """A shell in a folder that has what a checkout has, and a reader's own files."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for entry in REPOSITORY.iterdir():
        if not entry.name.startswith(".") and entry.name != "var":
            (checkout / entry.name).symlink_to(entry)
    (checkout / ".venv").symlink_to(sys.prefix)
    for name, content in FILES.items():
        (checkout / name).write_text(content)
    shell = Shell(checkout, environment)
    try:
        yield shell
    finally:
        shell.close()

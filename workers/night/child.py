"""Run the trainer in its own process: whatever happens to it, this one lives to report it."""

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chatbot.errors import TrainingFailed

_REPORT_SECONDS = 0.5
_LOG_TAIL = 2000

logger = logging.getLogger(__name__)

Progress = Callable[[str, float, str], None]


def run_trainer(
    folder: Path, minutes: float, progress: Progress, stop: threading.Event
) -> dict[str, Any]:
    """Train as `folder/spec.json` says, and return the content of `folder/out/training.json`.

    `progress` hears (step, share done, message). Setting `stop` ends the child.
    Raises TrainingFailed with the trainer's own words, or the end of its log.
    """
    with (
        (folder / "trainer.log").open("w+") as log,
        subprocess.Popen(
            [sys.executable, "-m", "workers.training.train_process", str(folder)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as child,
    ):
        threading.Thread(target=_end_when, args=(child, stop, minutes), daemon=True).start()
        error = _follow(child, progress)
        if child.wait() != 0:
            log.seek(0)
            tail = log.read()[-_LOG_TAIL:]
            logger.error(
                "the trainer ended with %s; the end of its log:\n%s", child.returncode, tail
            )
            raise TrainingFailed(error or _explain(child.returncode, tail))
    training: dict[str, Any] = json.loads((folder / "out" / "training.json").read_text())
    return training


def _follow(child: "subprocess.Popen[str]", progress: Progress) -> str | None:
    """Pass the child's lines on, not more often than someone can read them."""
    assert child.stdout is not None
    error, step, told_at = None, "", 0.0
    for line in child.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        error = said.get("error", error)
        if "step" in said and (
            said["step"] != step or time.monotonic() - told_at > _REPORT_SECONDS
        ):
            step, told_at = said["step"], time.monotonic()
            progress(step, said["progress"], said["message"])
    return error


def _end_when(child: "subprocess.Popen[str]", stop: threading.Event, minutes: float) -> None:
    deadline = time.monotonic() + minutes * 60
    while child.poll() is None:
        if stop.wait(0.2) or time.monotonic() > deadline:
            child.kill()
            return


def _explain(code: int, tail: str) -> str:
    if code < 0:
        return f"The trainer was ended by {signal.Signals(-code).name}: out of memory, or too slow."
    return f"The trainer stopped with exit code {code}: {tail.strip()}"

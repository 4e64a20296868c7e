import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import select

import chatbot.cli.context
import chatbot.cli.jobs
from chatbot.services.releases import processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.storage.tables import TrainingJob
from shell import Run, opened


class TestRetrain:
    def test_only_queues_and_says_that_no_worker_runs(self, run_filled: Run) -> None:
        result = run_filled("retrain")
        assert result.stdout == "Job 1 is queued.\n"
        assert "No worker runs" in result.stderr

    def test_says_that_a_worker_will_take_it(self, run_filled: Run, folder: Path) -> None:
        with opened(folder).database.write() as session:
            processes.beat(session, processes.Identity(ProcessKind.WORKER))
        assert "A worker takes it" in run_filled("retrain").stderr

    def test_a_killed_worker_does_not_count(self, run_filled: Run, folder: Path) -> None:
        with opened(folder).database.write() as session:
            processes.beat(session, processes.Identity(ProcessKind.WORKER, pid=2**22 + 1))
        assert "No worker runs" in run_filled("retrain").stderr

    def test_waits_for_a_trainer_of_its_own(
        self, run_filled: Run, fake_trainer: Callable[[str], None]
    ) -> None:
        fake_trainer("")
        result = run_filled("retrain", "--wait")
        assert result.exit_code == 0
        assert result.stdout == "Version 2 is live.\n"
        assert "chatbot report 2" in result.stderr

    def test_a_failed_job_is_exit_code_1_with_its_reason(
        self, run_filled: Run, fake_trainer: Callable[[str], None]
    ) -> None:
        fake_trainer(
            "with parts.database.write() as session:\n"
            "    jobs.finish(session, lease, jobs.JobState.FAILED, 'no memory')\n"
            "raise SystemExit"
        )
        result = run_filled("retrain", "--wait")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "Error: Job 1 failed: no memory" in result.stderr

    def test_a_trainer_that_cannot_start_is_shown_with_the_end_of_its_log(
        self, run_filled: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = (sys.executable, "-c", "raise ImportError('no torch here')")
        monkeypatch.setattr(chatbot.cli.jobs, "_TRAINER", broken)
        monkeypatch.setattr(chatbot.cli.jobs, "_PATIENCE_SECONDS", 0.5)
        result = run_filled("retrain", "--wait")
        assert result.exit_code == 1
        assert "ImportError: no torch here" in result.stderr

    def test_control_c_ends_its_own_trainer_and_keeps_the_job(
        self,
        run_filled: Run,
        folder: Path,
        fake_trainer: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        fake_trainer("time.sleep(60)")
        monkeypatch.setattr(chatbot.cli.jobs, "_progress", _InterruptedAt("fit"))
        result = run_filled("retrain", "--wait")
        assert result.exit_code == 130
        assert "Stopped the training. Job 1 stays open" in result.stderr
        with opened(folder).database.read() as session:
            assert session.scalars(select(TrainingJob.state)).all() == ["running"]


class _InterruptedAt:
    """A progress bar that presses Ctrl-C when the job reaches a step."""

    def __init__(self, step: str) -> None:
        self._step = step

    def __call__(self) -> "_InterruptedAt":
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, step: str, done: float, message: str) -> None:
        if step == self._step:
            raise KeyboardInterrupt

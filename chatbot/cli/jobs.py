"""Ask for a training job and watch it; where no worker runs, run it in a child of this command."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chatbot.bootstrap import Parts
from chatbot.cli.context import Context, remark, remarks
from chatbot.errors import TrainingFailed
from chatbot.services.releases import jobs, processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.services.releases.release import read_pointer
from chatbot.storage.tables import TrainingJob
from chatbot.supervise import end, read_end, spawn

_LOOK_SECONDS = 0.3
_PATIENCE_SECONDS = 5.0  # between two looks whether anyone works at all
_TRAINER = (sys.executable, "-m", "workers.night.run_jobs")


def ensure_model(context: Context) -> bool:
    """Make the untrained version if there is none at all, and show it. Was there none?"""
    with context.parts.database.read() as session:
        exists = read_pointer(session) is not None
    if not exists:
        remark("There is no model yet: making the first one from the FAQ.")
        job = run_job_here(context, jobs.JobKind.UNTRAINED)
        if job.state == jobs.JobState.FAILED:
            raise TrainingFailed(f"The first model could not be made: {job.message}")
    return not exists


def request_job(context: Context, kind: jobs.JobKind, force: bool = False) -> int:
    with context.parts.database.write() as session:
        return jobs.request(session, kind, context.actor, force=force).id


def run_job_here(context: Context, kind: jobs.JobKind, force: bool = False) -> TrainingJob:
    """Request a job and wait, with a progress bar, until some worker has finished it.

    Raises TrainingFailed if the child that it started died without finishing the job.
    """
    job_id = request_job(context, kind, force)
    watch = _Watch(context, job_id)
    try:
        with _progress() as bar:
            return watch.until_finished(bar)
    except KeyboardInterrupt:
        remark(watch.interrupt())
        raise click.exceptions.Exit(130) from None
    finally:
        watch.end_child()


def worker_lives(parts: Parts) -> bool:
    """Return whether some worker process takes jobs; one of this host must also exist."""
    with parts.database.read() as session:
        return any(
            _exists(row.host, row.pid) for row in processes.list_alive(session, ProcessKind.WORKER)
        )


def _exists(host: str, pid: int) -> bool:
    """A worker that was just killed still looks alive in its row for a minute."""
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Bar(Protocol):
    def update(self, step: str, done: float, message: str) -> None: ...


class _Watch:
    """Follows one job row, and owns the child that works it off where no worker does."""

    def __init__(self, context: Context, job_id: int) -> None:
        self._context, self._parts, self._job_id = context, context.parts, job_id
        self._child: subprocess.Popen[bytes] | None = None
        self._log = context.settings.data_dir / "logs" / "trainer.log"
        self._next_look = 0.0

    def until_finished(self, bar: _Bar) -> TrainingJob:
        while True:
            with self._parts.database.read() as session:
                job = jobs.get_job(session, self._job_id)
                is_abandoned = job.state == jobs.JobState.QUEUED or (
                    job.lease_until is not None
                    and job.lease_until < self._parts.database.clock(session)
                )
            if job.state not in jobs.OPEN:
                bar.update(job.state, 1.0, "")
                return job
            bar.update(job.step or "waiting for a worker", job.progress, job.message)
            if is_abandoned and time.monotonic() >= self._next_look:
                self._see_that_someone_works()
            time.sleep(_LOOK_SECONDS)

    def _see_that_someone_works(self) -> None:
        self._next_look = time.monotonic() + _PATIENCE_SECONDS
        if self._child is not None and self._child.poll() is None:
            return
        if self._child is not None and self._child.returncode != 0:
            raise TrainingFailed(
                f"The trainer stopped with exit code {self._child.returncode}. "
                f"{self._log} ends with:\n{read_end(self._log, 20)}"
            )
        if not worker_lives(self._parts):
            self._log.parent.mkdir(mode=0o700, exist_ok=True)
            with self._log.open("ab" if self._child else "wb") as log:
                self._child = spawn(_TRAINER, self._context.environment, log)

    def interrupt(self) -> str:
        if self._child is None or self._child.poll() is not None:
            return f"Job {self._job_id} goes on in its worker."
        self.end_child()
        return (
            f"Stopped the training. Job {self._job_id} stays open: the next worker, or `chatbot "
            "retrain --wait`, starts it again once its lease ends "
            f"({self._parts.settings.lease_seconds:g} s)."
        )

    def end_child(self) -> None:
        if self._child is not None:
            end(self._child, seconds=5)


@contextmanager
def _progress() -> Iterator[_Bar]:
    if not remarks.is_terminal:
        yield _Lines()
        return
    columns = (
        TextColumn("{task.fields[step]:<22}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=remarks) as progress:
        yield _RichBar(progress)


class _RichBar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=1.0, step="")

    def update(self, step: str, done: float, message: str) -> None:
        self._progress.update(self._task, completed=done, step=step, description=message)


class _Lines:
    """The progress of a job for a log file: one line for each step."""

    def __init__(self) -> None:
        self._step = ""

    def update(self, step: str, done: float, message: str) -> None:
        if step != self._step:
            self._step = step
            remark(f"{step} {message}".rstrip())

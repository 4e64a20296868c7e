"""Real processes with a stand-in for the trainer, found by the same name."""

import json
import threading
from pathlib import Path

import pytest

from chatbot.errors import TrainingFailed
from workers.night.child import run_trainer

Heard = list[tuple[str, float, str]]
SAYS = """
import json, os, signal, sys, threading
from pathlib import Path

folder = Path(sys.argv[1])

def say(**told):
    print(json.dumps(told), flush=True)
"""
WRITES = """
(folder / "out").mkdir()
(folder / "out" / "training.json").write_text(json.dumps({"seconds": 7}))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Children find `workers.training.train_process` there, and nothing else of workers."""
    package = tmp_path / "stand_in" / "workers" / "training"
    package.mkdir(parents=True)
    for place in (package.parent, package):
        (place / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stand_in"))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    job = tmp_path / "job"
    job.mkdir()
    return job


def run(folder: Path, program: str, stop: threading.Event | None = None) -> tuple[object, Heard]:
    script = folder.parent / "stand_in" / "workers" / "training" / "train_process.py"
    script.write_text(SAYS + program)
    heard: Heard = []
    done = run_trainer(folder, 10, lambda *told: heard.append(told), stop or threading.Event())
    return done, heard


def test_what_it_wrote_is_returned_and_its_steps_are_heard(folder: Path) -> None:
    steps = 'say(step="fit", progress=0.5, message="half")\nsay(step="export", progress=1, message="")\n'
    done, heard = run(folder, steps + WRITES)
    assert done == {"seconds": 7}
    assert heard == [("fit", 0.5, "half"), ("export", 1, "")]


def test_what_is_not_for_us_is_left_in_peace(folder: Path) -> None:
    done, heard = run(folder, 'print("a library says hello", flush=True)\n' + WRITES)
    assert (done, heard) == ({"seconds": 7}, [])


def test_a_failure_comes_in_the_trainers_own_words(folder: Path) -> None:
    with pytest.raises(TrainingFailed, match="^too few rows$"):
        run(folder, 'say(error="too few rows")\nraise SystemExit(1)')


def test_without_words_the_end_of_its_log_must_do(folder: Path) -> None:
    with pytest.raises(TrainingFailed, match="exit code 1: .*no torch here"):
        run(folder, 'raise SystemExit("no torch here")')


def test_one_that_is_killed_is_told_by_the_signal(folder: Path) -> None:
    with pytest.raises(TrainingFailed, match="ended by SIGKILL: out of memory"):
        run(folder, "os.kill(os.getpid(), signal.SIGKILL)")


def test_it_ends_when_its_job_does(folder: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(TrainingFailed, match="SIGKILL"):
        run(folder, "threading.Event().wait()", stop)


def test_its_log_is_kept_beside_its_spec(folder: Path) -> None:
    run(folder, 'print("loading", file=sys.stderr)\n' + WRITES)
    assert "loading" in (folder / "trainer.log").read_text()
    assert json.loads((folder / "out" / "training.json").read_text()) == {"seconds": 7}

"""Each command through click's runner, on a data folder of its own, with the fake encoder."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import chatbot.cli.context
import chatbot.cli.jobs
from chatbot.bootstrap import Parts, build
from chatbot.cli import main
from chatbot.settings import Settings
from fakes import ANSWERED, KNOWN, UNCLEAR, UNKNOWN, with_fake_models
from shell import CSV, Run

TRAINER = """
import time
from chatbot.bootstrap import build
from chatbot.domain.gate import Verdict
from chatbot.services.releases import jobs, release
from chatbot.settings import Settings
from fakes import add_version

parts = build(Settings.from_env())
lease = jobs.claim(parts.database, "fake", 60)
jobs.report(parts.database, lease, "fit", 0.5, "half way")
{then}
with parts.database.write() as session:
    pointer = release.read_pointer(session)
    version = add_version(session, "f")
    generation = pointer.generation if pointer else 0
    release.install_untrained(session, version, "made by the fake", generation)
    jobs.finish(session, lease, jobs.JobState.DONE, f"Version {{version}} is live.", version)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on an empty folder; `real` opens real artefacts; `typed` is what
    somebody types."""
    made: list[Parts] = []

    def invoke(*arguments: str, real: bool = False, typed: str | None = None) -> Result:
        def build_with_fakes(settings: Settings) -> Parts:
            made.append(build(settings) if real else with_fake_models(build(settings)))
            return made[-1]

        monkeypatch.setattr(chatbot.cli.context, "build", build_with_fakes)
        result = CliRunner().invoke(main, ["--data-dir", str(folder), *arguments], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


@pytest.fixture
def run_filled(run: Run, folder: Path, template: Path) -> Run:
    """The FAQ of `fakes`, and version 1 live."""
    shutil.copytree(template, folder)
    return run


@pytest.fixture
def query_id(run_filled: Run) -> str:
    return str(json.loads(run_filled("ask", UNCLEAR, "--json").stdout)["query_id"])


@pytest.fixture
def fake_trainer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`fake_trainer(then)`: a child that claims the job, runs `then`, and makes a version."""

    def install(then: str) -> None:
        tests = str(Path(__file__).parents[2])
        monkeypatch.setenv("PYTHONPATH", tests)
        script = (sys.executable, "-c", TRAINER.format(then=then))
        monkeypatch.setattr(chatbot.cli.jobs, "_TRAINER", script)

    return install


@pytest.fixture
def faq_file(tmp_path: Path) -> Path:
    file = tmp_path / "faq.csv"
    file.write_text(
        "text,intent,answer\n"
        "where can I park?,parking,\n"
        "is there a garage?,parking,\n"
        "when is lunch?,lunch,At noon.\n"
    )
    return file


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    file = tmp_path / "labelled.csv"
    file.write_text(
        f"text,intent\n{ANSWERED},reset-password\n{KNOWN},reset-password\n{UNKNOWN},out_of_scope\n"
    )
    return file


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "faq.csv"
    path.write_text(CSV)
    return str(path)

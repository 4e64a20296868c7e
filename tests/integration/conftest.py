"""A small installation with the real encoder, made once and copied for each test."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatbot.bootstrap import Parts, build
from chatbot.formats.registry import read_path
from chatbot.services.asking.ask import Question, answer_all
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.releases import jobs, processes
from chatbot.services.releases.processes import ProcessKind
from chatbot.services.review.confirm import confirm
from chatbot.settings import Settings
from code_names import CODE_NAMES, PHRASINGS

WHOLE_ENCODER = "whole-encoder"
READ_TOKENS = 9  # seven pieces of words, between the marks of begin and end
FAQ = Path(__file__).parents[2] / "faq_data"


def make_untrained(folder: Path) -> Parts:
    """A part of the shipped FAQ, with version 1 as the real job makes it."""
    from workers.night.run_jobs import run_waiting_jobs

    parts = build(Settings(data_dir=folder))
    draft = read_path(FAQ)
    draft.intents = {name: draft.intents[name] for name in CODE_NAMES}
    with parts.database.write() as session:
        import_faq(session, draft, "test")
        jobs.request(session, jobs.JobKind.UNTRAINED, "test")
    run_waiting_jobs(parts, processes.Identity(ProcessKind.WORKER))
    return parts


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Version 1 is the untrained MiniLM, and nobody has confirmed anything yet."""
    parts = make_untrained(tmp_path_factory.mktemp("untrained"))
    yield parts
    parts.database.close()


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 is short-sighted; agents have confirmed questions with code names since.

    It reads the first words of a text only. What agents confirmed counts for it, too, so a later
    version can be better by its encoder alone: the whole MiniLM, which is kept beside it.
    """
    from workers.night import train
    from workers.night.child import run_trainer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "run_trainer", short_sighted(run_trainer))
        parts = make_untrained(tmp_path_factory.mktemp("taught"))
    matcher = parts.models.open_version()
    for intent, name in CODE_NAMES.items():
        for phrasing in PHRASINGS:
            [query] = answer_all(parts.database, matcher, [Question(phrasing.format(name))])
            with parts.database.write() as session:
                confirm(session, query.query_id, intent, "test", parts.settings)
    parts.database.close()
    return parts.settings.data_dir


def short_sighted(run_trainer: Callable[..., Any]) -> Callable[..., Any]:
    """A trainer whose encoder reads a few tokens; the whole one stands in the data folder."""

    def run(folder: Path, *arguments: Any) -> Any:
        done = run_trainer(folder, *arguments)
        encoder = folder / "out" / "encoder"
        shutil.copytree(encoder, folder.parents[1] / WHOLE_ENCODER)
        card = encoder / "encoder.json"
        card.write_text(json.dumps(json.loads(card.read_text()) | {"max_length": READ_TOKENS}))
        return done

    return run


@pytest.fixture
def installation(taught: Path, tmp_path: Path) -> Iterator[Parts]:
    """The test's own copy of `taught`, assembled."""
    folder = tmp_path / "installation"
    shutil.copytree(taught, folder)
    parts = build(Settings(data_dir=folder))
    yield parts
    parts.database.close()

"""A small installation with the real encoder, made once and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.bootstrap import Parts, build
from chatbot.services import jobs, processes
from chatbot.services.ask import Question, answer_all
from chatbot.services.catalogue_files import read_catalogue_files
from chatbot.services.confirm import confirm
from chatbot.services.import_faq import import_faq
from chatbot.settings import Settings
from code_names import CODE_NAMES, PHRASINGS

FAQ = Path(__file__).parents[2] / "faq_data"


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 is the untrained MiniLM; agents have confirmed questions with code names since."""
    from workers.retrain import run_waiting_jobs

    parts = build(Settings(data_dir=tmp_path_factory.mktemp("taught")))
    draft = read_catalogue_files(FAQ)
    draft.intents = {name: draft.intents[name] for name in CODE_NAMES}
    with parts.database.write() as session:
        import_faq(session, draft, "test")
        jobs.request(session, jobs.Kind.UNTRAINED, "test")
    run_waiting_jobs(parts, processes.Identity("worker"))
    matcher = parts.models.open_version()
    for intent, name in CODE_NAMES.items():
        for phrasing in PHRASINGS:
            [query] = answer_all(parts.database, matcher, [Question(phrasing.format(name))])
            with parts.database.write() as session:
                confirm(session, query.query_id, intent, "test", parts.settings)
    parts.database.close()
    return parts.settings.data_dir


@pytest.fixture
def installation(taught: Path, tmp_path: Path) -> Iterator[Parts]:
    """The test's own copy of `taught`, assembled."""
    folder = tmp_path / "installation"
    shutil.copytree(taught, folder)
    parts = build(Settings(data_dir=folder))
    yield parts
    parts.database.close()

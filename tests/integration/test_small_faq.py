"""A small FAQ gets its first model, whatever rounding does to its toss-ups."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.bootstrap import Parts, build
from chatbot.formats.registry import read_path
from chatbot.services.knowledge.catalogue import read_catalogue
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.learning.render_report import render
from chatbot.services.learning.report_view import say_precision
from chatbot.services.releases import jobs, processes, release
from chatbot.services.releases.processes import ProcessKind
from chatbot.services.releases.reports import get_report
from chatbot.settings import Settings
from workers.night.run_jobs import run_waiting_jobs

FAQ = Path(__file__).parents[2] / "faq_data"


@pytest.fixture
def twenty(tmp_path: Path) -> Iterator[Parts]:
    """Every third intent of the shipped FAQ, twenty of them, with four utterances each."""
    parts = build(Settings(data_dir=tmp_path))
    draft = read_path(FAQ)
    draft.intents = {name: draft.intents[name] for name in list(draft.intents)[::3][:20]}
    draft.out_of_scope = []
    for intent in draft.intents.values():
        intent.utterances, intent.held_out = intent.utterances[:4], []
    with parts.database.write() as session:
        import_faq(session, draft, "test")
    yield parts
    parts.database.close()


def test_four_utterances_an_intent_are_enough_for_a_first_model(twenty: Parts) -> None:
    """More than 3 % of its texts have another intent's text nearest after rounding."""
    with twenty.database.write() as session:
        job_id = jobs.request(session, jobs.JobKind.UNTRAINED, "test").id

    run_waiting_jobs(twenty, processes.Identity(ProcessKind.WORKER))

    with twenty.database.read() as session:
        job, pointer = jobs.get_job(session, job_id), release.read_pointer(session)
        assert job.state == jobs.JobState.DONE, job.message
        assert pointer is not None
        version = release.get_version(session, pointer.version_id)
    report = get_report(version)
    export = report.training.export
    assert export is not None
    assert (export.precision, export.clear_flips) == ("int8", 0)
    words = say_precision(report)
    assert words == "The encoder is served in int8, 22 MiB."
    assert words in render(version)
    matcher = twenty.models.open_version()
    with twenty.database.read() as session:
        known = read_catalogue(session).entries
    for entry in known[::8]:
        assert matcher.match(entry.text).candidates[0].intent == entry.intent

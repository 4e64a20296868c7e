import pytest

from chatbot.bootstrap import Parts
from chatbot.errors import ArtefactRefused
from chatbot.services.monitoring.checks.serving import Serving, Status, read_serving
from chatbot.services.releases import release
from fakes import add_version


def serving(parts: Parts) -> Serving:
    parts.live.refresh()
    return read_serving(parts.live, parts.database)


def test_what_answers_is_well(parts: Parts) -> None:
    found = serving(parts)
    assert found == Serving(Status.READY, 1, 4, None)
    finding = found.as_finding()
    assert finding.ok
    assert finding.detail == "this process serves version 1 and FAQ revision 4"


def test_without_a_model_it_is_broken(empty_parts: Parts) -> None:
    found = serving(empty_parts)
    assert found.status is Status.NOT_READY
    assert (found.model_version, found.knowledge_revision) == (None, None)
    finding = found.as_finding()
    assert (finding.ok, finding.needed) == (False, True)
    assert "no model yet" in finding.detail


def test_an_older_model_that_answers_on_is_impaired(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serving(parts).status is Status.READY

    def refuse(digest: str) -> None:
        raise ArtefactRefused(f"{digest} was changed")

    monkeypatch.setattr(parts.models, "open_bundle", refuse)
    with parts.database.write() as session:
        release.promote(session, add_version(session, "1"), "test", "broken on purpose")
    found = serving(parts)
    assert (found.status, found.model_version) == (Status.DEGRADED, 1)
    finding = found.as_finding()
    assert (finding.ok, finding.needed) == (False, False)
    assert "was changed" in finding.detail
    assert "Until then version 1" in finding.advice

from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from chatbot.bootstrap import Parts
from chatbot.errors import ArtefactRefused
from chatbot.services.monitoring.checks.check import Finding, Instance, run
from chatbot.services.monitoring.checks.every import AT_A_GLANCE, EVERY


def check_what_is_well(_: Instance) -> Finding:
    return Finding("what is well", True, "it is")


def raising(error: Exception) -> Callable[[Instance], Finding]:
    def check_some_part(_: Instance) -> Finding:
        raise error

    return check_some_part


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ArtefactRefused("it was changed\nin two places"), "it was changed"),
        (OSError(28, "No space left"), "[Errno 28] No space left"),
        (OperationalError("SELECT", {}, Exception("gone")), "(builtins.Exception) gone"),
        (ImportError(), "ImportError()"),
    ],
)
def test_a_check_that_raises_has_found_something_and_stops_no_other(
    parts: Parts, error: Exception, detail: str
) -> None:
    found = run([raising(error), check_what_is_well], parts)
    assert found == [Finding("some part", False, detail), Finding("what is well", True, "it is")]
    assert found[0].needed


def test_a_mistake_in_a_check_is_not_hidden(parts: Parts) -> None:
    with pytest.raises(ZeroDivisionError):
        run([raising(ZeroDivisionError())], parts)


def test_every_check_finds_something_in_a_new_installation_and_each_is_named_once(
    parts: Parts,
) -> None:
    found = run(EVERY, parts)
    assert len({finding.name for finding in found}) == len(EVERY)
    assert all(finding.detail for finding in found)
    assert all(finding.advice for finding in found if not finding.ok and not finding.needed)


def test_what_a_page_shows_doctor_prints_too() -> None:
    assert set(AT_A_GLANCE) < set(EVERY)

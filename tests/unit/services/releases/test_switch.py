"""A version is opened before it is made live: what cannot be loaded never is."""

from collections.abc import Callable

import pytest

from chatbot.bootstrap import Parts
from chatbot.errors import ArtefactRefused, Conflict, NotFound
from chatbot.matching.bundle import Bundle
from chatbot.services.releases import release, switch
from fakes import FakeModels, add_version


class Damaged(FakeModels):
    def open_bundle(self, digest: str) -> Bundle:
        raise ArtefactRefused(f"{digest[:4]} is damaged.")


@pytest.fixture
def second(parts: Parts) -> int:
    with parts.database.write() as session:
        return add_version(session, "1")


def live(parts: Parts) -> tuple[int, int]:
    """Version and generation."""
    with parts.database.read() as session:
        pointer = release.read_pointer(session)
    assert pointer is not None
    return pointer.version_id, pointer.generation


def damaged(parts: Parts) -> Damaged:
    return Damaged(parts.settings, parts.database, parts.artefacts)


def test_there_and_back(parts: Parts, second: int) -> None:
    there = switch.promote(parts.database, parts.models, second, "ann", "better")
    assert (there.to_version, live(parts)) == (second, (second, 2))
    back = switch.roll_back(parts.database, parts.models, "ann", "was not")
    assert (back.to_version, live(parts)) == (1, (1, 3))


def test_what_cannot_be_loaded_does_not_go_live(parts: Parts, second: int) -> None:
    with pytest.raises(ArtefactRefused):
        switch.promote(parts.database, damaged(parts), second, "ann", "better")
    assert live(parts) == (1, 1)


def test_nor_is_it_returned_to(parts: Parts, second: int) -> None:
    switch.promote(parts.database, parts.models, second, "ann", "better")
    with pytest.raises(ArtefactRefused):
        switch.roll_back(parts.database, damaged(parts), "ann", "was not")
    assert live(parts) == (second, 2)


def test_a_pointer_that_moved_meanwhile_stays_where_it_is(parts: Parts, second: int) -> None:
    acts: list[Callable[[], object]] = [
        lambda: switch.promote(
            parts.database, parts.models, second, "ann", "x", expected_generation=7
        ),
        lambda: switch.roll_back(
            parts.database, parts.models, "ann", "x", to_version=1, expected_generation=7
        ),
    ]
    for act in acts:
        with pytest.raises(Conflict):
            act()
    assert live(parts) == (1, 1)


def test_what_is_not_there_is_said(parts: Parts) -> None:
    with pytest.raises(NotFound):
        switch.promote(parts.database, parts.models, 99, "ann", "better")
    with pytest.raises(Conflict):
        switch.roll_back(parts.database, parts.models, "ann", "nothing before it")

import pytest
from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.domain.quarantine import Standing
from chatbot.services.knowledge.edit_faq import current_revision
from chatbot.storage.tables import Confirmation
from factories import add_confirmed
from workers.night.settle import settle_verdicts


@pytest.fixture
def nudges(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The revision of the knowledge that whoever hears each nudge would read."""
    heard: list[int] = []

    def hear() -> None:
        with parts.database.read() as session:
            heard.append(current_revision(session))

    monkeypatch.setattr(parts.nudge, "send", hear)
    return heard


def test_a_verdict_that_stands_otherwise_is_settled_and_told_once(
    parts: Parts, nudges: list[int]
) -> None:
    with parts.database.write() as session:
        add_confirmed(session, "the tunnel is dead", "vpn", standing=Standing.APART)
        before = current_revision(session)
    assert settle_verdicts(parts) == 1
    with parts.database.read() as session:
        assert session.scalars(select(Confirmation.standing)).all() == [Standing.VOTES]
    assert len(nudges) == 1
    assert nudges[0] > before
    assert settle_verdicts(parts) == 0
    assert len(nudges) == 1


def test_where_nothing_changes_nobody_is_told(parts: Parts, nudges: list[int]) -> None:
    assert settle_verdicts(parts) == 0
    assert nudges == []

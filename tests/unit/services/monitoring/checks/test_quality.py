from datetime import timedelta

import pytest
from sqlalchemy import update

from chatbot.bootstrap import Parts
from chatbot.domain.drift import LEAST
from chatbot.domain.matching import Decision
from chatbot.services.monitoring.checks.quality import (
    LiveState,
    check_drift,
    check_promise,
    check_watch,
)
from chatbot.services.releases import release
from chatbot.services.releases.kinds import WatchState
from chatbot.storage.database import now
from chatbot.storage.tables import Release, Watch
from factories import add_confirmed, add_query
from fakes import add_version

FIRST = [{"intent": "reset-password", "probability": 0.9}]


def alarms(parts: Parts) -> set[str]:
    with parts.database.read() as session:
        found = LiveState.read(session).list_alarms(parts.settings.promise)
    return {kind for kind, is_raised in found.items() if is_raised}


def watch(parts: Parts, state: WatchState) -> None:
    with parts.database.write() as session:
        version = add_version(session, "7")
        release.promote(session, version, "ann", "checked")
        pointer = release.read_pointer(session)
        assert pointer is not None
        session.add(
            Watch(
                generation=pointer.generation,
                version_id=version,
                previous_id=1,
                state=state,
                since=now(),
                until=now() + timedelta(days=7),
                message="It hands over more.",
                figures=[],
            )
        )


def test_a_quiet_installation_raises_no_alarm(parts: Parts) -> None:
    assert alarms(parts) == set()
    assert all(check(parts).ok for check in (check_promise, check_drift, check_watch))
    assert check_watch(parts).detail == "nothing promoted"


def test_what_has_too_little_to_look_at_is_not_said_to_be_well(parts: Parts) -> None:
    assert [check(parts).too_early for check in (check_promise, check_drift)] == [True, True]
    assert not check_watch(parts).too_early


@pytest.mark.parametrize(
    ("state", "kind", "advice"),
    [
        (WatchState.ALARM, "watch", "chatbot rollback"),
        (WatchState.ROLLED_BACK, "hold", "--clear-hold"),
    ],
)
def test_a_watch_that_found_its_version_worse_is_shown_and_raises_its_alarm(
    parts: Parts, state: WatchState, kind: str, advice: str
) -> None:
    watch(parts, state)
    found = check_watch(parts)
    assert (found.ok, found.needed, found.detail) == (False, False, "It hands over more.")
    assert advice in found.advice
    assert alarms(parts) == {kind}


def test_one_that_watches_is_well(parts: Parts) -> None:
    watch(parts, WatchState.WATCHING)
    assert check_watch(parts).detail.endswith(": watching")
    assert alarms(parts) == set()


def test_a_promise_that_is_broken_beyond_chance_is_shown_and_raises_its_alarm(
    parts: Parts,
) -> None:
    with parts.database.write() as session:
        for number in range(40):
            add_confirmed(
                session,
                f"question {number}",
                "reset-password" if number < 20 else "vpn",
                decision=Decision.ANSWER.value,
                candidates=FIRST,
                sample_share=0.02,
                asked_at=now(),
            )
    found = check_promise(parts)
    assert not found.ok
    assert found.detail.startswith("50.0% of the answers are wrong")
    assert alarms(parts) == {"wrong_answers"}


def test_questions_that_changed_are_shown_in_words_and_raise_their_alarm(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.services.monitoring.drift.MOST", LEAST)
    assert "compared from 300 questions on" in check_drift(parts).detail
    with parts.database.write() as session:
        session.execute(update(Release).values(released_at=now() - timedelta(days=30)))
        for place in range(LEAST):
            moment = timedelta(seconds=place)
            asked = now() - timedelta(days=29) + moment
            add_query(session, "how do I do it", asked_at=asked, model_version=1)
            asked = now() - timedelta(days=2) + moment
            add_query(session, "how do I do it " * 9, asked_at=asked, model_version=1)
    found = check_drift(parts)
    assert found.detail.startswith("how long questions are changed since the model went live")
    assert alarms(parts) == {"drift"}

"""Kill the courier before and after it sends: nothing is lost, and a repeat has the same id."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

import mail_relay
from chatbot.bootstrap import Parts, build
from chatbot.failpoints import DELIVERY_FAILPOINTS
from chatbot.services.delivery import events, webhooks
from chatbot.settings import Settings
from chatbot.storage.database import now
from chatbot.storage.tables import Delivery
from installation import clean_environment
from receiver import Receiver, running

DELIVER = "from workers.tasks import deliver; deliver()"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as started:
        yield started


@pytest.fixture
def told(tmp_path: Path, receiver: Receiver) -> Iterator[Parts]:
    """One event waits for one webhook."""
    parts = build(Settings(data_dir=tmp_path, private_networks=True))
    with parts.database.write() as session:
        webhooks.create_webhook(
            session, "ann", receiver.url(), [events.EventKind.MODEL_HELD], parts.settings
        )
        events.record(session, events.EventKind.MODEL_HELD, {"version": 2})
    yield parts
    parts.database.close()


def run_courier(parts: Parts, crash_at: str = "") -> int:
    """The task itself, in a process of its own, without a broker."""
    given = {name: getattr(parts.settings, name) for name in parts.settings.model_fields_set}
    environment = clean_environment(parts.settings.data_dir, **given) | {"CRASH_AT": crash_at}
    command = [sys.executable, "-c", DELIVER]
    return subprocess.run(command, env=environment, check=False, timeout=120).returncode


def make_due(parts: Parts) -> None:
    with parts.database.write() as session:
        session.execute(update(Delivery).values(due_at=now() - timedelta(seconds=1)))


def row(parts: Parts) -> Delivery:
    with parts.database.read() as session:
        return session.scalars(select(Delivery)).one()


@pytest.mark.parametrize("failpoint", DELIVERY_FAILPOINTS)
def test_after_a_kill_the_event_arrives_all_the_same(
    failpoint: str, told: Parts, receiver: Receiver
) -> None:
    assert run_courier(told, crash_at=failpoint) == -signal.SIGKILL
    assert (row(told).state, row(told).attempt) == ("waiting", 1)
    assert run_courier(told) == 0
    assert row(told).attempt == 1, "its lease holds: another worker may be at it"
    make_due(told)
    assert run_courier(told) == 0
    assert (row(told).state, row(told).attempt) == ("delivered", 2)
    assert len(receiver.received) == (2 if failpoint == "delivery.after_send" else 1)
    assert len({r.headers["webhook-id"] for r in receiver.received}) == 1
    assert len({r.body for r in receiver.received}) == 1


def test_after_a_kill_an_e_mail_comes_again_as_the_same(tmp_path: Path) -> None:
    with mail_relay.running() as relay:
        settings = Settings(
            data_dir=tmp_path,
            smtp_host="127.0.0.1",
            smtp_port=relay.port,
            smtp_security="none",
            smtp_sender="bot@example.org",
        )
        parts = build(settings)
        kinds = [events.EventKind.MODEL_HELD]
        with parts.database.write() as session:
            webhooks.create_webhook(session, "ann", "mailto:help@example.org", kinds, settings)
            events.record(session, events.EventKind.MODEL_HELD, {"version": 2})
        assert run_courier(parts, crash_at="delivery.after_send") == -signal.SIGKILL
        make_due(parts)
        assert run_courier(parts) == 0
        assert run_courier(parts) == 0
        assert (row(parts).state, row(parts).attempt) == ("delivered", 2)
        first, second = relay.handed
        assert first == second
        assert first.message["Message-ID"].startswith("<evt_")
        parts.database.close()

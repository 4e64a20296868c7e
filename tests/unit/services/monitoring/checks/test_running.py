from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from chatbot.bootstrap import Parts
from chatbot.services.delivery.events import EventKind
from chatbot.services.delivery.webhooks import create_webhook, send_test
from chatbot.services.monitoring.checks.running import (
    check_deliveries,
    check_live_model,
    check_web,
    check_worker,
)
from chatbot.services.releases.open_models import StoredModels
from chatbot.services.releases.processes import Identity, ProcessKind, beat
from chatbot.storage.database import now
from chatbot.storage.tables import Delivery


def test_the_web_is_well_if_a_process_lives_and_broken_if_one_cannot_follow(
    empty_parts: Parts,
) -> None:
    none = check_web(empty_parts)
    assert (none.ok, none.needed, none.detail) == (False, False, "no processes")
    one, other = (Identity(ProcessKind.WEB, host="a", pid=n) for n in (1, 2))
    with empty_parts.database.write() as session:
        beat(session, one)
    assert check_web(empty_parts).ok
    with empty_parts.database.write() as session:
        beat(session, other, error="disk full")
    found = check_web(empty_parts)
    assert (found.ok, found.needed, found.detail) == (False, True, "2 processes; a:2: disk full")


def test_without_a_worker_answers_go_on(empty_parts: Parts) -> None:
    found = check_worker(empty_parts)
    assert (found.ok, found.needed) == (False, False)
    with empty_parts.database.write() as session:
        beat(session, Identity(ProcessKind.WORKER))
    assert check_worker(empty_parts).detail == "1 process"


def test_before_the_first_model_nothing_is_broken(empty_parts: Parts) -> None:
    found = check_live_model(empty_parts)
    assert (found.ok, found.needed, found.detail) == (False, False, "none yet")


def test_a_live_model_whose_files_are_gone_is_broken(parts: Parts) -> None:
    stored = StoredModels(parts.settings, parts.database, parts.artefacts)
    found = check_live_model(replace(parts, models=stored))
    assert (found.ok, found.needed) == (False, True)
    assert "manifest.json is missing" in found.detail
    assert "rollback" in found.advice


def test_a_delivery_that_has_waited_for_a_minute_lacks_a_courier(parts: Parts) -> None:
    with parts.database.write() as session:
        hook = create_webhook(
            session, "ann", "https://hooks.example.org/", [EventKind.MODEL_HELD], parts.settings
        )
        send_test(session, "ann", hook.id)
    assert check_deliveries(parts).ok
    with parts.database.write() as session:
        session.execute(update(Delivery).values(created_at=now() - timedelta(minutes=2)))
    found = check_deliveries(parts)
    assert (found.ok, found.needed) == (False, False)
    assert found.detail.startswith("one has been waiting since")

import base64
import json
from datetime import datetime

import pytest

from chatbot.domain.gate import Verdict
from chatbot.errors import Conflict
from chatbot.services.delivery import events, webhooks
from chatbot.services.delivery.events import EventKind, Style
from chatbot.services.releases import jobs, release
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Webhook
from factories import add_live_version, add_version, make_small_report
from hooks import add_hook, deliver, is_signed_with, rows, tell
from receiver import Receiver


class TestAnEvent:
    def test_arrives_signed_and_named(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        before = now()
        tell(database, version=7, reason="„wrong“ on VPN")
        assert deliver(database) == 1
        after = now()
        [received] = receiver.received
        body = json.loads(received.body)
        assert (body["type"], body["data"]) == (
            "model.held",
            {"version": 7, "reason": "„wrong“ on VPN"},
        )
        assert before <= datetime.fromisoformat(body["timestamp"]) <= after
        sent = int(received.headers["webhook-timestamp"])
        assert int(before.timestamp()) <= sent <= after.timestamp()
        assert received.headers["webhook-id"].startswith("evt_")
        assert received.headers["content-type"] == "application/json"
        assert is_signed_with(hook.secret, received)
        assert not is_signed_with("whsec_" + base64.b64encode(b"x" * 32).decode(), received)
        [row] = rows(database)
        assert (row.state, row.status, row.attempt, row.error) == ("delivered", 200, 1, "")
        assert deliver(database) == 0

    def test_reaches_those_that_want_its_kind_and_are_enabled(
        self, database: Database, receiver: Receiver
    ) -> None:
        add_hook(database, receiver.url("/held"), EventKind.MODEL_HELD)
        add_hook(database, receiver.url("/both"), EventKind.MODEL_HELD, EventKind.TRAINING_FAILED)
        add_hook(database, receiver.url("/failed"), EventKind.TRAINING_FAILED)
        disabled = add_hook(database, receiver.url("/disabled"), EventKind.MODEL_HELD)
        with database.write() as session:
            webhooks.change_webhook(session, "ann", disabled.id, enabled=False)
        tell(database)
        deliver(database)
        assert sorted(r.path for r in receiver.received) == ["/both", "/held"]
        assert len({r.headers["webhook-id"] for r in receiver.received}) == 1

    def test_that_is_rolled_back_is_never_told(self, database: Database, hook: Webhook) -> None:
        with pytest.raises(RuntimeError), database.write() as session:
            events.record(session, EventKind.MODEL_HELD, {})
            raise RuntimeError
        assert rows(database) == []

    def test_of_an_unknown_kind_is_a_mistake_of_the_program(self, database: Database) -> None:
        with pytest.raises(ValueError, match="model.sold"), database.write() as session:
            events.record(session, "model.sold", {})

    def test_for_slack_is_a_text_that_cannot_call_everybody(
        self, database: Database, receiver: Receiver
    ) -> None:
        add_hook(database, receiver.url(), style=Style.SLACK)
        tell(database, reason="<!channel> & co", version=3, transcript=[{"text": "secret"}], x=None)
        tell(database, reason="a" * 5000)
        deliver(database)
        first, second = (json.loads(r.body) for r in receiver.received)
        assert first == {
            "text": "*A new model was held back*\n• reason: &lt;!channel&gt; &amp; co\n• version: 3"
        }
        assert len(second["text"]) < 400


class TestWhatHappens:
    """The use cases themselves tell of it."""

    def test_promotion_rollback_and_installation(self, database: Database) -> None:
        add_hook(
            database, "http://127.0.0.1:9/", EventKind.MODEL_PROMOTED, EventKind.MODEL_ROLLED_BACK
        )
        with database.write() as session:
            first = add_live_version(session)
            second = add_version(session)
            release.promote(session, second.id, "ann", "better")
            release.roll_back(session, "ben", "complaints")
        told = [json.loads(row.body) for row in rows(database)]
        assert [t["type"] for t in told] == [
            "model.promoted",
            "model.promoted",
            "model.rolled_back",
        ]
        assert told[2]["data"] == {
            "version": first.id,
            "previous_version": second.id,
            "generation": 3,
            "kind": "rollback",
            "reason": "complaints",
            "by": "ben",
        }

    def test_a_refused_move_tells_nothing(self, database: Database) -> None:
        add_hook(database, "http://127.0.0.1:9/", EventKind.MODEL_PROMOTED)
        with database.write() as session:
            version = add_live_version(session)
        with pytest.raises(Conflict), database.write() as session:
            release.promote(session, version.id, "ann", "again")
        assert len(rows(database)) == 1

    def test_a_held_candidate(self, database: Database) -> None:
        add_hook(database, "http://127.0.0.1:9/", EventKind.MODEL_HELD)
        with database.write() as session:
            version = add_version(session)
            release.conclude(session, version.id, None, make_small_report())
            release.conclude(
                session, version.id, Verdict.PROMOTE, make_small_report(reasons=["good"])
            )
            assert rows(database) == []
            release.conclude(
                session, version.id, Verdict.HOLD, make_small_report(reasons=["a.", "b."])
            )
        [row] = rows(database)
        assert json.loads(row.body)["data"] == {
            "version": version.id,
            "verdict": "hold",
            "reason": "a. b.",
        }

    def test_a_failed_training_and_one_that_killed_its_workers(self, database: Database) -> None:
        add_hook(database, "http://127.0.0.1:9/", EventKind.TRAINING_FAILED)
        for done in (True, False):
            with database.write() as session:
                jobs.request(session, jobs.JobKind.TRAIN, "ann", force=done)
        lease = jobs.claim(database, "w", 60)
        assert lease is not None
        with database.write() as session:
            jobs.finish(session, lease, jobs.JobState.FAILED, "out of memory")
        for _ in range(jobs.MOST_ATTEMPTS):
            assert jobs.claim(database, "w", -1) is not None
        assert jobs.claim(database, "w", 60) is None
        messages = [json.loads(row.body)["data"]["message"] for row in rows(database)]
        assert messages == ["out of memory", "Its worker died 3 times, last at step “claimed”."]

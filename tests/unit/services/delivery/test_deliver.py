"""From an event to a real receiver on loopback, on SQLite and on PostgreSQL."""

import base64
import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from chatbot.domain.gate import Verdict
from chatbot.errors import AddressRefused, Conflict, NotFound
from chatbot.services.delivery import deliveries, events, webhooks
from chatbot.services.delivery.deliver import deliver_due
from chatbot.services.delivery.deliveries import State
from chatbot.services.delivery.events import Kind, Style
from chatbot.services.releases import jobs, release
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import AuditEvent, Delivery, Webhook
from factories import add_live_version, add_version, make_small_report
from fakes import Clock
from receiver import Received, Receiver, running, wait_until

INSIDE = Settings(private_networks=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as started:
        yield started


@pytest.fixture
def hook(database: Database, receiver: Receiver) -> Webhook:
    return add_hook(database, receiver.url())


def add_hook(database: Database, url: str, *kinds: Kind, style: Style = Style.STANDARD) -> Webhook:
    with database.write() as session:
        return webhooks.create_webhook(
            session, "ann", url, kinds or (Kind.MODEL_HELD,), INSIDE, style
        )


def tell(database: Database, kind: Kind = Kind.MODEL_HELD, **data: object) -> None:
    with database.write() as session:
        events.record(session, kind, data)


def deliver(database: Database) -> int:
    return deliver_due(database, INSIDE)


def rows(database: Database) -> list[Delivery]:
    with database.read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def assert_set(event: threading.Event) -> None:
    assert event.wait(20)


def make_due(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Delivery).values(due_at=now() - timedelta(seconds=1)))


def is_signed_with(secret: str, received: Received) -> bool:
    """After the text of the specification, not after our code."""
    key = base64.b64decode(secret.split("whsec_")[1])
    content = b".".join(
        [
            received.headers["webhook-id"].encode(),
            received.headers["webhook-timestamp"].encode(),
            received.body,
        ]
    )
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [s.split(",") for s in received.headers["webhook-signature"].split(" ")]
    return ["v1", expected] in given


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
        add_hook(database, receiver.url("/held"), Kind.MODEL_HELD)
        add_hook(database, receiver.url("/both"), Kind.MODEL_HELD, Kind.TRAINING_FAILED)
        add_hook(database, receiver.url("/failed"), Kind.TRAINING_FAILED)
        disabled = add_hook(database, receiver.url("/disabled"), Kind.MODEL_HELD)
        with database.write() as session:
            webhooks.change_webhook(session, "ann", disabled.id, enabled=False)
        tell(database)
        deliver(database)
        assert sorted(r.path for r in receiver.received) == ["/both", "/held"]
        assert len({r.headers["webhook-id"] for r in receiver.received}) == 1

    def test_that_is_rolled_back_is_never_told(self, database: Database, hook: Webhook) -> None:
        with pytest.raises(RuntimeError), database.write() as session:
            events.record(session, Kind.MODEL_HELD, {})
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
        add_hook(database, "http://127.0.0.1:9/", Kind.MODEL_PROMOTED, Kind.MODEL_ROLLED_BACK)
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
        add_hook(database, "http://127.0.0.1:9/", Kind.MODEL_PROMOTED)
        with database.write() as session:
            version = add_live_version(session)
        with pytest.raises(Conflict), database.write() as session:
            release.promote(session, version.id, "ann", "again")
        assert len(rows(database)) == 1

    def test_a_held_candidate(self, database: Database) -> None:
        add_hook(database, "http://127.0.0.1:9/", Kind.MODEL_HELD)
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
        add_hook(database, "http://127.0.0.1:9/", Kind.TRAINING_FAILED)
        for done in (True, False):
            with database.write() as session:
                jobs.request(session, jobs.Kind.TRAIN, "ann", force=done)
        lease = jobs.claim(database, "w", 60)
        assert lease is not None
        with database.write() as session:
            jobs.finish(session, lease, jobs.State.FAILED, "out of memory")
        for _ in range(jobs.MOST_ATTEMPTS):
            assert jobs.claim(database, "w", -1) is not None
        assert jobs.claim(database, "w", 60) is None
        messages = [json.loads(row.body)["data"]["message"] for row in rows(database)]
        assert messages == ["out of memory", "Its worker died 3 times, last at step “claimed”."]


class TestARetry:
    @pytest.mark.parametrize("answer", [500, 503, 429, 404, 400, 301, 302, 307])
    def test_follows_every_answer_but_success(
        self, database: Database, hook: Webhook, receiver: Receiver, clock: Clock, answer: int
    ) -> None:
        receiver.answers = [answer, 204]
        tell(database, version=1)
        assert deliver(database) == 1
        [row] = rows(database)
        assert (row.state, row.status, row.attempt) == ("waiting", answer, 1)
        assert f"It answered {answer}" in row.error
        assert ("Redirects are not followed" in row.error) == (300 <= answer < 400)
        assert row.due_at is not None
        wait = row.due_at - clock.stands_at
        assert timedelta(seconds=8) <= wait <= timedelta(seconds=12)
        clock.stands_at = row.due_at - timedelta(seconds=1)
        assert deliver(database) == 0, "it is not due yet"
        clock.stands_at = row.due_at
        assert deliver(database) == 1
        [row] = rows(database)
        assert (row.state, row.status, row.attempt) == ("delivered", 204, 2)
        first, second = receiver.received
        assert first.body == second.body
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert is_signed_with(hook.secret, second)

    def test_follows_silence(self, database: Database) -> None:
        with running() as gone:
            add_hook(database, gone.url())
        tell(database)
        deliver(database)
        [row] = rows(database)
        assert (row.state, row.status) == ("waiting", None)
        assert "refused" in row.error

    def test_waits_longer_each_time_about_a_day_in_all(self) -> None:
        waits = [deliveries.wait_after(n) for n in range(1, deliveries.MOST_ATTEMPTS)]
        assert all(b > a * 1.5 for a, b in itertools.pairwise(waits))
        assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=34)
        assert len({deliveries.wait_after(5) for _ in range(5)}) > 1, "they must not come in step"

    def test_ends_after_the_last_attempt_for_all_to_see(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        receiver.answers = [500]
        tell(database)
        for _ in range(deliveries.MOST_ATTEMPTS):
            make_due(database)
            assert deliver(database) == 1
        make_due(database)
        assert deliver(database) == 0
        [row] = rows(database)
        assert (row.state, row.attempt, row.status) == ("failed", 10, 500)
        assert row.finished_at is not None

    def test_can_be_asked_for_under_the_same_id(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        tell(database)
        deliver(database)
        [row] = rows(database)
        with database.write() as session:
            deliveries.redeliver(session, "ann", row.id)
        assert deliver(database) == 1
        assert len({r.headers["webhook-id"] for r in receiver.received}) == 1
        with database.read() as session:
            assert "delivery.redeliver" in session.scalars(select(AuditEvent.action)).all()

    def test_of_an_unknown_or_disabled_one_is_refused(
        self, database: Database, hook: Webhook
    ) -> None:
        tell(database)
        with database.write() as session:
            webhooks.change_webhook(session, "ann", hook.id, enabled=False)
        with pytest.raises(Conflict, match="disabled"), database.write() as session:
            deliveries.redeliver(session, "ann", rows(database)[0].id)
        with pytest.raises(NotFound), database.write() as session:
            deliveries.redeliver(session, "ann", 999)


class TestAnEndpoint:
    def test_that_says_410_is_disabled_and_gets_nothing_more(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        receiver.answers = [410]
        tell(database)
        tell(database)
        tell(database)
        assert deliver(database) == 1
        with database.read() as session:
            disabled = webhooks.get_webhook(session, hook.id)
        assert (disabled.enabled, disabled.remark) == (False, "It answered 410 Gone.")
        assert {row.state for row in rows(database)} == {"failed"}
        tell(database)
        assert len(rows(database)) == 3
        with database.write() as session:
            webhooks.change_webhook(session, "ann", hook.id, enabled=True)
        receiver.answers = [200]
        tell(database)
        assert deliver(database) == 1

    def test_inside_the_network_is_refused_by_its_name_and_by_its_number(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        """Also one that was allowed when it was made."""
        tell(database)
        assert deliver_due(database, Settings()) == 1
        assert receiver.received == []
        assert "private network" in rows(database)[0].error
        with pytest.raises(AddressRefused), database.write() as session:
            webhooks.create_webhook(session, "ann", receiver.url(), [Kind.MODEL_HELD], Settings())

    @pytest.mark.parametrize("kinds", [[], [Kind.TEST]])
    def test_wants_events(self, database: Database, kinds: list[Kind]) -> None:
        with pytest.raises(Conflict, match="handoff.requested"), database.write() as session:
            webhooks.create_webhook(session, "ann", "https://example.org/", kinds, Settings())

    def test_is_tested_alone_whatever_it_wants(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        add_hook(database, receiver.url("/other"))
        with database.write() as session:
            webhooks.send_test(session, "ann", hook.id)
        deliver(database)
        [received] = receiver.received
        assert json.loads(received.body)["type"] == "webhook.test"
        assert is_signed_with(hook.secret, received)

    def test_is_deleted_with_what_waits_for_it(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        tell(database)
        with database.write() as session:
            webhooks.delete_webhook(session, "ann", hook.id)
        assert deliver(database) == 0
        assert rows(database) == []

    @pytest.mark.parametrize("answer", [200, 410, 500])
    def test_that_is_deleted_while_it_answers_harms_nobody(
        self, database: Database, hook: Webhook, receiver: Receiver, answer: int
    ) -> None:
        def delete(received: Received) -> None:
            with database.write() as session:
                webhooks.delete_webhook(session, "ann", hook.id)

        receiver.answers, receiver.slowly = [answer], delete
        tell(database)
        assert deliver(database) == 1
        assert rows(database) == []

    def test_too_many_are_refused(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webhooks, "MOST_WEBHOOKS", 1)
        add_hook(database, "http://127.0.0.1/")
        with pytest.raises(Conflict, match="already"):
            add_hook(database, "http://127.0.0.1/")


class TestRotation:
    def test_signs_with_both_secrets_for_a_day(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        with database.write() as session:
            new = webhooks.rotate_secret(session, "ann", hook.id).secret
        assert new != hook.secret
        tell(database)
        deliver(database)
        assert is_signed_with(hook.secret, receiver.received[0])
        assert is_signed_with(new, receiver.received[0])
        with database.write() as session:
            session.execute(update(Webhook).values(previous_until=now() - timedelta(seconds=1)))
        tell(database)
        deliver(database)
        assert not is_signed_with(hook.secret, receiver.received[1])
        assert is_signed_with(new, receiver.received[1])

    def test_again_within_the_day_leaves_the_last_two(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        with database.write() as session:
            second = webhooks.rotate_secret(session, "ann", hook.id).secret
        with database.write() as session:
            third = webhooks.rotate_secret(session, "ann", hook.id).secret
        tell(database)
        deliver(database)
        good = [is_signed_with(s, receiver.received[0]) for s in (hook.secret, second, third)]
        assert good == [False, True, True]


class TestManyWorkers:
    def test_share_out_the_work_each_delivery_once(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        for number in range(30):
            tell(database, number=number)
        with ThreadPoolExecutor(4) as pool:
            counts = list(pool.map(lambda _: deliver(database), range(4)))
        while attempts := deliver(database):
            counts.append(attempts)
        assert sum(counts) == 30
        numbers = [json.loads(r.body)["data"]["number"] for r in receiver.received]
        assert sorted(numbers) == list(range(30))

    def test_a_slow_server_does_not_hold_up_the_others(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        free = threading.Event()
        receiver.slowly = lambda received: assert_set(free)
        tell(database)
        with running() as quick, ThreadPoolExecutor(1) as pool:
            stuck = pool.submit(deliver, database)
            wait_until(lambda: len(receiver.received) == 1)
            add_hook(database, quick.url(), Kind.TRAINING_FAILED)
            tell(database, Kind.TRAINING_FAILED)
            assert deliver(database) == 1
            assert len(quick.received) == 1
            free.set()
            assert stuck.result() == 1

    def test_a_worker_that_died_before_it_could_say_so_is_followed_by_another(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        tell(database)
        assert deliveries.claim(database) is not None
        assert deliver(database) == 0, "the lease holds"
        make_due(database)
        assert deliver(database) == 1
        [row] = rows(database)
        assert (row.state, row.attempt) == ("delivered", 2)

    def test_a_worker_that_outlived_its_lease_changes_nothing(
        self, database: Database, hook: Webhook
    ) -> None:
        tell(database)
        late = deliveries.claim(database)
        assert late is not None
        make_due(database)
        assert deliveries.claim(database) is not None
        with database.write() as session:
            deliveries.succeed(session, late, 200)
            deliveries.fail(session, late, now(), 500, "late")
        [row] = rows(database)
        assert (row.state, row.attempt, row.status) == ("waiting", 2, None)

    def test_a_delivery_that_kills_its_workers_is_given_up(
        self, database: Database, hook: Webhook
    ) -> None:
        tell(database)
        for _ in range(deliveries.MOST_ATTEMPTS):
            make_due(database)
            assert deliveries.claim(database) is not None
        make_due(database)
        assert deliveries.claim(database) is None
        assert rows(database)[0].state == "failed"

    def test_new_events_come_before_old_failures(
        self, database: Database, hook: Webhook, receiver: Receiver
    ) -> None:
        receiver.answers = [500, 200]
        tell(database, which="old")
        deliver(database)
        tell(database, which="new")
        make_due(database)
        deliver(database)
        assert [json.loads(r.body)["data"]["which"] for r in receiver.received] == [
            "old",
            "new",
            "old",
        ]


def test_lists_are_filtered_and_paged(
    database: Database, hook: Webhook, receiver: Receiver
) -> None:
    other = add_hook(database, receiver.url("/other"))
    for _ in range(3):
        tell(database)
    receiver.answers = [200, 500]
    deliver(database)

    def ids(filters: deliveries.Filters, before: int | None = None) -> list[int]:
        with database.read() as session:
            return [d.id for d in deliveries.list_deliveries(session, filters, before, 2)]

    assert ids(deliveries.Filters()) == [6, 5]
    assert ids(deliveries.Filters(), 5) == [4, 3]
    assert ids(deliveries.Filters(webhook_id=other.id)) == [6, 4]
    assert ids(deliveries.Filters(state=State.DELIVERED)) == [1]
    assert ids(deliveries.Filters(bot_id=1)) == []


def test_it_shows_since_when_work_waits_for_a_worker(
    database: Database, hook: Webhook, receiver: Receiver
) -> None:
    def since() -> datetime | None:
        with database.read() as session:
            return deliveries.waits_since(session)

    assert since() is None
    tell(database)
    make_due(database)
    assert since() is not None
    deliver(database)
    assert since() is None

import itertools
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from chatbot.errors import Conflict, NotFound
from chatbot.services.delivery import deliveries, webhooks
from chatbot.services.delivery.deliveries import DeliveryState
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, Webhook
from fakes import Clock
from hooks import add_hook, deliver, is_signed_with, make_due, rows, tell
from receiver import Receiver, running


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
    assert ids(deliveries.Filters(state=DeliveryState.DELIVERED)) == [1]
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

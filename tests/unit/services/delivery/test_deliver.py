"""From an event to a real receiver on loopback, on SQLite and on PostgreSQL."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

from chatbot.services.delivery import deliveries
from chatbot.services.delivery.events import EventKind
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Webhook
from hooks import add_hook, assert_set, deliver, make_due, rows, tell
from receiver import Receiver, running, wait_until


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
            add_hook(database, quick.url(), EventKind.TRAINING_FAILED)
            tell(database, EventKind.TRAINING_FAILED)
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

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from chatbot.errors import AddressRefused, Conflict
from chatbot.services.delivery import webhooks
from chatbot.services.delivery.deliver import deliver_due
from chatbot.services.delivery.events import EventKind
from chatbot.settings import Settings
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Webhook
from hooks import add_hook, deliver, is_signed_with, rows, tell
from receiver import Received, Receiver


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
            webhooks.create_webhook(
                session, "ann", receiver.url(), [EventKind.MODEL_HELD], Settings()
            )

    @pytest.mark.parametrize("kinds", [[], [EventKind.TEST]])
    def test_wants_events(self, database: Database, kinds: list[EventKind]) -> None:
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

import json

import pytest

import mail_relay
from receiver import running
from shell import Run


class TestWebhook:
    def test_is_made_tried_seen_and_deleted(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_PRIVATE_NETWORKS", "true")
        with running() as receiver:
            made = run("webhook", "create", receiver.url(), "--event", "model.promoted")
            assert made.stdout.startswith("whsec_")
            assert made.stdout.count("\n") == 1
            assert run("webhook", "test", "1").exit_code == 0
            assert run("webhook", "deliver").stdout == "Attempts made: 1.\n"
            assert receiver.received[0].headers["webhook-id"].startswith("evt_")
            [delivery] = json.loads(run("webhook", "deliveries", "--json").stdout)
            assert (delivery["state"], delivery["status"]) == ("delivered", 200)
            assert run("webhook", "redeliver", "1").exit_code == 0
            assert run("webhook", "deliver").stdout == "Attempts made: 1.\n"
        rotated = run("webhook", "rotate", "1").stdout
        assert rotated.startswith("whsec_")
        assert rotated != made.stdout
        run("webhook", "disable", "1")
        assert "Disabled by cli:" in run("webhook", "list").stdout
        assert "Enable it first" in run("webhook", "test", "1").stderr
        run("webhook", "enable", "1")
        [listed] = json.loads(run("webhook", "list", "--json").stdout)
        assert listed["enabled"]
        assert "secret" not in listed
        assert "delivered" in run("webhook", "deliveries").stdout
        assert "delivered" not in run("webhook", "deliveries", "--failed").stdout
        assert run("webhook", "delete", "1").exit_code == 0
        assert "no webhook 1" in run("webhook", "delete", "1").stderr

    def test_tells_people_by_e_mail(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        order = ("webhook", "create", "mailto:help@example.org", "--event", "handoff.requested")
        refused = run(*order)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "set CHATBOT_SMTP_HOST" in refused.stderr
        with mail_relay.running() as relay:
            for name, value in mail_relay.settings(relay.port).items():
                monkeypatch.setenv(name, value)
            made = run(*order)
            assert made.stdout == "", "there is no secret"
            assert "Webhook 1 is made." in made.stderr
            assert run("webhook", "test", "1").exit_code == 0
            assert run("webhook", "deliver").stdout == "Attempts made: 1.\n"
            assert relay.handed[0].recipient == "help@example.org"
        [listed] = json.loads(run("webhook", "list", "--json").stdout)
        assert (listed["url"], listed["style"]) == ("mailto:help@example.org", "email")

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("http://127.0.0.1/", "--event", "model.promoted"), 1),
            (("https://example.org/",), 2),
            (("https://example.org/", "--event", "model.sold"), 2),
        ],
    )
    def test_nonsense_is_refused(self, run: Run, arguments: tuple[str, ...], code: int) -> None:
        assert run("webhook", "create", *arguments).exit_code == code

    def test_a_number_that_no_database_holds_is_refused(self, run: Run) -> None:
        assert run("webhook", "test", "9" * 30).exit_code == 2

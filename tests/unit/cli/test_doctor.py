import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

import mail_relay
from chatbot.bootstrap import build
from chatbot.settings import Settings
from chatbot.storage.database import now
from chatbot.storage.tables import Delivery
from shell import Run


class TestDoctor:
    def test_is_content_with_a_fresh_folder(self, run: Run) -> None:
        result = run("doctor")
        assert result.exit_code == 0, result.stdout
        assert "✗" not in result.stdout
        assert "· promise: no answer judged of 0 drawn at random" in result.stdout

    def test_finds_a_missing_artefact(self, run_filled: Run) -> None:
        result = run_filled("doctor", real=True)
        assert result.exit_code == 1
        assert "✗ live model: version 1: 000000000000: manifest.json is missing" in result.stdout

    def test_goes_on_after_a_broken_database(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_DATABASE_URL", "postgresql+psycopg://me:hush@127.0.0.1:1/none")
        result = run("doctor", "--json")
        assert result.exit_code == 1
        broken = {f["name"] for f in json.loads(result.stdout) if f["needed"] and not f["ok"]}
        assert {"database", "live model"} <= broken
        assert "hush" not in result.stdout

    def test_tries_the_mail_relay_out(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "✓ mail relay: none is set" in run("doctor").stdout
        with mail_relay.running() as relay:
            for name, value in mail_relay.settings(relay.port).items():
                monkeypatch.setenv(name, value)
            good = run("doctor").stdout
            assert f"✓ mail relay: 127.0.0.1:{relay.port} says to the sender bot@" in good
            relay.replies["MAIL"] = ["530 log in first"]
            assert ": 530 log in first\n    Correct CHATBOT_SMTP_SENDER" in run("doctor").stdout
            assert relay.handed == []
        down = run("doctor")
        assert down.exit_code == 0, "answers go on"
        assert "cannot be used: Connection refused" in down.stdout
        assert "geheim" not in good + down.stdout + run("settings").stdout

    def test_says_when_nobody_delivers(self, run: Run, folder: Path) -> None:
        run("webhook", "create", "https://hooks.example.org/", "--event", "model.promoted")
        run("webhook", "test", "1")
        assert "✓ deliveries" in run("doctor").stdout
        parts = build(Settings(data_dir=folder))
        with parts.database.write() as session:
            session.execute(update(Delivery).values(created_at=now() - timedelta(minutes=2)))
        parts.database.close()
        result = run("doctor")
        assert result.exit_code == 0
        assert "– deliveries: one has been waiting since" in result.stdout


class TestSettings:
    def test_shows_every_one(self, run: Run) -> None:
        shown = json.loads(run("settings", "--json").stdout)
        assert shown.keys() == Settings.model_fields.keys()
        table = run("settings").stdout
        assert all(f"CHATBOT_{name.upper()}" in table for name in Settings.model_fields)

    def test_hides_passwords(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CHATBOT_REDIS_URL", "redis://:hush@cache:6379/0")
        result = run("settings")
        assert "redis://:***@cache:6379/0" in result.stdout
        assert "hush" not in result.stdout

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from chatbot.storage.tables import AuditEvent
from fakes import ANSWERED, KNOWN, UNCLEAR, UNKNOWN
from shell import Run, opened


class TestAsk:
    def test_answers(self, run_filled: Run) -> None:
        result = run_filled("ask", ANSWERED)
        assert result.exit_code == 0
        assert "Open https://id.example/reset." in result.stdout

    def test_asks_back_when_unsure(self, run_filled: Run) -> None:
        assert run_filled("ask", UNCLEAR).stdout.startswith("Not sure.")

    def test_hands_over(self, run_filled: Run) -> None:
        assert "a person should take over" in run_filled("ask", UNKNOWN).stdout

    def test_prints_json(self, run_filled: Run) -> None:
        answered = json.loads(run_filled("ask", KNOWN, "--json").stdout)
        assert answered["decision"] == "answer"
        assert answered["exact"]
        assert answered["candidates"][0]["intent"] == "reset-password"
        assert answered["model_version"] == 1

    def test_refuses_a_blank_question(self, run_filled: Run) -> None:
        result = run_filled("ask", "  ")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "Error: The text is blank. Send a question.\n"

    def test_first_makes_a_model_where_there_is_none(
        self, run: Run, fake_trainer: Callable[[str], None]
    ) -> None:
        fake_trainer("")
        result = run("ask", "anything")
        assert result.exit_code == 0
        assert "making the first one" in result.stderr
        assert "a person should take over" in result.stdout


class TestReview:
    def test_lists_what_waits(self, run_filled: Run) -> None:
        run_filled("ask", UNCLEAR)
        run_filled("ask", UNKNOWN, "--test")
        rows = json.loads(run_filled("queries", "--json").stdout)
        assert [row["text"] for row in rows] == [UNCLEAR]
        assert rows[0]["id"] in run_filled("queries").stdout

    def test_confirms_and_takes_back(self, run_filled: Run, query_id: str) -> None:
        assert "is “vpn”" in run_filled("confirm", query_id, "vpn").stdout
        assert json.loads(run_filled("queries", "--json").stdout) == []
        reviewed = json.loads(run_filled("queries", "--all", "--json").stdout)
        assert reviewed[0]["verdict"] == "vpn"
        assert "back in the review queue" in run_filled("confirm", query_id, "--undo").stdout
        assert len(json.loads(run_filled("queries", "--json").stdout)) == 1

    def test_confirms_that_nothing_fits(self, run_filled: Run, query_id: str) -> None:
        assert "is none of the intents" in run_filled("confirm", query_id, "--none").stdout

    @pytest.mark.parametrize("given", [(), ("vpn", "--none"), ("--none", "--undo")])
    def test_wants_exactly_one_verdict(
        self, run_filled: Run, query_id: str, given: tuple[str, ...]
    ) -> None:
        assert run_filled("confirm", query_id, *given).exit_code == 2

    def test_names_an_unknown_intent(self, run_filled: Run, query_id: str) -> None:
        result = run_filled("confirm", query_id, "teapot")
        assert (result.exit_code, result.stderr) == (1, "Error: There is no intent “teapot”.\n")

    def test_the_audit_trail_names_the_unix_user(
        self, run_filled: Run, query_id: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOGNAME", "carla")
        run_filled("confirm", query_id, "vpn")
        with opened(folder).database.read() as session:
            confirm = select(AuditEvent.actor).where(AuditEvent.action == "query.confirm")
            assert session.scalars(confirm).all() == ["cli:carla"]

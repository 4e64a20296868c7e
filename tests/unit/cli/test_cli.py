from pathlib import Path

import pytest

from shell import Run


class TestEveryCommand:
    def test_an_impossible_setting_is_one_line_and_exit_code_1(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_PORT", "no number")
        result = run("models")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: CHATBOT_PORT: ")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""

    def test_help_works_with_an_impossible_setting(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_PORT", "no number")
        assert run("models", "--help").exit_code == 0

    def test_wrong_usage_is_exit_code_2(self, run: Run) -> None:
        assert run("promote", "1").exit_code == 2

    def test_an_unreachable_database_is_one_line_without_the_password(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_DATABASE_URL", "postgresql+psycopg://me:hush@127.0.0.1:1/none")
        result = run("models")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: The database")
        assert "hush" not in result.stderr

    def test_the_data_folder_given_wins_over_the_environment(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHATBOT_DATA_DIR", str(tmp_path / "other"))
        assert run("models").exit_code == 0
        assert not (tmp_path / "other").exists()

from pathlib import Path

import pytest

from chatbot.cli.context import Context, print_table
from chatbot.errors import ServiceUnavailable, SettingsError


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context({"data_dir": str(tmp_path / "data")})


def test_an_option_wins_over_the_environment_also_over_a_file_that_names_it(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("redis://from-a-file/0")
    monkeypatch.setenv("CHATBOT_REDIS_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("CHATBOT_PORT", "9001")
    assert (context.settings.redis_url, context.settings.port) == ("redis://from-a-file/0", 9001)
    context.override("redis_url", "redis://given/0")
    context.override("port", None)
    assert (context.settings.redis_url, context.settings.port) == ("redis://given/0", 9001)
    assert "CHATBOT_REDIS_URL_FILE" not in context.environment


def test_children_read_the_same_settings(context: Context, tmp_path: Path) -> None:
    context.override("port", 9002)
    assert context.environment["CHATBOT_PORT"] == "9002"
    assert context.environment["CHATBOT_DATA_DIR"] == str(tmp_path / "data")


def test_a_database_that_cannot_be_used_is_said_in_one_line(context: Context) -> None:
    context.override("database_url", "postgresql+psycopg://me:hush@127.0.0.1:1/none")
    with pytest.raises(ServiceUnavailable) as refused:
        _ = context.parts
    assert str(refused.value).startswith("The database cannot be used: ")
    assert "\n" not in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_data_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="data folder cannot be used"):
        _ = Context({"data_dir": str(tmp_path / "file" / "data")}).parts


def test_closing_what_was_never_opened_opens_nothing(context: Context, tmp_path: Path) -> None:
    context.close()
    assert not (tmp_path / "data").exists()


def test_a_user_without_a_name_is_called_by_number(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 1234)
    assert context.actor == "cli:1234"


def test_a_table_for_programs_breaks_no_line_and_reads_no_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table("id", "text", rows=[("a" * 60, "[bold]x[/bold]"), (1, None)])
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["id", "text"]
    assert first.split() == ["a" * 60, "[bold]x[/bold]"]
    assert second.split() == ["1"]

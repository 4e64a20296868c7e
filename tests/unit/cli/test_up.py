from collections.abc import Callable
from pathlib import Path

import pytest

import chatbot.cli.context
import chatbot.cli.up
from chatbot.services.beginning import demo
from shell import Run, owners


class TestUp:
    """Up to where processes would be started."""

    @pytest.fixture
    def awaited(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        seen: list[str] = []

        class Nothing:
            def __init__(self, *_: object) -> None:
                pass

            def run(
                self, on_ready: Callable[[], None], say: Callable[[str], None], ready_path: str
            ) -> None:
                seen.append(ready_path)
                on_ready()

        monkeypatch.setattr(chatbot.cli.up, "Supervisor", Nothing)
        monkeypatch.setattr(chatbot.cli.up, "ensure_model", lambda _: False)
        return seen

    @pytest.mark.parametrize("options", [[], ["--empty"]])
    def test_without_a_terminal_nobody_is_asked_and_nothing_comes_in(
        self, run: Run, folder: Path, awaited: list[str], options: list[str]
    ) -> None:
        result = run("up", "--port", "0", "--web-only", *options)
        assert result.exit_code == 0
        assert awaited == ["/healthz"]
        assert owners(folder) == {}
        for door in ("demo add", "import FILE", "start empty"):
            assert door in result.stdout

    def test_the_demo_is_one_option_away(self, run: Run, folder: Path, awaited: list[str]) -> None:
        assert run("up", "--port", "0", "--web-only", "--demo").exit_code == 0
        assert awaited == ["/readyz"]
        assert set(owners(folder).values()) == set(demo.read_demo().intents)
        again = run("up", "--port", "0", "--web-only", "--demo")
        assert "not empty, so nothing was brought in" in again.stderr

    def test_so_is_a_file(self, run: Run, folder: Path, file: str, awaited: list[str]) -> None:
        assert run("up", "--port", "0", "--web-only", "--faq", file).exit_code == 0
        assert set(owners(folder).values()) == {"wifi"}
        assert run("up", "--demo", "--empty").exit_code == 2

    @pytest.mark.parametrize(
        ("typed", "intents"), [("demo\n", 70), ("\n", 70), ("own\n{file}\n", 1), ("empty\n", 0)]
    )
    def test_a_person_at_a_terminal_is_asked(
        self,
        run: Run,
        folder: Path,
        file: str,
        awaited: list[str],
        monkeypatch: pytest.MonkeyPatch,
        typed: str,
        intents: int,
    ) -> None:
        monkeypatch.setattr(chatbot.cli.up, "_is_terminal", lambda: True)
        result = run("up", "--port", "0", "--web-only", typed=typed.format(file=file))
        assert result.exit_code == 0
        assert len(set(owners(folder).values())) == intents
        assert awaited == ["/readyz" if intents else "/healthz"]

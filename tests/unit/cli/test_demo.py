import json
from pathlib import Path

import pytest

from shell import Run, owners


class TestDemo:
    def test_it_comes_is_described_and_goes(self, run_filled: Run, folder: Path) -> None:
        before = owners(folder)
        monkey = run_filled("demo", "add")
        assert "69 intents" in monkey.stdout
        found = json.loads(run_filled("demo", "remove", "--dry-run", "--json").stdout)
        assert (len(found["intents"]), found["out_of_scope"]) == (69, 297)
        assert run_filled("demo", "remove", typed="n\n").exit_code == 1
        assert len(owners(folder)) > len(before)
        removed = run_filled("demo", "remove", "--yes")
        assert "297 of them out of scope" in removed.stderr
        assert owners(folder) == before
        assert "Nothing of the demo" in run_filled("demo", "remove", "--yes").stdout

    @pytest.fixture(autouse=True)
    def no_training(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What follows is tested with `import`."""
        monkeypatch.setattr("chatbot.cli.demo.ask_for_model", lambda _: None)

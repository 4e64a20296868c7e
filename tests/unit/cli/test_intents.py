import json
from pathlib import Path

from shell import Run


def test_many_intents_are_changed_at_once(run_filled: Run, folder: Path) -> None:
    assert run_filled("intents", "bulk", "delete").exit_code == 2
    tried = run_filled("intents", "bulk", "delete", "--search", "leave", "--dry-run")
    assert "delete 1 intents with 4 utterances" in tried.stderr
    moved = run_filled("intents", "bulk", "move", "vpn", "leave", "--to", "Work", "--yes")
    assert moved.exit_code == 0
    listed = json.loads(run_filled("intents", "list", "--topic", "Work", "--json").stdout)
    assert [each["name"] for each in listed] == ["leave", "vpn"]
    assert run_filled("undo").exit_code == 0
    assert json.loads(run_filled("intents", "list", "--topic", "Work", "--json").stdout) == []

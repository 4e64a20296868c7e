import json

from shell import Run


class TestThresholds:
    def test_nothing_changed_yet(self, run_filled: Run) -> None:
        result = run_filled("thresholds", "list")
        assert result.exit_code == 0
        assert "Nothing was changed yet" in result.stderr
        undone = run_filled("thresholds", "revert", "--reason", "a test")
        assert undone.exit_code == 1
        assert "nothing to undo" in undone.stderr

    def test_they_are_held_and_released(self, run_filled: Run) -> None:
        assert run_filled("thresholds", "hold", "--reason", "a fair is on").exit_code == 0
        listed = run_filled("thresholds", "list", "--json")
        assert [row["reason"] for row in json.loads(listed.stdout)] == ["On hold: a fair is on"]
        assert "on hold" in listed.stderr
        assert run_filled("thresholds", "release", "--reason", "it is over").exit_code == 0
        assert run_filled("thresholds", "release", "--reason", "it is over").exit_code == 1

import json

from fakes import ANSWERED, UNKNOWN
from shell import Run


class TestPin:
    def test_a_pin_is_added_listed_and_removed(self, run_filled: Run) -> None:
        added = run_filled("pin", "add", ANSWERED, "reset-password")
        assert added.stdout.startswith("Pin 1: ")
        assert "Warning" not in added.stderr
        broken = run_filled("pin", "add", UNKNOWN, "vpn")
        assert f"“{UNKNOWN}” is pinned to “vpn”, but the bot hands over." in broken.stderr
        listed = json.loads(run_filled("pin", "list", "--json").stdout)
        assert [(p["id"], p["fault"]) for p in listed] == [(1, None), (2, "the bot hands over")]
        assert UNKNOWN in run_filled("pin", "list", "--broken").stdout
        assert ANSWERED not in run_filled("pin", "list", "--broken").stdout
        assert run_filled("pin", "remove", "2").exit_code == 0
        assert run_filled("pin", "remove", "2").exit_code == 1

    def test_pins_need_no_model(self, run: Run) -> None:
        assert run("pin", "list").exit_code == 0
        unknown = run("pin", "add", "a question", "nothing")
        assert unknown.exit_code == 1
        assert "There is no intent" in unknown.stderr

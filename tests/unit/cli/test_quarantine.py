import json
from pathlib import Path

from chatbot.bootstrap import build
from chatbot.settings import Settings
from factories import add_confirmed
from fakes import with_fake_models
from shell import Run


class TestQuarantine:
    def test_a_group_is_listed_and_released(self, run_filled: Run, folder: Path) -> None:
        assert "Nothing is in quarantine" in run_filled("quarantine", "list").stderr
        parts = with_fake_models(build(Settings(data_dir=folder)))
        with parts.database.write() as session:
            for place in range(51):
                add_confirmed(session, f"question {place}", "vpn")
        parts.database.close()
        [group] = json.loads(run_filled("quarantine", "list", "--json").stdout)
        assert (group["source"], group["says"], group["count"]) == ("agent", "vpn", 51)
        assert "question" in run_filled("quarantine", "list").stdout
        named = ("agent", "vpn", group["day"], "--reason", "a busy day")
        assert run_filled("quarantine", "release", *named).stdout.startswith("51 confirmations")
        assert run_filled("quarantine", "release", *named).exit_code == 1
        assert run_filled("quarantine", "release", "agent", "vpn", "soon").exit_code == 2

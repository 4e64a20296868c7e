import json
from pathlib import Path

from chatbot.bootstrap import build
from chatbot.services.monitoring import watch
from chatbot.settings import Settings
from fakes import add_version, with_fake_models
from shell import Run


class TestWatch:
    def test_nothing_is_watched_before_the_first_promotion(self, run_filled: Run) -> None:
        result = run_filled("watch")
        assert result.exit_code == 0
        assert "nothing is watched" in result.stderr

    def test_a_hold_that_is_not_there_cannot_be_cleared(self, run_filled: Run) -> None:
        result = run_filled("watch", "--clear-hold", "looked at it")
        assert result.exit_code == 1
        assert "nothing to clear" in result.stderr

    def test_a_promotion_is_listed_with_its_figures(self, run_filled: Run, folder: Path) -> None:
        parts = with_fake_models(build(Settings(data_dir=folder)))
        with parts.database.write() as session:
            version = add_version(session, "e")
        assert run_filled("promote", str(version), "--reason", "a test").exit_code == 0
        watch.compare_live(parts.database, parts.models, parts.settings)
        parts.database.close()
        [listed] = json.loads(run_filled("watch", "--json").stdout)
        assert (listed["version"], listed["previous"], listed["state"]) == (version, 1, "watching")
        assert listed["handed_over"] == "– → –"
        assert "watching" in run_filled("watch").stdout

import json

from shell import Run


class TestReady:
    def test_it_says_what_becomes_of_a_hundred_questions(self, run_filled: Run) -> None:
        shown = run_filled("ready")
        assert shown.exit_code == 0
        assert "that the FAQ covers" in shown.stdout
        assert "5 more phrasings" in shown.stdout
        assert "16 of 16 known phrasings" in " ".join(shown.stderr.split())
        found = json.loads(run_filled("ready", "--json").stdout)
        assert (found["tried"], found["mute"], sum(found["all"].values())) == (16, False, 100)

    def test_it_needs_a_model(self, run: Run) -> None:
        result = run("ready")
        assert result.exit_code == 1
        assert "there is no model yet" in result.stderr

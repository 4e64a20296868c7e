import json
from pathlib import Path

import pytest

from factories import add_lacking_version
from fakes import add_version
from shell import Run, opened


class TestEvaluate:
    def test_json_has_exactly_the_promised_keys(self, run_filled: Run, labelled: Path) -> None:
        result = run_filled("evaluate", str(labelled), "--format", "json")
        report = json.loads(result.stdout)
        assert list(report) == [
            "n",
            "top1",
            "in_scope_accuracy",
            "oos_recall",
            "mcc",
            "coverage",
            "wrong_answer_rate",
            "top3",
            "ece",
            "auroc_oos",
            "ms_per_query",
            "model_version",
        ]
        assert (report["n"], report["top1"], report["oos_recall"]) == (3, 1.0, 1.0)
        assert report["ms_per_query"].keys() == {"p50", "p99"}
        assert report["model_version"] == 1

    def test_prints_a_table(self, run_filled: Run, labelled: Path) -> None:
        assert "in_scope_accuracy" in run_filled("evaluate", str(labelled)).stdout

    def test_counts_unknown_intents_as_wrong_and_says_so(
        self, run_filled: Run, labelled: Path
    ) -> None:
        labelled.write_text(labelled.read_text() + "a cup of tea,teapot\n")
        result = run_filled("evaluate", str(labelled), "--format", "json")
        assert "1 of 4 questions have an intent that the FAQ does not know" in result.stderr
        assert json.loads(result.stdout)["top1"] == pytest.approx(2 / 3)

    def test_logs_nothing(self, run_filled: Run, labelled: Path) -> None:
        run_filled("evaluate", str(labelled))
        assert json.loads(run_filled("queries", "--all", "--json").stdout) == []

    @pytest.mark.parametrize("content", ["text,intent\n", "a,b\n1,2\n"])
    def test_refuses_a_file_without_questions(
        self, run_filled: Run, tmp_path: Path, content: str
    ) -> None:
        file = tmp_path / "empty.csv"
        file.write_text(content)
        result = run_filled("evaluate", str(file))
        assert (result.exit_code, result.stdout) == (1, "")

    def test_names_an_unknown_version(self, run_filled: Run, labelled: Path) -> None:
        result = run_filled("evaluate", str(labelled), "--model", "9")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


class TestModels:
    def test_lists_them(self, run_filled: Run) -> None:
        models = json.loads(run_filled("models", "--json").stdout)
        assert [(m["version"], m["state"]) for m in models] == [(1, "live")]
        assert "untrained" in run_filled("models").stdout

    def test_says_how_far_the_candidate_in_the_shadow_is(
        self, run_filled: Run, folder: Path
    ) -> None:
        assert "in silence" not in run_filled("models").stderr
        with opened(folder).database.write() as session:
            lacking = add_lacking_version(session).id
        said = run_filled("models").stderr
        assert f"Version {lacking} lacks evidence. It answers in silence beside version 1." in said

    def test_promotes_and_rolls_back(self, run_filled: Run, folder: Path) -> None:
        with opened(folder).database.write() as session:
            add_version(session, "2")
        promoted = run_filled("promote", "2", "--reason", "looks good")
        assert promoted.stdout == "Version 2 is live instead of version 1 (generation 2).\n"
        back = run_filled("rollback", "--reason", "was not")
        assert back.stdout == "Version 1 is live instead of version 2 (generation 3).\n"
        states = {
            m["version"]: m["state"] for m in json.loads(run_filled("models", "--json").stdout)
        }
        assert states == {1: "live", 2: "withdrawn"}

    def test_promotes_nothing_that_cannot_be_loaded(self, run: Run, folder: Path) -> None:
        parts = opened(folder)
        with parts.database.write() as session:
            add_version(session)
        result = run("promote", "1", "--reason", "try", real=True)
        assert result.exit_code == 1
        assert "manifest.json is missing" in result.stderr
        assert json.loads(run("models", "--json").stdout)[0]["state"] == ""

    def test_has_nothing_to_roll_back_to(self, run_filled: Run) -> None:
        assert run_filled("rollback", "--reason", "no").exit_code == 1

    @pytest.mark.parametrize("form", ["md", "json"])
    def test_reports(self, run_filled: Run, form: str) -> None:
        result = run_filled("report", "1", "--format", form)
        assert result.exit_code == 0
        assert result.stdout.startswith("# Model version 1" if form == "md" else "{")

    def test_names_an_unknown_version(self, run_filled: Run) -> None:
        result = run_filled("report", "9")
        assert result.stderr == "Error: There is no model version 9.\n"

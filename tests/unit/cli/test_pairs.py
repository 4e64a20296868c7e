import json
from pathlib import Path

from shell import Run


class TestPairs:
    def test_a_file_is_imported_listed_exported_and_taken_back(
        self, run: Run, tmp_path: Path
    ) -> None:
        file, copy = tmp_path / "pairs.csv", tmp_path / "copy.csv"
        file.write_text("text_a,text_b,score\none,two,0.5\nthree,four,1\n")
        assert run("pairs", "import", str(file)).stdout.startswith("2 pairs added, 0 changed")
        assert run("pairs", "import", str(file)).stdout.startswith("0 pairs added, 0 changed, 2")
        listed = json.loads(run("pairs", "list", "--json").stdout)
        assert [(p["id"], p["text_a"], p["score"]) for p in listed] == [
            (2, "three", 1.0),
            (1, "one", 0.5),
        ]
        assert "three" in run("pairs", "list").stdout
        assert run("pairs", "export", str(copy)).exit_code == 0
        assert copy.read_text() == file.read_text() == run("pairs", "export").stdout
        assert run("pairs", "remove", "1").stdout == "1 pairs are removed.\n"
        assert run("pairs", "remove", "--by", listed[0]["by"]).exit_code == 0
        assert "no pairs" in run("pairs", "list").stderr

    def test_one_mistake_and_nothing_is_imported(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "pairs.csv"
        file.write_text("text_a,text_b,score\none,two,0.5\nthree,four,2\n")
        result = run("pairs", "import", str(file))
        assert result.exit_code == 1
        assert "pairs.csv:3: The score is 2" in result.stderr
        assert json.loads(run("pairs", "list", "--json").stdout) == []

    def test_all_of_some_pairs_are_removed_or_none(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "pairs.csv"
        file.write_text("text_a,text_b,score\none,two,0.5\n")
        run("pairs", "import", str(file))
        result = run("pairs", "remove", "1", "9")
        assert result.exit_code == 1
        assert "no pair 9" in result.stderr
        assert len(json.loads(run("pairs", "list", "--json").stdout)) == 1
        assert run("pairs", "remove").exit_code == 2
        assert run("pairs", "remove", "1", "--by", "ann").exit_code == 2

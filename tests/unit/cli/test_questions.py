import json
from pathlib import Path

from shell import Run


def test_test_questions_are_listed_added_imported_and_removed(
    run_filled: Run, tmp_path: Path
) -> None:
    path = tmp_path / "q.csv"
    path.write_text("text,intent\nmy tunnel died,vpn\ndo you sell bread,\n")
    assert "2 test questions added" in run_filled("questions", "import", str(path)).stdout
    assert run_filled("questions", "add", "sing a song").exit_code == 0
    out = json.loads(run_filled("questions", "list", "--out-of-scope", "--json").stdout)
    assert [(q["text"], q["origin"]) for q in out] == [
        ("sing a song", None),
        ("do you sell bread", "file"),
    ]
    assert "my tunnel died" in run_filled("questions", "list", "--intent", "vpn").stdout
    assert run_filled("questions", "remove").exit_code == 2
    assert "2 test" in run_filled("questions", "remove", "--out-of-scope", "--yes").stdout
    assert run_filled("undo").exit_code == 0
    assert len(json.loads(run_filled("questions", "list", "--json").stdout)) == 3
    assert run_filled("questions", "add", "VPN drops all the time").exit_code == 1

"""What counts as a difference between two commits, and what does not."""

import sqlite3
from pathlib import Path

from bench.snapshot import as_tags, describe_file, dump_schema, make_same, split_document
from bench.unchanged import compare, explain


def test_times_ids_and_tokens_of_two_runs_are_the_same() -> None:
    one = make_same(
        "asked 2026-11-29T10:00:01.5+00:00 as 0199c0de11aa, 3 minutes ago, 80.1 GB free"
    )
    other = make_same("asked 2026-12-01 09:59:59 as 7f00beef2200, an hour ago, 7 GB free")
    assert one.replace("ago", "") == other.replace("ago", "")
    assert make_same("12 intents, 90 % right") == "12 intents, 90 % right"


def test_a_page_is_compared_tag_by_tag_without_its_layout() -> None:
    assert as_tags("<p>\n  One   word &amp; more</p>") == "<p>\nOne word & more\n</p>"
    assert as_tags("<p>One word &amp; more</p>") == as_tags("<p>\n  One   word &amp; more</p>")


def test_tables_are_the_same_whatever_order_their_columns_came_in(tmp_path: Path) -> None:
    found = []
    for number, columns in enumerate(
        ("a INTEGER, b NUMERIC(4, 2), CHECK (a > 0)", "b NUMERIC(4, 2), a INTEGER, CHECK (a > 0)")
    ):
        path = tmp_path / f"{number}.db"
        with sqlite3.connect(path) as database:
            database.execute(f"CREATE TABLE t ({columns})")
            database.execute("CREATE INDEX of_a ON t (a)")
        found.append(dict(dump_schema(path)))
    assert found[0] == found[1]
    assert "b NUMERIC(4, 2)" in found[0]["t"].splitlines()
    assert "CREATE INDEX of_a ON t (a)" in found[0]["t"].splitlines()


def test_of_json_the_keys_count_and_not_the_values(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text('{"model": {"count": 7}, "files": [{"name": "a"}, {"name": "b"}]}')
    assert describe_file(file).splitlines() == [".files", ".files[].name", ".model", ".model.count"]


def test_a_document_is_compared_path_by_path_and_schema_by_schema() -> None:
    document = {"paths": {"/a": {}}, "components": {"schemas": {"B": {}}}, "openapi": "3.1.0"}
    assert [name for name, _ in split_document(document)] == ["path /a", "schema B", "rest"]


def test_a_difference_is_counted_in_lines_and_explained_by_the_first_row_that_fits(
    tmp_path: Path,
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, files in ((before, {"a": "1\n2\n", "same": "x"}), (after, {"a": "1\n3\n4\n"})):
        folder.mkdir()
        for name, text in (files | {"same": "x"}).items():
            (folder / name).write_text(text)
    (after / "new").write_text("y\n")
    found = compare(before, after, context=0)
    assert [(one.name, one.gone, one.new) for one in found] == [("a", 1, 2), ("new", 0, 1)]
    rows = [{"kind": "help", "name": "a*", "why": "meant"}]
    assert explain(rows, "help", "ask") == "meant"
    assert explain(rows, "pages", "ask") is None
    assert explain(rows, "help", "up") is None

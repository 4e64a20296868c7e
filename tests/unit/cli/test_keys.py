import json

from shell import Run


class TestKeys:
    def test_are_made_listed_and_revoked(self, run: Run) -> None:
        made = run("key", "create", "widget", "--scope", "ask", "--days", "7")
        assert made.stdout.startswith("cb_")
        assert made.stdout.count("\n") == 1
        (listed,) = json.loads(run("key", "list", "--json").stdout)
        assert (listed["name"], listed["scope"], listed["revoked_at"]) == ("widget", "ask", None)
        assert made.stdout.strip() not in run("key", "list").stdout
        assert "is revoked" in run("key", "revoke", listed["id"]).stdout
        assert json.loads(run("key", "list", "--json").stdout)[0]["revoked_at"]

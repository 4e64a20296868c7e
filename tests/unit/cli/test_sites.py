import json
from pathlib import Path

from chatbot.cli.context import Context
from chatbot.cli.sites import make_first_site
from shell import Run


class TestSites:
    def test_are_added_listed_and_revoked(self, run: Run) -> None:
        origins = ("--origin", "https://shop.example", "--origin", "localhost")
        key = run("site", "add", "Shop", *origins, "--per-visitor", "5").stdout.strip()
        assert key.startswith("site_")
        (listed,) = json.loads(run("site", "list", "--json").stdout)
        assert (listed["key"], listed["name"], listed["per_visitor"]) == (key, "Shop", 5)
        assert listed["origins"] == "https://shop.example localhost"
        assert key in run("site", "list").stdout
        assert "is revoked" in run("site", "revoke", key).stdout
        assert json.loads(run("site", "list", "--json").stdout)[0]["revoked_at"]

    def test_the_demo_page_gets_one_at_the_first_start_only(self, run: Run, folder: Path) -> None:
        for _ in range(2):
            context = Context({"data_dir": str(folder)})
            make_first_site(context)
            context.close()
        (demo,) = json.loads(run("site", "list", "--json").stdout)
        assert (demo["name"], demo["origins"]) == ("Demo", "self")

    def test_a_mistake_is_one_line(self, run: Run) -> None:
        result = run("site", "add", "Shop", "--origin", "shop.example")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: “shop.example” is no origin")
        assert run("site", "revoke", "site_none").exit_code == 1
        assert run("site", "add", "Shop").exit_code == 2

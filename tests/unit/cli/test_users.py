import json

from shell import Run


class TestUser:
    def test_an_account_is_made_listed_and_disabled(self, run: Run) -> None:
        password = "correct horse battery"
        made = run("user", "create", "Ann@example.org", "--role", "admin", "--password", password)
        assert made.stdout == "ann@example.org may sign in as admin.\n"
        boss = run("user", "create", "boss@example.org", "--role", "admin", "--password", password)
        assert boss.exit_code == 0
        assert run("user", "disable", "ann@example.org").exit_code == 0
        listed = json.loads(run("user", "list", "--json").stdout)
        assert [(p["email"], p["role"], p["disabled"]) for p in listed] == [
            ("ann@example.org", "admin", True),
            ("boss@example.org", "admin", False),
        ]
        assert run("user", "enable", "ann@example.org").exit_code == 0
        assert "ann@example.org" in run("user", "list").stdout
        changed = run("user", "password", "ann@example.org", "--password", "another good one")
        assert changed.exit_code == 0

    def test_a_mistake_is_one_line(self, run: Run) -> None:
        short = run("user", "create", "ann@example.org", "--role", "agent", "--password", "short")
        assert short.exit_code == 1
        assert "10 to 200 characters" in short.stderr
        assert run("user", "disable", "nobody@example.org").exit_code == 1
        assert run("user", "create", "ann@example.org", "--role", "king").exit_code == 2

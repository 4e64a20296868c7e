import json
import re

from shell import Run


def test_a_chatwoot_bot_is_connected_listed_and_disconnected(run: Run) -> None:
    options = ("--url", "https://chat.example", "--account", "3", "--token", "t0ken")
    connected = run("chatwoot", "connect", "website", *options)
    assert re.fullmatch(r"/v1/chatwoot/[\w-]{43}\n", connected.stdout)
    [bot] = json.loads(run("chatwoot", "list", "--json").stdout)
    assert (bot["name"], bot["account"], bot["signed"]) == ("website", 3, False)
    assert "t0ken" not in run("chatwoot", "list").stdout
    assert run("chatwoot", "disconnect", "1").exit_code == 0
    assert "no Chatwoot bot 1" in run("chatwoot", "disconnect", "1").stderr

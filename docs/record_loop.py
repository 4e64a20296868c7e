"""Records docs/loop.svg: the loop from a shell, with what the commands really print.

Run it from the repository's root: .venv/bin/python docs/record_loop.py
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

CHATBOT = str(Path(sys.executable).with_name("chatbot"))
TARGET = Path(__file__).with_name("loop.svg")
NAMES = ("Kestrel", "Lanthorn", "Quillon")
INTENTS = ("vpn-connect", "two-factor-lost-device", "sync-problems")
QUESTION = "trouble with Kestrel here"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHATBOT_DATA_DIR"] = folder
        console = Console(record=True, width=100)
        run("import", "faq_data")
        ask(console, "the printer has a paper jam but there is no paper in it")
        ask(console, QUESTION)
        say(console, "# Agents confirm 40 such questions over the API; here is one of them:")
        confirm_many(console)
        show(console, "retrain", "--wait")
        ask(console, QUESTION)
        show(console, "rollback", "--reason", "just to show it")
    console.save_svg(str(TARGET), title="helpdesk chatbot")


def confirm_many(console: Console) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from code_names import PHRASINGS

    for name, intent in zip(NAMES, INTENTS, strict=True):
        for phrasing in PHRASINGS:
            query = json.loads(run("ask", "--json", phrasing.format(name)))["query_id"]
            confirmed = run("confirm", query, intent)
    say(console, f"$ chatbot confirm {query} {intent}")
    say(console, confirmed.strip())


def ask(console: Console, question: str) -> None:
    show(console, "ask", question)


def show(console: Console, *arguments: str) -> None:
    say(console, f"$ chatbot {shlex.join(arguments)}")
    say(console, run(*arguments).rstrip())


def say(console: Console, text: str) -> None:
    style = "bold green" if text.startswith("$") else "dim" if text.startswith("#") else ""
    console.print(Text(text, style=style))


def run(*arguments: str) -> str:
    command = [CHATBOT, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()

"""Records docs/loop.svg: the loop from a shell, with what the commands really print.

Run it from the repository's root: .venv/bin/python docs/record_loop.py
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from chatbot.bootstrap import build
from chatbot.services.asking.ask import Question, answer_all
from chatbot.services.review.confirm import confirm
from chatbot.settings import Settings

CHATBOT = str(Path(sys.executable).with_name("chatbot"))
TARGET = Path(__file__).with_name("loop.svg")
QUESTION = "trouble with Kestrel here"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHATBOT_DATA_DIR"] = folder
        console = Console(record=True, width=100)
        run("import", "faq_data")
        ask(console, "the printer has a paper jam but there is no paper in it")
        ask(console, QUESTION)
        confirm_many(console)
        show(console, "retrain", "--wait")
        ask(console, QUESTION)
        show(console, "rollback", "--reason", "just to show it")
    picture = console.export_svg(title="helpdesk chatbot")
    TARGET.write_text(
        re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    )  # they are remote


def confirm_many(console: Console) -> None:
    """By the services themselves, because a hundred commands would take minutes."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from code_names import CODE_NAMES, PHRASINGS

    parts = build(Settings.from_env())
    matcher = parts.models.open_version()
    for intent, name in CODE_NAMES.items():
        for phrasing in PHRASINGS:
            question = Question(phrasing.format(name))
            query = answer_all(parts.database, matcher, [question])[0].query_id
            with parts.database.write() as session:
                confirm(session, query, intent, "agent", parts.settings)
    say(console, "# Agents have confirmed 96 questions with such names. One more, from the shell:")
    query = json.loads(run("ask", "--json", "Kestrel is what I need"))["query_id"]
    show(console, "confirm", query, "vpn-connect")


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

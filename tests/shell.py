"""What tests of commands share."""

from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from sqlalchemy import select

from chatbot.bootstrap import Parts, build
from chatbot.settings import Settings
from chatbot.storage.tables import Intent, Utterance

Run = Callable[..., Result]
CSV = "text,intent,answer\nno wifi,wifi,Ask.\nVPN drops all the time,wifi,\n"


def opened(folder: Path) -> Parts:
    return build(Settings(data_dir=folder))


def owners(folder: Path) -> dict[str, str]:
    parts = opened(folder)
    with parts.database.read() as session:
        found = dict(session.execute(select(Utterance.text, Intent.name).join(Intent)).all())
    parts.database.close()
    return found

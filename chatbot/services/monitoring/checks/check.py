"""The parts of a check: what it finds, and what it may look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from chatbot.errors import ChatbotError
from chatbot.services.releases.open_models import StoredModels
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.nudge import Nudge


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; what is not `needed` may fail without harm to answers.

    One that is `too_early` found nothing wrong, because there is too little to look at.
    """

    name: str
    ok: bool
    detail: str
    advice: str = ""
    needed: bool = True
    too_early: bool = False


class Instance(Protocol):
    """The installation that is looked at. Each part may raise what its opening raises."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def nudge(self) -> Nudge: ...
    @property
    def models(self) -> StoredModels: ...


Check = Callable[[Instance], Finding]


def run(checks: Sequence[Check], instance: Instance) -> list[Finding]:
    """Return one finding a check, in their order; a check that raises has found something."""
    return [_guarded(check, instance) for check in checks]


def _guarded(check: Check, instance: Instance) -> Finding:
    name = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        return check(instance)
    except (ChatbotError, SQLAlchemyError, OSError, ImportError) as error:
        return Finding(name, False, str(error).splitlines()[0] if str(error) else repr(error))

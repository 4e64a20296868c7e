"""What a view finds around it: the assembled parts of the process."""

from typing import Protocol

from flask import current_app

from chatbot.matching.live import LiveMatcher
from chatbot.services.access.keys import KeyRing
from chatbot.services.asking.ask import Answerer
from chatbot.services.asking.popular import PopularQuestions
from chatbot.services.asking.rate_limits import RateLimits
from chatbot.services.asking.sites import SiteRing
from chatbot.services.monitoring.monitor import Monitor
from chatbot.services.monitoring.readiness import ReadinessOf
from chatbot.services.releases.follow import StoredModels
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.nudge import Nudge

EXTENSION = "chatbot"


class Parts(Protocol):
    """The parts that the API uses; `bootstrap.Parts` has them and more."""

    settings: Settings
    database: Database
    keys: KeyRing
    sites: SiteRing
    limits: RateLimits
    nudge: Nudge
    models: StoredModels
    live: LiveMatcher
    answerer: Answerer
    popular: PopularQuestions
    readiness: ReadinessOf
    monitor: Monitor


def parts() -> Parts:
    found: Parts = current_app.extensions[EXTENSION]
    return found

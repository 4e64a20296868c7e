"""The one place that knows how the parts are wired; web app, CLI, workers and tests use it."""

from dataclasses import dataclass

from chatbot.matching.live import LiveMatcher
from chatbot.services.access.keys import KeyRing
from chatbot.services.asking.ask import Answerer
from chatbot.services.asking.popular import PopularQuestions
from chatbot.services.asking.rate_limits import RateLimits
from chatbot.services.asking.sites import SiteRing
from chatbot.services.monitoring.monitor import Monitor
from chatbot.services.monitoring.readiness import ReadinessOf
from chatbot.services.releases.open_models import StoredModels
from chatbot.settings import Settings
from chatbot.storage.artefacts import ArtefactStore
from chatbot.storage.counters import Counters
from chatbot.storage.database import Database
from chatbot.storage.migrate import migrate
from chatbot.storage.nudge import Nudge


@dataclass(frozen=True)
class Parts:
    """The parts that a use case may need, assembled once for each process."""

    settings: Settings
    database: Database
    keys: KeyRing
    sites: SiteRing
    limits: RateLimits
    artefacts: ArtefactStore
    models: StoredModels
    nudge: Nudge
    live: LiveMatcher
    answerer: Answerer
    popular: PopularQuestions
    readiness: ReadinessOf
    monitor: Monitor


def build(settings: Settings) -> Parts:
    """Assemble the parts over a data folder that is made and migrated as needed; starts nothing."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(settings.database)
    migrate(database)
    artefacts = ArtefactStore(settings.artefacts, settings.cache_dir, settings.data_dir / "staging")
    models = StoredModels(settings, database, artefacts)
    live = LiveMatcher(models, settings.poll_seconds)
    return Parts(
        settings=settings,
        database=database,
        keys=KeyRing(database),
        sites=SiteRing(database),
        limits=RateLimits(Counters(settings.redis)),
        artefacts=artefacts,
        models=models,
        nudge=Nudge(settings.redis),
        live=live,
        answerer=Answerer(database, live, settings.max_text_chars, settings.live_sample_share),
        popular=PopularQuestions(database),
        readiness=ReadinessOf(database),
        monitor=Monitor(database, settings.promise),
    )

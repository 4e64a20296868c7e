"""What a watch sees: questions drawn at random and judged, and a version that it takes back."""

from chatbot.bootstrap import Parts
from chatbot.domain.gate import Verdict
from chatbot.domain.matching import Decision
from chatbot.services.monitoring import watch
from chatbot.services.releases import release
from chatbot.services.releases.kinds import WatchState
from chatbot.storage.database import now
from chatbot.storage.tables import Watch
from factories import add_confirmed, add_version

WORSE = "It does worse with visitors: it hands over <far> more."


def judge_sample(parts: Parts, right: int, wrong: int) -> None:
    """Let agents judge so many answers of the random sample."""
    with parts.database.write() as session:
        for place in range(right + wrong):
            add_confirmed(
                session,
                "a question",
                "vpn" if place < right else "leave",
                decision=Decision.ANSWER.value,
                candidates=[{"intent": "vpn", "probability": 0.9}],
                sample_share=0.02,
                asked_at=now(),
            )


def roll_back(parts: Parts) -> int:
    """Return a version that a night promoted and that the watch took back, being `WORSE`."""
    with parts.database.write() as session:
        version = add_version(session, verdict=Verdict.PROMOTE).id
        release.promote_automatically(session, version, "better", 1)
    watch.compare_live(parts.database, parts.models, parts.settings)
    with parts.database.write() as session:
        row = session.get_one(Watch, 2)
        row.state, row.message = WatchState.ALARM, WORSE
    assert watch.compare_live(parts.database, parts.models, parts.settings)
    return version

from datetime import timedelta
from typing import Any

from chatbot.domain.matching import Decision
from chatbot.services.knowledge.intent_health import PERIOD, read_health
from chatbot.storage.database import Database, now
from factories import add_confirmed, add_intent, add_query


def first(*intents: str) -> dict[str, Any]:
    """A question of today that was answered with the first of these candidates."""
    candidates = [{"intent": intent, "probability": 0.5} for intent in intents]
    return {"candidates": candidates, "asked_at": now(), "decision": Decision.ANSWER.value}


def test_health_counts_who_came_first_and_what_agents_said(database: Database) -> None:
    before = now()
    with database.write() as session:
        for name in ("vpn", "wifi", "unused"):
            add_intent(session, name)
        add_query(session, "a", **first("vpn", "wifi"))
        add_query(session, "b", **first("vpn") | {"asked_at": now() - PERIOD - timedelta(days=1)})
        add_query(session, "c", **first("vpn") | {"test": True})
        for text, verdict in (("d", "vpn"), ("e", "wifi"), ("f", "wifi"), ("g", None)):
            add_confirmed(session, text, verdict, **first("vpn"))
        add_confirmed(session, "h", "vpn", **first("wifi"))
        for unanswered in (Decision.CLARIFY, Decision.HANDOFF):
            silent = first("wifi") | {"decision": unanswered.value}
            add_confirmed(session, f"i {unanswered}", "vpn", **silent)
        health = read_health(session, ["vpn", "wifi", "unused"])
    vpn = health["vpn"]
    assert (vpn.asked, vpn.right, vpn.wrong, vpn.judged) == (5, 1, 3, 4)
    assert vpn.confused == {"wifi": 2, None: 1}
    assert next(iter(vpn.confused)) == "wifi"
    assert vpn.last_asked is not None
    assert before <= vpn.last_asked <= now()
    assert health["wifi"].confused == {"vpn": 1}, "what was handed over was not answered wrongly"
    assert (health["unused"].asked, health["unused"].last_asked) == (0, None)


def test_what_was_last_asked_long_ago_is_known(database: Database) -> None:
    asked = now() - timedelta(days=200)
    with database.write() as session:
        add_intent(session, "vpn")
        add_query(session, "a", **first("vpn") | {"asked_at": asked})
        vpn = read_health(session, ["vpn"])["vpn"]
    assert (vpn.asked, vpn.last_asked) == (0, asked)

from datetime import timedelta

from chatbot.services.monitoring.daily_counts import (
    Traffic,
    list_days,
    read_agreement,
    read_backlog,
)
from chatbot.storage.database import Database, now
from factories import add_confirmed, add_intent, add_query


def test_days_are_counted_by_what_the_bot_did(database: Database) -> None:
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    with database.write() as session:
        add_query(session, decision="answer", helpful=True, asked_at=today)
        add_query(session, decision="clarify", helpful=False, asked_at=today)
        add_query(session, decision="handoff", asked_at=today - timedelta(microseconds=1))
        add_query(session, decision="handoff", asked_at=today - timedelta(days=29))
        add_query(session, decision="handoff", asked_at=today - timedelta(days=30))
        add_query(session, decision="answer", asked_at=today, test=True)
        days = list_days(session)
    assert len(days) == 30
    assert days[-1] == (today.date(), Traffic(1, 1, 0, 1, 1))
    assert days[-2][1] == Traffic(handed_over=1)
    assert Traffic.sum(day for _, day in days) == Traffic(1, 1, 2, 1, 1)


def test_the_backlog_knows_its_oldest(database: Database) -> None:
    with database.write() as session:
        assert read_backlog(session).oldest is None
        add_intent(session, "vpn")
        add_confirmed(session, "judged", "vpn")
        first = add_query(session, "first")
        add_query(session, "second")
        backlog = read_backlog(session)
    assert (backlog.waiting, backlog.oldest, backlog.is_more) == (2, first.asked_at, False)


def test_agreement_counts_answers_that_were_judged(database: Database) -> None:
    said = [{"intent": "vpn", "probability": 0.9}]
    with database.write() as session:
        add_intent(session, "vpn")
        add_intent(session, "leave")
        for intent in ("vpn", "vpn", "leave", None):
            add_confirmed(session, "text", intent, decision="answer", candidates=said)
        add_confirmed(session, "text", "vpn", decision="clarify", candidates=said)
        share = read_agreement(session)
    assert (share.value, share.of) == (0.5, 4)
    assert share.low < 0.5 < share.high

from chatbot.domain.split import Part
from chatbot.services.receipt import Stage, list_receipts
from chatbot.storage.database import Database
from factories import add_confirmed, add_intent, add_live_version, add_query, add_version


def test_a_receipt_says_how_far_a_verdict_has_come(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        waiting = add_confirmed(session, "waiting", "vpn")
        measures = add_confirmed(session, "measures", "vpn", Part.HELD_OUT)
        learnt = add_confirmed(session, "learnt", "vpn")
        live = add_confirmed(session, "live", None)
        unjudged = add_query(session, "unjudged")
        now_live = add_live_version(session, learnt=[live.id])
        later = add_version(session, learnt=[live.id, learnt.id])
        receipts = list_receipts(session, [waiting, measures, unjudged, learnt, live])
        assert [(r.query.text, r.stage, r.version) for r in receipts] == [
            ("waiting", Stage.WAITING, None),
            ("measures", Stage.MEASURES, None),
            ("learnt", Stage.LEARNT, later.id),
            ("live", Stage.LIVE, now_live.id),
        ]


def test_without_a_model_all_wait(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        query = add_confirmed(session, "how do I connect", "vpn")
        assert [r.stage for r in list_receipts(session, [query])] == [Stage.WAITING]
        assert list_receipts(session, []) == []

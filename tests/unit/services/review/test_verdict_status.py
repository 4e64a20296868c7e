from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose
from chatbot.domain.quarantine import Standing
from chatbot.services.review.verdict_status import Effect, list_receipts, say
from chatbot.storage.database import Database
from chatbot.storage.tables import Query
from factories import add_confirmed, add_intent, add_live_version, add_query, add_version


def said(session: Session, query: Query) -> tuple[Effect, str]:
    [receipt] = list_receipts(session, [query])
    return receipt.effect, say(receipt)


def test_a_receipt_says_how_far_a_verdict_has_come(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        new = add_confirmed(session, "new", "vpn")
        measures = add_confirmed(session, "measures", "vpn", Purpose.HELD_OUT)
        unjudged = add_query(session, "unjudged")
        learnt = add_confirmed(session, "learnt", "vpn")
        live = add_confirmed(session, "live", None)
        now_live = add_live_version(session, learnt=[live.id])
        later = add_version(session, learnt=[live.id, learnt.id])
        receipts = list_receipts(session, [new, measures, unjudged, learnt, live])
    words = "The same words are answered so from now on, and it counts for similar questions."
    assert [(r.effect, r.version, r.is_live) for r in receipts] == [
        (Effect.COUNTS, None, False),
        (Effect.COUNTS, None, False),
        (Effect.COUNTS, later.id, False),
        (Effect.COUNTS, now_live.id, True),
    ]
    assert [say(r) for r in receipts] == [
        f"{words} The next training learns it.",
        f"{words} It measures models, so none is trained on it.",
        f"{words} Model {later.id}, which is not live, has learnt it.",
        f"{words.replace('answered so', 'handed over')} "
        f"Model {now_live.id}, which is live, has learnt it.",
    ]


def test_what_waits_obeys_and_what_is_apart_does_nothing(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        found = {
            standing: said(session, add_confirmed(session, standing, "vpn", standing=standing))
            for standing in (Standing.SECOND, Standing.TURN, Standing.APART)
        }
    assert [effect for effect, _ in found.values()] == [Effect.SECOND, Effect.TURN, Effect.APART]
    assert "once a second person says it too" in found[Standing.SECOND][1]
    assert "from a later night on" in found[Standing.TURN][1]
    assert "without effect until an admin releases it" in found[Standing.APART][1]


def test_who_said_otherwise_of_the_same_words_is_named(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        add_intent(session, "invoice")
        first = add_confirmed(session, "it is broken", "vpn", days_ago=2)
        assert first.confirmation is not None
        first.confirmation.confirmed_by = "ada"
        session.flush()
        mine = add_confirmed(session, "It is BROKEN", "invoice", days_ago=1)
        day = f"{first.confirmation.confirmed_at:%-d %b}"
        effect, words = said(session, mine)
        assert effect == Effect.COUNTS
        assert words.endswith(f"ada said “vpn” on {day} for the same words.")
        effect, words = said(session, first)
        assert effect == Effect.OVERRULED
        assert "agent said “invoice” on" in words
        assert mine.confirmation is not None
        mine.confirmation.standing = Standing.APART
        session.flush()
        assert said(session, first)[0] == Effect.COUNTS, "what is in quarantine overrules nobody"


def test_the_faq_and_a_draft_stand_in_the_way(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "it is broken")
        add_intent(session, "retired", enabled=False)
        agrees = add_confirmed(session, "It is broken", "vpn")
        differs = add_confirmed(session, "it is BROKEN", None)
        draft = add_confirmed(session, "fax", "retired")
        assert said(session, agrees)[0] == Effect.COUNTS
        effect, words = said(session, differs)
        assert effect == Effect.FAQ
        assert words.startswith("The FAQ has these very words for “vpn”, and that stands.")
        assert said(session, draft)[0] == Effect.DISABLED


def test_without_a_model_all_count_for_the_one_to_come(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn")
        query = add_confirmed(session, "how do I connect", "vpn")
        assert said(session, query)[0] == Effect.COUNTS
        assert list_receipts(session, []) == []

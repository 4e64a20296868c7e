from datetime import timedelta

from sqlalchemy import update

from chatbot.services.learning.taught import list_newly_taught
from chatbot.storage.database import Database, now
from chatbot.storage.tables import Confirmation, ModelVersion
from factories import add_confirmed, add_intent, add_live_version, add_version


def test_what_was_judged_since_about_what_only_the_candidate_learnt(database: Database) -> None:
    with database.write() as session:
        for name in ("vpn", "leave", "fax"):
            add_intent(session, name, f"about {name}")
        old = add_confirmed(session, "an earlier Kestrel", "vpn").id
        known = add_confirmed(session, "a day off", "leave").id
        live = add_live_version(session, learnt=[old, known]).id
        long_ago = now() - timedelta(days=9)
        session.execute(update(ModelVersion).values(created_at=now() - timedelta(days=1)))
        before = (Confirmation.query_id == old) | (Confirmation.query_id == known)
        session.execute(update(Confirmation).where(before).values(confirmed_at=long_ago))
        new = add_confirmed(session, "our Kestrel is down", "vpn").id
        add_confirmed(session, "which Kestrel", "vpn")
        add_confirmed(session, "another day off", "leave")
        add_confirmed(session, "a joke", None)
        candidate = add_version(session, learnt=[old, known, new]).id
        found = list_newly_taught(session, candidate, live)
        assert found == {"our Kestrel is down", "which Kestrel"}
        assert list_newly_taught(session, live, live) == set()
        assert list_newly_taught(session, candidate, None) == set()  # nothing to be newer than

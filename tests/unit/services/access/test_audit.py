from chatbot.services.access import audit
from chatbot.storage.database import Database, now


def test_the_trail_is_read_newest_first_and_in_pages(database: Database) -> None:
    before = now()
    with database.write() as session:
        for subject in range(5):
            audit.record(session, "ann", "noise", subject, before={"title": "Ä"})
    with database.read() as session:
        first = audit.list_events(session, None, 3)
        rest = audit.list_events(session, first[-1].id, 3)
    assert [event.subject for event in [*first, *rest]] == ["4", "3", "2", "1", "0"]
    assert first[0].detail == {"before": {"title": "Ä"}}
    assert (first[0].actor, first[0].action) == ("ann", "noise")
    assert before <= first[0].at <= now()

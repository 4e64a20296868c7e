from chatbot.services.releases import list_versions
from chatbot.services.releases.reports import keep_report
from chatbot.storage.database import Database
from factories import add_version, make_small_report


def test_versions_come_newest_first_with_what_they_change(database: Database) -> None:
    with database.write() as session:
        first = add_version(session, kind="untrained").id
        row = add_version(session, parent_id=first, verdict="hold", withdrawn=True)
        keep_report(row, make_small_report(reasons=["It answers 2 more.", "By a test."]))
        second = row.id
    with database.read() as session:
        newest, oldest = list_versions.list_versions(session, None, 10)
    assert (newest.id, newest.parent_id, newest.verdict) == (second, first, "hold")
    assert (newest.withdrawn, newest.training_rows, newest.change) == (
        True,
        10,
        "It answers 2 more.",
    )
    assert (oldest.id, oldest.kind, oldest.change) == (first, "untrained", None)
    assert oldest.created_at.tzinfo is not None


def test_a_report_without_reasons_says_nothing(database: Database) -> None:
    with database.write() as session:
        keep_report(add_version(session), make_small_report(reasons=[]))
    with database.read() as session:
        assert list_versions.list_versions(session, None, 1)[0].change is None


def test_older_versions_follow_on_the_next_page(database: Database) -> None:
    with database.write() as session:
        ids = [add_version(session).id for _ in range(3)]
    with database.read() as session:
        assert [v.id for v in list_versions.list_versions(session, None, 2)] == [ids[2], ids[1]]
        assert [v.id for v in list_versions.list_versions(session, ids[1], 2)] == [ids[0]]

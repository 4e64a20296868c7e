import pytest

from chatbot.services.access import audit
from chatbot.services.knowledge.removed_demo import REMOVED, knows_removed_demo
from chatbot.storage.database import Database
from factories import add_version


def test_where_no_demo_was_removed_no_version_knows_it(database: Database) -> None:
    with database.write() as session:
        assert not knows_removed_demo(session, add_version(session, knowledge_revision=0))


@pytest.mark.parametrize(("revision", "knows"), [(6, True), (7, False), (8, False)])
def test_what_was_made_before_the_removal_knows_it(
    database: Database, revision: int, knows: bool
) -> None:
    with database.write() as session:
        audit.record(session, "ann", REMOVED, "demo", revision=7)
        version = add_version(session, knowledge_revision=revision)
        assert knows_removed_demo(session, version) is knows


def test_the_last_removal_counts(database: Database) -> None:
    with database.write() as session:
        audit.record(session, "ann", REMOVED, "demo", revision=3)
        audit.record(session, "ann", REMOVED, "demo", revision=9)
        assert knows_removed_demo(session, add_version(session, knowledge_revision=5))

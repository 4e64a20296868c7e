import pytest
from sqlalchemy import select

from chatbot.errors import Conflict, InvalidText, NotFound
from chatbot.services.knowledge import pairs
from chatbot.services.knowledge.pairs import Source
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, ScoredPair
from scored_pairs import CARD, TRANSFER, add_scored, list_scored


class TestAdd:
    def test_the_same_again_changes_nothing_whoever_says_it(self, database: Database) -> None:
        first = add_scored(database, 0.5)
        assert add_scored(database, 0.5, "bob", (TRANSFER, "My  CARD was declined")) == first
        assert list_scored(database) == [(CARD, TRANSFER, 0.5, "ann")]

    def test_a_newer_score_replaces_the_one_before(self, database: Database) -> None:
        first = add_scored(database, 0.5)
        assert add_scored(database, 1.0, "bob", (TRANSFER, CARD)) == first
        assert list_scored(database) == [(CARD, TRANSFER, 1.0, "bob")]

    def test_other_pairs_are_left_alone(self, database: Database) -> None:
        add_scored(database, 0.0, texts=(CARD, "something else"))
        add_scored(database, 0.5)
        assert [row[2] for row in list_scored(database)] == [0.0, 0.5]

    def test_what_names_a_visitor_is_never_stored(self, database: Database) -> None:
        add_scored(database, 1.0, texts=("mail ann@example.org", "call +49 30 1234567"))
        assert list_scored(database)[0][:2] == ("mail [email]", "call [phone]")
        with database.read() as session:
            details = str([event.detail for event in session.scalars(select(AuditEvent))])
        assert "example.org" not in details

    @pytest.mark.parametrize(
        ("texts", "score", "reason"),
        [
            ((CARD, TRANSFER), 1.01, "from 0 .* to 1"),
            ((CARD, TRANSFER), -0.01, "from 0 .* to 1"),
            ((CARD, TRANSFER), float("nan"), "from 0 .* to 1"),
            ((CARD, " \t"), 1.0, "blank"),
            ((CARD, "MY card was   declined"), 1.0, "are the same"),
            ((CARD, "x" * 501), 1.0, "at most 500"),
        ],
    )
    def test_what_is_no_pair_is_refused_with_the_reason(
        self, database: Database, texts: tuple[str, str], score: float, reason: str
    ) -> None:
        with pytest.raises(InvalidText, match=reason):
            add_scored(database, score, texts=texts)
        assert list_scored(database) == []

    def test_there_is_an_end_to_how_many_are_kept(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pairs, "MOST_PAIRS", 1)
        add_scored(database, 0.5)
        assert add_scored(database, 1.0) == 1, "another score takes no room"
        with pytest.raises(Conflict, match="Remove some"):
            add_scored(database, 0.5, texts=(CARD, "another"))


class TestTakeBack:
    def test_a_removed_pair_is_gone(self, database: Database) -> None:
        number = add_scored(database, 0.5)
        with database.write() as session:
            pairs.remove_pair(session, "eve", number)
        assert list_scored(database) == []
        with database.write() as session, pytest.raises(NotFound):
            pairs.remove_pair(session, "eve", number)

    def test_all_of_one_account_can_be_taken_back_at_once(self, database: Database) -> None:
        add_scored(database, 0.5)
        add_scored(database, 0.0, "bob", (CARD, "another"))
        add_scored(database, 1.0, "bob", (CARD, "a third"))
        with database.write() as session:
            assert pairs.remove_pairs_by(session, "admin", "bob") == 2
            assert pairs.remove_pairs_by(session, "admin", "bob") == 0
        assert [row[3] for row in list_scored(database)] == ["ann"]

    def test_undo_takes_back_the_last_of_the_same_person(self, database: Database) -> None:
        add_scored(database, 0.5)
        add_scored(database, 1.0, texts=(CARD, "later"))
        add_scored(database, 0.0, "bob", (CARD, "of another"))
        with database.write() as session:
            undone = pairs.undo_last(session, "ann")
            assert undone is not None
            assert undone.text_b == "later"
        assert [row[1] for row in list_scored(database)] == [TRANSFER, "of another"]

    def test_undo_gives_a_pair_its_earlier_score_back(self, database: Database) -> None:
        add_scored(database, 0.5, "bob", source=Source.API)
        with database.read() as session:
            before = session.scalars(select(ScoredPair)).one().at
        add_scored(database, 1.0)
        with database.write() as session:
            pairs.undo_last(session, "ann")
        with database.read() as session:
            row = session.scalars(select(ScoredPair)).one()
            assert (row.score, row.by, row.source, row.at) == (0.5, "bob", "api", before)

    def test_undo_goes_back_step_by_step_to_no_score(self, database: Database) -> None:
        for score in (0.5, 1.0, 0.5):
            add_scored(database, score)
        seen = []
        for _ in range(4):
            seen += [[row[2] for row in list_scored(database)]]
            with database.write() as session:
                pairs.undo_last(session, "ann")
        assert seen == [[0.5], [1.0], [0.5], []]

    def test_undo_leaves_what_was_not_said_at_the_desk(self, database: Database) -> None:
        add_scored(database, 0.5, source=Source.API)
        with database.write() as session:
            assert pairs.undo_last(session, "ann") is None
        assert len(list_scored(database)) == 1

"""Which questions without a verdict may teach: each test is one way in which one must not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose, is_held_out
from chatbot.services.knowledge.pins import add_pin
from chatbot.services.learning import training_set
from chatbot.services.learning.training_set import freeze
from chatbot.services.learning.unlabelled import MOST_OF_A_CONVERSATION
from chatbot.services.review import assignment
from chatbot.services.review.confirm import confirm, undo
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.tables import Query
from factories import add_confirmed, add_evaluation, add_intent, add_query


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, unlabelled_cap=5000)


@pytest.fixture(autouse=True)
def one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_set, "FEW_UNLABELLED", 1)


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "the VPN fails", "no tunnel to the office")
        add_intent(session, "invoice", "my invoice is wrong", "send me the bill")


def phrases(about: str, count: int) -> list[str]:
    """So many different questions, none of which would be held out."""
    some = (f"{about} {number}" for number in range(1000))
    return [text for text in some if not is_held_out(text, 0.3)][:count]


TEXT = phrases("is the VPN slow in room", 1)[0]


def unlabelled(database: Database, settings: Settings) -> list[str]:
    with database.read() as session:
        return freeze(session, settings).unlabelled


def test_a_question_that_nobody_judged_is_there_as_it_was_logged(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        add_query(session, TEXT)
    assert unlabelled(database, settings) == [TEXT]


def skip(session: Session) -> None:
    assignment.skip(session, "ann", add_query(session, TEXT).id)


NOT_ADMITTED: dict[str, Callable[[Session], object]] = {
    "test": lambda s: add_query(s, TEXT, test=True),
    "confirmed": lambda s: add_confirmed(s, TEXT, "vpn", Purpose.TRAINING),
    "held-out": lambda s: add_confirmed(s, TEXT, "vpn", Purpose.HELD_OUT),
    "out-of-scope": lambda s: add_confirmed(s, TEXT, None),
    "out-of-scope-held-out": lambda s: add_confirmed(s, TEXT, None, Purpose.HELD_OUT),
    "skipped": skip,
    "phrasing-of-the-faq": lambda s: add_query(s, "The VPN  fails"),
    "pinned": lambda s: (add_pin(s, "ann", TEXT, "vpn"), add_query(s, TEXT)),
    "evaluation": lambda s: (add_evaluation(s, TEXT, "vpn"), add_query(s, TEXT)),
    "calibration": lambda s: (
        add_evaluation(s, TEXT, None, calibration=True),
        add_query(s, TEXT),
    ),
}


@pytest.mark.parametrize("make", NOT_ADMITTED.values(), ids=NOT_ADMITTED)
def test_what_is_judged_or_measures_never_teaches_by_a_guess(
    database: Database, settings: Settings, make: Callable[[Session], object]
) -> None:
    with database.write() as session:
        make(session)
    assert unlabelled(database, settings) == []


@pytest.mark.parametrize("part", list(Purpose))
def test_neither_does_the_same_text_asked_again(
    database: Database, settings: Settings, part: Purpose
) -> None:
    with database.write() as session:
        add_confirmed(session, TEXT, "vpn", part)
        add_query(session, TEXT.upper())
    assert unlabelled(database, settings) == []


def test_a_quarantined_text_does_not_come_back_without_its_verdict(
    database: Database, tmp_path: Path
) -> None:
    flood = phrases("VPN flood", 6)
    with database.write() as session:
        for text in flood:
            add_confirmed(session, text, "vpn")
            add_query(session, text)
    settings = Settings(data_dir=tmp_path, quarantine_never_below=5)
    with database.read() as session:
        rows = freeze(session, settings)
    assert rows.apart["quarantined"] == 6
    assert rows.unlabelled == []


def test_no_text_that_would_be_held_out_is_among_them(
    database: Database, settings: Settings
) -> None:
    """What agents confirm afterwards and is held out taught nobody before."""
    texts = [f"how long does the VPN take, case {number}" for number in range(60)]
    with database.write() as session:
        asked = [add_query(session, text).id for text in texts]
    taught = set(unlabelled(database, settings))
    with database.write() as session:
        parts = [confirm(session, query, "vpn", "ann", settings).part for query in asked]
    held_out = {text for text, part in zip(texts, parts, strict=True) if part == Purpose.HELD_OUT}
    assert held_out
    assert taught == set(texts) - held_out


def test_one_whose_verdict_is_taken_back_may_teach_again(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        query = add_query(session, TEXT)
        confirm(session, query.id, "vpn", "ann", settings)
    assert unlabelled(database, settings) == []
    with database.write() as session:
        undo(session, query.id, "ann")
    assert unlabelled(database, settings) == [TEXT]


def test_one_that_is_erased_is_gone_from_the_next_training(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        query_id = add_query(session, TEXT).id
    with database.write() as session:
        session.delete(session.get(Query, query_id))
    assert unlabelled(database, settings) == []


def test_a_text_that_is_asked_over_and_over_counts_once(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        for text in (TEXT, TEXT.upper(), f"{TEXT} "):
            add_query(session, text)
    assert len(unlabelled(database, settings)) == 1


def test_the_newest_are_taken_up_to_the_cap(database: Database, tmp_path: Path) -> None:
    texts = phrases("VPN in building", 5)
    with database.write() as session:
        for text in texts:
            add_query(session, text)
    found = unlabelled(database, Settings(data_dir=tmp_path, unlabelled_cap=3))
    assert found == texts[:1:-1]


def test_a_cap_of_zero_switches_it_off(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        add_query(session, TEXT)
    assert unlabelled(database, Settings(data_dir=tmp_path, unlabelled_cap=0)) == []


def test_one_conversation_cannot_fill_it(database: Database, settings: Settings) -> None:
    flood = phrases("VPN flood", MOST_OF_A_CONVERSATION + 20)
    honest = phrases("where is the bill of month", 3)
    with database.write() as session:
        for text in flood:
            add_query(session, text, conversation_id="bot")
        for number, text in enumerate(honest):
            add_query(session, text, conversation_id=f"visitor {number}")
    found = unlabelled(database, settings)
    assert found == honest[::-1] + flood[: -MOST_OF_A_CONVERSATION - 1 : -1]


def test_an_untrained_version_learns_none(database: Database, settings: Settings) -> None:
    with database.write() as session:
        add_query(session, TEXT)
    with database.read() as session:
        assert freeze(session, settings, trains=False).unlabelled == []


def test_they_are_in_no_part_that_answers_calibrates_or_measures(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        add_query(session, TEXT)
    with database.read() as session:
        rows = freeze(session, settings)
    taught = {example.text for example in rows.training + rows.validation}
    assert TEXT not in taught | set(rows.out_of_scope) | {row.text for row in rows.held_out}
    assert TEXT not in {entry.text for entry in rows.catalogue.entries}


def test_traffic_alone_is_a_reason_to_train_again_when_it_has_doubled(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fingerprint(count: int) -> str:
        with database.write() as session:
            for text in texts[:count]:
                add_query(session, text)
            del texts[:count]
        with database.read() as session:
            return freeze(session, settings).fingerprint

    few = 20
    monkeypatch.setattr(training_set, "FEW_UNLABELLED", few)
    texts = phrases("VPN in room", 2 * few)
    nothing = fingerprint(0)
    assert fingerprint(few - 1) == nothing
    enough = fingerprint(1)
    assert enough != nothing
    assert fingerprint(few - 1) == enough
    assert fingerprint(1) not in (nothing, enough)


def test_few_questions_are_left_out(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_set, "FEW_UNLABELLED", 3)
    for text, expected in zip(phrases("VPN in room", 3), (0, 0, 3), strict=True):
        with database.write() as session:
            add_query(session, text)
        assert len(unlabelled(database, settings)) == expected


def test_a_large_faq_needs_no_guesses(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        add_query(session, TEXT)
    assert unlabelled(database, settings) == [TEXT]
    monkeypatch.setattr(training_set, "MOST_ROWS_TO_GUESS_FROM", 3)
    assert unlabelled(database, settings) == []

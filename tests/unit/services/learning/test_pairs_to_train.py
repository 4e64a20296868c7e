"""What of the pairs teaches: never what measures, and of one account only so much."""

from collections.abc import Iterator
from typing import Any

import pytest

from chatbot.domain.holdout import Purpose, is_left_out
from chatbot.domain.pair import LEFT_OUT_SHARE
from chatbot.domain.text import pair_key
from chatbot.services.knowledge import edit_faq, pairs, pins
from chatbot.services.knowledge.pairs import Source
from chatbot.services.learning.training_set import Frozen, freeze
from chatbot.settings import Settings
from chatbot.storage.database import Database
from factories import add_confirmed, add_evaluation
from fakes import FAQ, add_faq

VPN = FAQ["vpn"][2]
INVOICE = FAQ["invoice"][2]
LEAVE = FAQ["leave"][2]


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        add_faq(session)


def add(
    database: Database,
    one: str,
    other: str,
    score: float = 0.5,
    by: str = "ann",
    source: Source = Source.DESK,
) -> None:
    with database.write() as session:
        pairs.add_pair(session, by, one, other, score, source)


def frozen(database: Database, trains: bool = True, **settings: Any) -> Frozen:
    with database.read() as session:
        return freeze(session, Settings(**settings), trains)


def teaching(start: str = "text") -> Iterator[tuple[str, str]]:
    """Texts of pairs that are not left out by their hash."""
    for number in range(1000):
        one, other = f"{start} {number}", f"{start} {number} again"
        if not is_left_out(pair_key(one, other), LEFT_OUT_SHARE):
            yield one, other


def across() -> list[tuple[str, str]]:
    """Pairs of two intents of the FAQ that are not left out by their hash."""
    return [
        (one, other)
        for one in VPN
        for other in (*INVOICE, *LEAVE)
        if not is_left_out(pair_key(one, other), LEFT_OUT_SHARE)
    ]


def test_about_a_fifth_is_left_out_and_both_parts_are_counted_in_the_report(
    database: Database,
) -> None:
    for number in range(60):
        add(database, f"one {number}", f"other {number}", source=Source.API)
    found = frozen(database)
    assert len(found.pairs) + len(found.left_out_pairs) == 60
    assert 4 <= len(found.left_out_pairs) <= 22
    assert not set(found.pairs) & set(found.left_out_pairs)
    again = frozen(database)
    assert (again.pairs, again.left_out_pairs) == (found.pairs, found.left_out_pairs)


def test_a_pair_changes_what_would_be_learnt_and_its_score_too(database: Database) -> None:
    before = frozen(database).fingerprint
    one, other = across()[0]
    add(database, one, other, 0.5)
    first = frozen(database).fingerprint
    add(database, one, other, 0.0)
    second = frozen(database).fingerprint
    assert len({before, first, second}) == 3
    with database.write() as session:
        pairs.undo_last(session, "ann")
        pairs.undo_last(session, "ann")


def test_a_pair_that_is_taken_back_leaves_nothing_behind(database: Database) -> None:
    before = frozen(database).fingerprint
    add(database, *across()[0])
    with database.write() as session:
        pairs.undo_last(session, "ann")
    assert frozen(database).fingerprint == before


def test_a_text_that_measures_teaches_in_no_pair(database: Database) -> None:
    texts = teaching()
    (held_out, _), (pinned, _), (calibrates, _), (judged, _) = (next(texts) for _ in range(4))
    with database.write() as session:
        add_evaluation(session, held_out, "vpn")
        add_evaluation(session, calibrates, None, calibration=True)
        pins.add_pin(session, "ann", pinned, "vpn")
        add_confirmed(session, judged, "vpn", Purpose.HELD_OUT)
    for text in (held_out, pinned, calibrates, judged):
        add(database, text.upper(), f"{text} again", source=Source.API)
    found = frozen(database)
    assert found.pairs == []
    assert len(found.left_out_pairs) == 4


def test_a_text_that_validates_teaches_in_no_pair(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.services.learning.training_set.MOST_CROSS_FITTED", 1)
    validation = frozen(database, validation_share=1.0).validation
    assert validation
    for example in validation:
        add(database, example.text, "something else", source=Source.API)
    found = frozen(database, validation_share=1.0)
    assert found.pairs == []
    assert len(found.left_out_pairs) == len(validation)


def test_what_was_scored_at_the_desk_goes_with_the_phrasings_that_it_is_about(
    database: Database,
) -> None:
    one, other = across()[0]
    add(database, one, other)
    assert len(frozen(database).pairs) == 1
    with database.write() as session:
        edit_faq.change_intent(session, "eve", "vpn", {"enabled": False})
    found = frozen(database)
    assert (found.pairs, found.left_out_pairs, found.apart["pairs"]) == ([], [], 1)


def test_of_one_account_only_so_many_teach_and_a_file_of_the_shell_as_it_is(
    database: Database,
) -> None:
    texts = teaching()
    for _ in range(4):
        add(database, *next(texts), by="a key", source=Source.API)
        add(database, *next(texts), by="cli:ann", source=Source.IMPORT)
    found = frozen(database, nightly_cap_per_source=2)
    assert (len(found.pairs), found.apart["pairs"]) == (6, 2)


def test_of_one_account_fewer_teach_against_the_intents_of_the_faq(database: Database) -> None:
    given = across()[:6]
    for one, other in given[:3]:
        add(database, one, other, 1.0)
    for one, other in given[3:]:
        add(database, one, other, 0.0)
    found = frozen(database, quarantine_after_overrulings=1)
    assert [pair.score for pair in found.pairs] == [1.0, 0.0, 0.0, 0.0]
    assert found.apart["pairs"] == 2


def test_what_trains_nothing_reads_no_pairs(database: Database) -> None:
    add(database, *across()[0])
    assert frozen(database, trains=False).pairs == []

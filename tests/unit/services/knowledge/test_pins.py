from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chatbot.domain.accuracy import Outcome
from chatbot.domain.gate import Rules, Verdict, compare
from chatbot.domain.guards import Margins
from chatbot.domain.holdout import Purpose
from chatbot.errors import Conflict, InvalidText, NotFound
from chatbot.services.knowledge import edit_faq, pins
from chatbot.services.knowledge.lint import lint
from chatbot.services.learning.training_set import Labelled, freeze
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, Pin
from factories import add_confirmed, add_intent, make_matcher, make_outcome
from fakes import ANSWERED, FAQ, UNCLEAR, UNKNOWN, add_faq

PHRASES: Mapping[str, tuple[str, ...]] = {name: texts for name, (_, _, texts) in FAQ.items()}
MATCHER = make_matcher(PHRASES)


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        add_faq(session)


def faults(database: Database, matcher: object = MATCHER) -> dict[str, str | None]:
    assert matcher is None or matcher is MATCHER
    with database.read() as session:
        checked = pins.check(session, matcher and MATCHER, pins.list_pins(session))
    return {c.pin.text: c.fault for c in checked}


def pin(database: Database, text: str, intent: str) -> int:
    with database.write() as session:
        return pins.add_pin(session, "ann", text, intent).id


def test_a_pin_is_kept_while_the_model_answers_it_so(database: Database) -> None:
    pin(database, ANSWERED, "reset-password")
    assert faults(database) == {ANSWERED: None}


def test_a_broken_pin_says_what_the_bot_does_instead(database: Database) -> None:
    pin(database, ANSWERED, "vpn")
    pin(database, UNCLEAR, "vpn")
    pin(database, UNKNOWN, "vpn")
    assert faults(database) == {
        ANSWERED: "the bot answers “reset-password” instead",
        UNCLEAR: "the bot asks back",
        UNKNOWN: "the bot hands over",
    }


def test_an_edit_of_the_faq_breaks_a_pin_also_where_no_model_is_loaded(database: Database) -> None:
    pin(database, ANSWERED, "reset-password")
    pin(database, "VPN please", "vpn")
    with database.write() as session:
        edit_faq.change_intent(session, "ann", "reset-password", {"enabled": False})
        edit_faq.delete_intent(session, "ann", "vpn")
        found = [(c.pin.intent, c.fault) for c in lint(session, None).pins]
    assert found == [
        ("reset-password", "its intent is a draft"),
        ("vpn", "its intent is gone"),
    ]


def test_without_a_model_nothing_is_said_of_what_it_would_answer(database: Database) -> None:
    pin(database, UNKNOWN, "vpn")
    assert faults(database, matcher=None) == {UNKNOWN: None}


def test_pinning_again_changes_nothing_and_another_intent_is_refused(database: Database) -> None:
    first = pin(database, ANSWERED, "reset-password")
    assert pin(database, f"  {ANSWERED.upper()}", "reset-password") == first
    with pytest.raises(Conflict, match="is pinned to “reset-password”"):
        pin(database, ANSWERED, "vpn")
    with database.read() as session:
        assert len(pins.list_pins(session)) == 1
        actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("pin.add") == 1


def test_the_same_question_cannot_be_stored_twice_at_the_same_moment(database: Database) -> None:
    pin(database, ANSWERED, "reset-password")
    with pytest.raises((Conflict, IntegrityError)), database.write() as session:
        session.add(Pin(intent="vpn", text="x", normalised=ANSWERED.casefold(), pinned_by="bob"))


@pytest.mark.parametrize(
    ("text", "intent", "error"),
    [
        ("a question", "nothing", NotFound),
        (" ", "vpn", InvalidText),
        ("x" * 501, "vpn", InvalidText),
        ("a\0b", "vpn", InvalidText),
        ("a question", "draft", Conflict),
    ],
)
def test_what_cannot_be_pinned_is_refused(
    database: Database, text: str, intent: str, error: type[Exception]
) -> None:
    with database.write() as session:
        add_intent(session, "draft", "draft question", enabled=False)
    with pytest.raises(error):
        pin(database, text, intent)
    assert faults(database) == {}


def test_there_are_not_more_pins_than_can_be_asked_in_a_moment(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "MOST_PINS", 2)
    pin(database, "one", "vpn")
    pin(database, "two", "vpn")
    pin(database, "two", "vpn")
    with pytest.raises(Conflict, match="2 pins already"):
        pin(database, "three", "vpn")


def test_a_removed_pin_is_gone_and_cannot_be_removed_twice(database: Database) -> None:
    pin_id = pin(database, ANSWERED, "reset-password")
    with database.write() as session:
        pins.remove_pin(session, "ann", pin_id)
    assert faults(database) == {}
    with pytest.raises(NotFound), database.write() as session:
        pins.remove_pin(session, "ann", pin_id)


def test_a_pinned_question_never_trains_but_does_so_again_when_unpinned(
    database: Database, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)
    with database.write() as session:
        add_confirmed(session, "Kestrel is down", "vpn", Purpose.TRAINING)
        add_confirmed(session, "the tunnel is slow", "vpn", Purpose.TRAINING)
        before = freeze(session, settings)
        pinned = pins.add_pin(session, "ann", "kestrel IS down", "vpn").id
        frozen = freeze(session, settings)
        pins.remove_pin(session, "ann", pinned)
        after = freeze(session, settings)
    assert "Kestrel is down" not in {e.text for e in frozen.training + frozen.validation}
    assert len(frozen.learnt_queries) == 1
    assert "Kestrel is down" not in {entry.text for entry in frozen.catalogue.entries}
    assert frozen.pins == [Labelled("kestrel IS down", "vpn")]
    assert "Kestrel is down" in {e.text for e in after.training}
    assert before.fingerprint == after.fingerprint != frozen.fingerprint


def test_a_pin_is_evidence_so_that_a_held_candidate_is_judged_again(
    database: Database, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)
    with database.write() as session:
        before = freeze(session, settings)
        pins.add_pin(session, "ann", "never asked before", "vpn")
        after = freeze(session, settings)
    assert before.fingerprint == after.fingerprint
    assert before.evidence != after.evidence


class TestTheGate:
    """Twenty more questions right: promoted, but for what is pinned."""

    LIVE = [make_outcome("a", "b")] * 20 + [make_outcome("a", "a")] * 20
    CANDIDATE = [make_outcome("a", "a")] * 40
    KEPT = make_outcome("vpn", "vpn")
    ASKED_BACK = make_outcome("vpn", "vpn", answered=False)
    RULES = Rules(margins=Margins(promise=0.5))

    @pytest.mark.parametrize(
        ("before", "after", "verdict"),
        [
            (KEPT, KEPT, Verdict.PROMOTE),
            (KEPT, ASKED_BACK, Verdict.HOLD),
            (KEPT, make_outcome("vpn", "leave"), Verdict.HOLD),
            (ASKED_BACK, KEPT, Verdict.PROMOTE),
            (ASKED_BACK, ASKED_BACK, Verdict.PROMOTE),
        ],
        ids=["kept", "asks back", "another answer", "mended", "broken before"],
    )
    def test_a_pin_that_a_candidate_breaks_holds_it(
        self, before: Outcome, after: Outcome, verdict: Verdict
    ) -> None:
        pairs = [(self.KEPT, self.KEPT), (before, after)]
        comparison = compare(self.LIVE, self.CANDIDATE, self.RULES, pairs)
        assert comparison.verdict is verdict
        if verdict is Verdict.HOLD:
            assert comparison.reasons[1:] == [
                "It no longer answers the pinned “a question” with “vpn”."
            ]
            assert [g.measured for g in comparison.guards if g.name == "pins"] == [1]

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose, is_validation
from chatbot.domain.text import normalise
from chatbot.services.knowledge import edit_faq
from chatbot.services.learning.training_set import Frozen, Labelled, freeze
from chatbot.settings import Settings
from chatbot.storage.database import Database
from factories import add_confirmed, add_evaluation, add_intent, add_query

VPN = [f"the VPN fails, case {i}" for i in range(20)]
INVOICE = [f"my invoice is wrong, case {i}" for i in range(20)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture(autouse=True)
def faq(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", *VPN)
        add_intent(session, "invoice", *INVOICE)
        add_intent(session, "retired", "fax number", "send a fax", enabled=False)


def frozen(database: Database, settings: Settings, trains: bool = True) -> Frozen:
    with database.read() as session:
        return freeze(session, settings, trains)


def parts(rows: Frozen) -> dict[str, list[str]]:
    return {
        "training": [normalise(e.text) for e in rows.training],
        "validation": [normalise(e.text) for e in rows.validation],
        "out_of_scope": [normalise(text) for text in rows.out_of_scope],
        "held_out": [normalise(row.text) for row in rows.held_out],
    }


def assert_no_text_is_in_two_parts(rows: Frozen) -> None:
    everything = [text for texts in parts(rows).values() for text in texts]
    assert sorted(everything) == sorted(set(everything))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, an FAQ of any size can spare rows for validation."""
    monkeypatch.setattr("chatbot.services.learning.training_set.MOST_CROSS_FITTED", 0)


def test_all_utterances_of_enabled_intents_train_in_a_small_faq(
    database: Database, settings: Settings
) -> None:
    rows = frozen(database, settings)
    assert {e.text for e in rows.training} == {*VPN, *INVOICE}
    assert rows.validation == []


@pytest.mark.usefixtures("large")
def test_a_share_of_a_large_faq_validates(database: Database, tmp_path: Path) -> None:
    rows = frozen(database, Settings(data_dir=tmp_path, validation_share=0.5))
    assert {e.text for e in rows.training + rows.validation} == {*VPN, *INVOICE}
    assert {e.text for e in rows.validation} == {t for t in VPN + INVOICE if is_validation(t, 0.5)}
    assert rows.validation
    assert_no_text_is_in_two_parts(rows)


@pytest.mark.usefixtures("large")
def test_an_intent_keeps_two_rows_to_train_on(database: Database, tmp_path: Path) -> None:
    rows = frozen(database, Settings(data_dir=tmp_path, validation_share=1.0))
    assert [e.intent for e in rows.training].count("vpn") == 2
    assert len(rows.validation) == 36


def test_confirmed_questions_train_or_measure_as_was_settled(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        learnt = add_confirmed(session, "VPN is slow today", "vpn", Purpose.TRAINING).id
        add_confirmed(session, "what does the invoice say", "invoice", Purpose.HELD_OUT)
        add_confirmed(session, "pizza please", None, Purpose.TRAINING)
        add_confirmed(session, "how is the weather", None, Purpose.HELD_OUT)
        add_confirmed(session, "my fax is broken", "retired", Purpose.TRAINING)
        add_confirmed(session, "which fax do you have", "retired", Purpose.HELD_OUT)
        add_query(session, "never reviewed")
    rows = frozen(database, settings)
    assert {e.text for e in rows.training + rows.validation} == {
        *VPN,
        *INVOICE,
        "VPN is slow today",
    }
    assert rows.out_of_scope == ["pizza please"]
    assert rows.held_out == [
        Labelled("what does the invoice say", "invoice"),
        Labelled("how is the weather", None),
    ]
    assert rows.learnt_queries == [learnt]


def test_questions_of_the_faqs_authors_measure_or_calibrate(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        add_evaluation(session, "VPN?", "vpn")
        add_evaluation(session, "tell me a joke", None)
        add_evaluation(session, "sing a song", None, calibration=True)
        add_evaluation(session, "fax?", "retired")
    rows = frozen(database, settings)
    assert rows.held_out == [Labelled("VPN?", "vpn"), Labelled("tell me a joke", None)]
    assert rows.out_of_scope == ["sing a song"]


def test_what_an_agent_overruled_becomes_a_hard_negative(
    database: Database, settings: Settings
) -> None:
    wrong = [{"intent": "invoice", "probability": 0.6}, {"intent": "vpn", "probability": 0.2}]
    with database.write() as session:
        add_confirmed(session, "tunnel to the office", "vpn", candidates=wrong)
        add_confirmed(session, "bill of the office", "invoice", candidates=wrong)
        add_confirmed(session, "nothing was found", "vpn", candidates=[])
    rows = frozen(database, settings)
    found = {
        e.text: e.rejected
        for e in rows.training + rows.validation
        if e.rejected or "office" in e.text
    }
    assert found == {"tunnel to the office": "invoice", "bill of the office": None}


def test_what_measures_never_trains_whatever_else_it_is(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        add_evaluation(session, VPN[0].upper(), "vpn")
        add_evaluation(session, "pizza please", None)
        trained = add_confirmed(session, "VPN is slow today", "vpn", Purpose.TRAINING).id
        add_confirmed(session, "vpn is SLOW today", "vpn", Purpose.HELD_OUT)
        add_confirmed(session, "PIZZA please", None, Purpose.TRAINING)
    rows = frozen(database, settings)
    assert_no_text_is_in_two_parts(rows)
    assert normalise(VPN[0]) in parts(rows)["held_out"]
    assert trained not in rows.learnt_queries
    assert rows.out_of_scope == []


def test_a_text_that_the_faq_has_is_not_out_of_scope(
    database: Database, settings: Settings
) -> None:
    """An agent says “none of these”; an editor then adds just that phrasing to an intent."""
    with database.write() as session:
        add_confirmed(session, "Tunnel is broken", None, Purpose.TRAINING)
        add_confirmed(session, "still out of scope", None, Purpose.TRAINING)
        add_evaluation(session, "can I read e-mail at home", None, calibration=True)
        edit_faq.add_utterance(session, "ann", "vpn", "tunnel is broken")
        edit_faq.add_utterance(session, "ann", "vpn", "Can I read e-mail at home")
    rows = frozen(database, settings)
    assert rows.out_of_scope == ["still out of scope"]
    assert "tunnel is broken" in parts(rows)["training"] + parts(rows)["validation"]
    assert_no_text_is_in_two_parts(rows)


@pytest.mark.parametrize("newest", ["vpn", "invoice", None])
def test_of_contradicting_verdicts_on_one_text_the_newest_counts(
    database: Database, settings: Settings, newest: str | None
) -> None:
    """Whichever question was asked first."""
    with database.write() as session:
        for place, intent in enumerate(["vpn", "invoice", None]):
            age = 0 if intent == newest else 5 + place
            add_confirmed(session, "it is broken", intent, Purpose.TRAINING, days_ago=age)
            add_confirmed(session, "it is slow", intent, Purpose.HELD_OUT, days_ago=age)
    rows = frozen(database, settings)
    taught = [e.intent for e in rows.training + rows.validation if e.text == "it is broken"]
    assert taught == ([newest] if newest else [])
    assert ("it is broken" in rows.out_of_scope) is (newest is None)
    assert rows.held_out == [Labelled("it is slow", newest)]
    assert_no_text_is_in_two_parts(rows)


def test_what_was_said_of_a_disabled_intent_last_overrules_what_was_said_before(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        add_confirmed(session, "it is broken", "vpn", Purpose.TRAINING, days_ago=1)
        add_confirmed(session, "it is broken", "retired", Purpose.TRAINING)
    assert "it is broken" not in parts(frozen(database, settings))["training"]


def test_one_question_asked_often_is_one_row(database: Database, settings: Settings) -> None:
    with database.write() as session:
        for text in ("pizza please", "Pizza please", "PIZZA  please"):
            add_confirmed(session, text, None, Purpose.TRAINING)
    assert len(frozen(database, settings).out_of_scope) == 1


def test_an_untrained_version_learns_no_questions(database: Database, settings: Settings) -> None:
    with database.write() as session:
        add_confirmed(session, "VPN is slow today", "vpn", Purpose.TRAINING)
    rows = frozen(database, settings, trains=False)
    assert rows.learnt_queries == []
    assert "VPN is slow today" not in {e.text for e in rows.catalogue.entries}
    trained = frozen(database, settings)
    assert "VPN is slow today" in {e.text for e in trained.catalogue.entries}
    assert set(rows.catalogue.intents) == {"vpn", "invoice"}


def reverse_utterances(session: Session) -> None:
    intent = edit_faq.get_intent(session, "vpn")
    texts = [u.text for u in intent.utterances]
    for utterance in list(intent.utterances):
        edit_faq.delete_utterance(session, "ann", "vpn", utterance.id)
    session.flush()
    for text in reversed(texts):
        edit_faq.add_utterance(session, "ann", "vpn", text)


SAME_MODEL = {
    "nothing": lambda s: None,
    "answer": lambda s: edit_faq.change_intent(s, "ann", "vpn", {"answer": "New."}),
    "title-and-topic": lambda s: edit_faq.change_intent(
        s, "ann", "vpn", {"title": "T", "topic": "N"}
    ),
    "held-out-question": lambda s: add_confirmed(s, "new question", "vpn", Purpose.HELD_OUT),
    "evaluation-question": lambda s: add_evaluation(s, "new question", "vpn"),
    "question-without-verdict": lambda s: add_query(s, "new question"),
    "disabled-intents-utterance": lambda s: edit_faq.add_utterance(
        s, "ann", "retired", "fax machine"
    ),
    "order-of-utterances": reverse_utterances,
    "confirmed-question-that-the-faq-has": lambda s: add_confirmed(s, VPN[0], "vpn"),
}
OTHER_MODEL = {
    "utterance": lambda s: edit_faq.add_utterance(s, "ann", "vpn", "new utterance"),
    "case-of-an-utterance": lambda s: edit_faq.change_utterance(
        s, "ann", "vpn", edit_faq.get_intent(s, "vpn").utterances[0].id, VPN[0].upper()
    ),
    "deleted-intent": lambda s: edit_faq.delete_intent(s, "ann", "vpn"),
    "disabled-intent": lambda s: edit_faq.change_intent(s, "ann", "vpn", {"enabled": False}),
    "enabled-intent": lambda s: edit_faq.change_intent(s, "ann", "retired", {"enabled": True}),
    "confirmed-question": lambda s: add_confirmed(s, "new question", "vpn"),
    "confirmed-out-of-scope": lambda s: add_confirmed(s, "new question", None),
    "calibration-question": lambda s: add_evaluation(s, "new question", None, calibration=True),
    "utterance-that-measures-now": lambda s: add_evaluation(s, VPN[0], "vpn"),
}


@pytest.mark.parametrize("edit", SAME_MODEL.values(), ids=SAME_MODEL)
def test_what_gives_the_same_model_keeps_the_fingerprint(
    database: Database, settings: Settings, edit: Callable[[Session], object]
) -> None:
    before = frozen(database, settings).fingerprint
    with database.write() as session:
        edit(session)
    assert frozen(database, settings).fingerprint == before


@pytest.mark.parametrize("edit", OTHER_MODEL.values(), ids=OTHER_MODEL)
def test_what_gives_another_model_changes_the_fingerprint(
    database: Database, settings: Settings, edit: Callable[[Session], object]
) -> None:
    before = frozen(database, settings).fingerprint
    with database.write() as session:
        edit(session)
    assert frozen(database, settings).fingerprint != before


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        ({"epochs": 4}, True),
        ({"seed": 14}, True),
        ({"neighbours": 5}, True),
        ({"promise": 0.01}, True),
        ({"validation_share": 0.3}, True),
        ({"port": 9000}, False),
        ({"gate_alpha": 0.01}, False),
        ({"training_threads": 3}, False),
        ({"held_out_share": 0.5}, False),
    ],
    ids=str,
)
def test_only_settings_of_training_count(
    database: Database,
    tmp_path: Path,
    settings: Settings,
    change: dict[str, object],
    is_another: bool,
) -> None:
    other = Settings(data_dir=tmp_path, **change)
    assert (
        frozen(database, other).fingerprint != frozen(database, settings).fingerprint
    ) is is_another

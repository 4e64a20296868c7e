from collections.abc import Callable

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose
from chatbot.domain.quarantine import Standing
from chatbot.domain.text import key
from chatbot.matching.catalogue import Entry, IntentCard
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.catalogue import (
    read_catalogue,
    read_catalogue_to_judge,
    read_catalogue_to_train,
    read_edit,
    read_target,
)
from chatbot.services.knowledge.pins import add_pin
from chatbot.services.privacy import inventory
from chatbot.services.privacy.retain import forget_what_is_old
from chatbot.services.releases import release
from chatbot.storage.database import Database
from chatbot.storage.tables import KnowledgeChange, Utterance
from factories import (
    add_confirmed,
    add_evaluation,
    add_intent,
    add_live_version,
    add_version,
)


def test_the_target_names_the_live_version_and_the_knowledge_of_now(database: Database) -> None:
    with database.write() as session:
        add_version(session)
        live = add_live_version(session)
        add_intent(session, "vpn")
        target = read_target(session)
        assert target is not None
        assert (target.version, target.digest, target.generation) == (live.id, live.digest, 1)
        assert target.revision == edit_faq.current_revision(session) == 1


def test_a_catalogue_holds_enabled_intents_in_the_order_of_their_utterances(
    database: Database,
) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off")
        add_intent(session, "retired", "fax", enabled=False)
        add_intent(session, "empty")
        catalogue = read_catalogue(session)
        assert catalogue.entries == (Entry("VPN down", "vpn"), Entry("VPN off", "vpn"))
        assert catalogue.intents == {
            "vpn": IntentCard("Title of vpn", "Answer of vpn"),
            "empty": IntentCard("Title of empty", "Answer of empty"),
        }
        assert catalogue.revision == edit_faq.current_revision(session)


def test_what_agents_confirmed_is_known_without_a_training(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        add_intent(session, "retired", enabled=False)
        add_confirmed(session, "tunnel broken", "vpn")
        add_confirmed(session, "vpn DOWN", "retired")
        add_confirmed(session, "fax broken", "retired")
        add_confirmed(session, "pizza", None)
        catalogue = read_catalogue(session)
        assert catalogue.entries == (
            Entry("VPN down", "vpn"),
            Entry("tunnel broken", "vpn", confirmed=True),
            Entry("pizza", None, confirmed=True),
        )
        assert catalogue.obeyed == {}
        learns = [("tunnel broken", "vpn"), ("vpn DOWN", "vpn")]
        to_train = [entry.text for entry in read_catalogue_to_train(session, learns).entries]
        assert to_train == ["VPN down", "tunnel broken"]


def test_what_waits_is_obeyed_and_does_not_vote(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        add_confirmed(session, "second", "vpn", standing=Standing.SECOND)
        add_confirmed(session, "turn", None, standing=Standing.TURN)
        add_confirmed(session, "apart", "vpn", standing=Standing.APART)
        catalogue = read_catalogue(session)
    assert catalogue.entries == (Entry("VPN down", "vpn"),)
    obeyed = {"second": "vpn", "turn": None}
    assert catalogue.obeyed == {
        key(text): Entry(text, said, confirmed=True) for text, said in obeyed.items()
    }


def test_what_measures_votes_for_visitors_and_is_hidden_from_the_judge(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "authored and measured")
        for text in ("authored and measured", "measured by its author"):
            add_evaluation(session, text, "vpn")
        add_pin(session, "ann", "pinned", "vpn")
        for text in ("Measured by its author", "Pinned"):
            add_confirmed(session, text, "vpn")
        add_confirmed(session, "measured", None, Purpose.HELD_OUT)
        add_confirmed(session, "taught", "vpn")
        add_confirmed(session, "second", "vpn", standing=Standing.SECOND)
        served, judged = read_catalogue(session), read_catalogue_to_judge(session)
    faq = ["VPN down", "authored and measured"]
    hidden = ["Measured by its author", "Pinned", "measured"]
    assert [entry.text for entry in served.entries] == [*faq, *hidden, "taught"]
    assert [entry.text for entry in judged.entries] == [*faq, "taught"]
    assert (len(served.obeyed), len(judged.obeyed)) == (1, 0)


def test_of_several_verdicts_on_the_same_words_the_newest_decides(database: Database) -> None:
    def read() -> tuple[list[Entry], list[Entry]]:
        catalogue = read_catalogue(session)
        return list(catalogue.entries), list(catalogue.obeyed.values())

    with database.write() as session:
        add_intent(session, "vpn")
        add_intent(session, "invoice")
        add_confirmed(session, "it is broken", "vpn", days_ago=2)
        add_confirmed(session, "it is BROKEN", "invoice", days_ago=3)
        assert read() == ([Entry("it is broken", "vpn", confirmed=True)], [])
        later = add_confirmed(session, "It is broken", None, standing=Standing.SECOND, days_ago=1)
        assert read() == (
            [Entry("it is broken", "vpn", confirmed=True)],
            [Entry("It is broken", None, confirmed=True)],
        )
        assert later.confirmation is not None
        later.confirmation.standing = Standing.APART
        session.flush()
        assert read() == ([Entry("it is broken", "vpn", confirmed=True)], [])
        edit_faq.change_intent(session, "ann", "vpn", {"enabled": False})
        assert read() == ([], []), "what an agent took back does not come to life again"


def test_rolling_a_model_back_keeps_the_faq_of_today(database: Database) -> None:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        old = add_live_version(session).id
        add_live_version(session)
        edit_faq.add_utterance(session, "ann", "vpn", "VPN off")
        release.roll_back(session, "ann", "complaints")
        target = read_target(session)
        assert target is not None
        assert target.version == old
        texts = [entry.text for entry in read_catalogue(session).entries]
        assert texts == ["VPN down", "VPN off"]


@pytest.fixture
def faq(database: Database) -> None:
    """And a question that was confirmed for another intent than the FAQ has it for."""
    with database.write() as session:
        add_intent(session, "vpn", "tunnel is down", "VPN drops")
        add_intent(session, "invoice")
        add_confirmed(session, "Tunnel is DOWN", "invoice")


def read_after(
    database: Database, change: Callable[[Session], object]
) -> tuple[dict[str, IntentCard | None], dict[str, Entry | None]]:
    with database.write() as session:
        since = edit_faq.current_revision(session)
        change(session)
    with database.read() as session:
        edit = read_edit(session, since)
    assert edit is not None
    return dict(edit.cards), dict(edit.entries)


def gap_by_age(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(4):
        edit_faq.add_utterance(session, "ann", "vpn", f"number {n}")
    monkeypatch.setattr(inventory, "KEPT_REVISIONS", 3)
    forget_what_is_old(session)


def gap_by_size(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit_faq, "MOST_CHANGES", 3)
    edit_faq.create_intent(session, "ann", "new", "T", "A", "", ["one", "two", "three"])
    edit_faq.add_utterance(session, "ann", "vpn", "a small one behind it")


def gap_by_an_older_program(session: Session, _: pytest.MonkeyPatch) -> None:
    """One that knows no log, during an upgrade."""
    revision = edit_faq.raise_revision(session)
    session.execute(delete(KnowledgeChange).where(KnowledgeChange.revision == revision))


@pytest.mark.usefixtures("faq")
def test_an_utterance_that_goes_uncovers_what_was_learnt(database: Database) -> None:
    def remove_it(session: Session) -> None:
        row = session.scalars(select(Utterance).where(Utterance.text == "tunnel is down")).one()
        edit_faq.delete_utterance(session, "ann", "vpn", row.id)

    expected = {key("tunnel is down"): Entry("Tunnel is DOWN", "invoice", confirmed=True)}
    assert read_after(database, remove_it) == ({}, expected)


@pytest.mark.usefixtures("faq")
def test_a_change_of_a_title_reads_no_phrasing(database: Database) -> None:
    cards, entries = read_after(
        database, lambda s: edit_faq.change_intent(s, "ann", "vpn", {"title": "New"})
    )
    assert cards == {"vpn": IntentCard("New", "Answer of vpn")}
    assert entries == {}


@pytest.mark.usefixtures("faq")
def test_a_disabled_intent_takes_its_phrasings_with_it(database: Database) -> None:
    cards, entries = read_after(
        database, lambda s: edit_faq.change_intent(s, "ann", "vpn", {"enabled": False})
    )
    assert cards == {"vpn": None}
    assert entries == {
        key("tunnel is down"): Entry("Tunnel is DOWN", "invoice", confirmed=True),
        key("VPN drops"): None,
    }


@pytest.mark.usefixtures("faq")
def test_without_an_edit_there_is_nothing_to_read(database: Database) -> None:
    assert read_after(database, lambda _: None) == ({}, {})


@pytest.mark.usefixtures("faq")
def test_a_large_edit_is_read_in_portions(database: Database) -> None:
    texts = [f"question number {n}" for n in range(1203)]
    _, entries = read_after(
        database, lambda s: edit_faq.create_intent(s, "ann", "new", "T", "A", "", texts)
    )
    assert entries == {key(text): Entry(text, "new") for text in texts}


@pytest.mark.usefixtures("faq")
@pytest.mark.parametrize("gap", [gap_by_age, gap_by_size, gap_by_an_older_program])
def test_where_the_log_has_a_gap_everything_is_to_be_read(
    database: Database, monkeypatch: pytest.MonkeyPatch, gap: Callable[..., None]
) -> None:
    with database.write() as session:
        since = edit_faq.current_revision(session)
        gap(session, monkeypatch)
        now = edit_faq.current_revision(session)
        assert read_edit(session, since) is None
        assert read_edit(session, now) is not None
        edit_faq.add_utterance(session, "ann", "vpn", "after the gap")
        edit = read_edit(session, now)
    assert edit is not None
    assert list(edit.entries.values()) == [Entry("after the gap", "vpn")]


def test_a_database_that_was_set_back_is_to_be_read(database: Database) -> None:
    with database.read() as session:
        assert read_edit(session, edit_faq.current_revision(session) + 1) is None

from typing import Any

import pytest
from sqlalchemy import func, select

from chatbot.errors import InvalidCatalogue
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.services.knowledge.clashes import Clashes
from chatbot.services.knowledge.import_faq import import_faq, preview_import
from chatbot.services.knowledge.plan_import import Imported, Mode, Wanted, plan_import
from chatbot.storage.database import Database
from chatbot.storage.tables import AuditEvent, Intent, Utterance
from factories import add_evaluation, add_intent


def draft(*utterances: str, name: str = "wifi", **more: Any) -> CatalogueDraft:
    item = IntentDraft(name, name.title(), answer="Ask.", utterances=list(utterances), **more)
    return CatalogueDraft({name: item})


@pytest.fixture
def faq(database: Database) -> Database:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off", "VPN gone")
        add_evaluation(session, "tunnel?", "vpn")
    return database


def plan(database: Database, what: CatalogueDraft, **wanted: Any) -> Imported:
    return preview_import(database, what, Wanted(**wanted))


def phrasings(database: Database) -> dict[str, str]:
    with database.read() as session:
        return dict(session.execute(select(Utterance.text, Intent.name).join(Intent)).all())


def test_planning_writes_nothing_and_takes_no_lock(faq: Database) -> None:
    with faq.write() as session:
        before = session.scalar(select(func.count(AuditEvent.id)))
        with faq.read() as other:  # beside a transaction that writes
            done = plan_import(other, draft("no wifi"), Wanted()).done
        assert done.intents_added == 1
        assert session.scalar(select(func.count(AuditEvent.id))) == before
    assert "no wifi" not in phrasings(faq)


def test_single_clashes_are_decided_otherwise_than_the_rest(faq: Database) -> None:
    decided = {"vpn off": Clashes.KEEP, "vpn gone": Clashes.DROP}
    wanted = Wanted(clashes=Clashes.MOVE, decided=decided)
    with faq.write() as session:
        done = import_faq(session, draft("VPN down", "VPN off", "VPN gone"), "ann", wanted=wanted)
    assert (done.utterances_moved, done.utterances_removed, done.utterances_added) == (1, 1, 0)
    assert phrasings(faq) == {"VPN down": "wifi", "VPN off": "vpn"}
    assert done.lost_utterances == {"vpn": ["VPN gone"]}


def test_as_proposed_is_what_each_clash_says(faq: Database) -> None:
    only_added = plan(faq, draft("VPN down"), mode=Mode.ADD, clashes=Clashes.PROPOSED)
    assert (only_added.utterances_moved, only_added.clashes[0].proposal) == (0, Clashes.KEEP)
    updated = plan(faq, draft("VPN down"), clashes=Clashes.PROPOSED)
    assert (updated.utterances_moved, updated.clashes[0].proposal) == (1, Clashes.MOVE)
    disabled = plan(faq, draft("VPN down", enabled=False), clashes=Clashes.PROPOSED)
    assert (disabled.utterances_moved, disabled.clashes[0].proposal) == (0, Clashes.KEEP)


def test_one_clash_that_nobody_decided_refuses_all(faq: Database) -> None:
    decided = {"vpn off": Clashes.KEEP}
    with pytest.raises(InvalidCatalogue) as caught:
        plan(faq, draft("VPN down", "VPN off"), decided=decided)
    assert len(caught.value.mistakes) == 1
    assert "“VPN down”" in str(caught.value)


def test_a_test_question_may_be_what_a_replacement_removes(faq: Database) -> None:
    what = draft("no wifi", held_out=["VPN off"])
    done = plan(faq, what, mode=Mode.REPLACE)
    assert (done.intents_removed, done.evaluation_added, done.warnings) == (1, 1, [])
    assert plan(faq, what).warnings == ["“VPN off” is an utterance, so it measures nothing."]


def test_a_test_question_of_a_removed_intent_can_come_again(faq: Database) -> None:
    done = plan(faq, draft("no wifi", held_out=["Tunnel?"]), mode=Mode.REPLACE)
    assert done.evaluation_added == 1
    assert plan(faq, draft("no wifi", held_out=["Tunnel?"])).evaluation_added == 0

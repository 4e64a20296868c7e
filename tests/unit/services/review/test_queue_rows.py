from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from chatbot.bootstrap import Parts
from chatbot.domain.holdout import Purpose
from chatbot.services.knowledge import pins
from chatbot.services.knowledge.edit_faq import raise_revision
from chatbot.services.learning.shadow import Shadow, read_standing
from chatbot.services.review import queue_rows
from chatbot.services.review.confirm import confirm
from chatbot.services.review.queue_rows import Queue, read_queue
from chatbot.services.review.rank_queue import rank_queue
from chatbot.storage.database import now
from chatbot.storage.tables import Confirmation, Disagreement, Query, VersionExample
from factories import (
    add_confirmed,
    add_evaluation,
    add_lacking_version,
    add_query,
    add_version,
)
from queues import ask, rank_now, texts, usefulness


def read(parts: Parts, **changes: object) -> Queue:
    """The queue as it would be ranked now; nothing stores that it was."""
    with parts.database.read() as session:
        found = read_queue(session, parts.settings.model_copy(update=changes))
    assert found is not None
    return found


class TestWaiting:
    def test_is_what_nobody_judged_newest_first(self, parts: Parts) -> None:
        for text in ("first", "second", "third"):
            ask(parts, text)
        ask(parts, "a test", test=True)
        ask(parts, "drawn at random", sample_share=0.02)
        ask(parts, "a thumb down", helpful=False)
        ask(parts, "a thumb up", helpful=True)
        with parts.database.write() as session:
            add_confirmed(session, "judged", "vpn")
        found = [row.text for row in read(parts).waiting]
        assert found == ["a thumb up", "third", "second", "first"]

    def test_says_what_was_judged_in_the_same_words(self, parts: Parts) -> None:
        ask(parts, "Purple  elephants", "green tigers")
        with parts.database.write() as session:
            add_confirmed(session, "purple elephants", "vpn")
        settled = {row.text: bool(row.is_settled) for row in read(parts).waiting}
        assert settled == {"Purple  elephants": True, "green tigers": False}

    def test_begins_with_the_oldest_that_there_is_room_for(
        self, parts: Parts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert read(parts).begins_at is None
        monkeypatch.setattr(queue_rows, "MOST_RANKED", 2)
        _, second, _ = (ask(parts, text)[0] for text in ("first", "second", "third"))
        found = read(parts)
        assert [row.text for row in found.waiting] == ["third", "second"]
        with parts.database.read() as session:
            assert found.begins_at == session.get_one(Query, second).asked_at


class TestNotLearnt:
    def test_is_what_trains_and_the_live_version_never_saw_newest_first(
        self, parts: Parts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with parts.database.write() as session:
            known, older, newer, elsewhere = (
                add_confirmed(session, text, "vpn").id
                for text in ("known", "older", "newer", "elsewhere")
            )
            add_confirmed(session, "measures", "vpn", part=Purpose.HELD_OUT)
            learnt = parts.live.current().version
            session.add(VersionExample(version_id=learnt, query_id=known))
            add_version(session, [elsewhere])
            for query_id, hours in ((elsewhere, 3), (older, 2), (newer, 1)):
                row = update(Confirmation).where(Confirmation.query_id == query_id)
                moment = now() - timedelta(hours=hours)
                session.execute(row.values(confirmed_at=moment))
        assert list(read(parts).not_learnt) == ["newer", "older", "elsewhere"]
        monkeypatch.setattr(queue_rows, "MOST_NOT_LEARNT", 1)
        assert list(read(parts).not_learnt) == ["newer"]


def test_full_are_intents_with_all_held_out_questions_but_those_asked_for_a_candidate(
    parts: Parts,
) -> None:
    with parts.database.write() as session:
        add_confirmed(session, "one", "vpn", part=Purpose.HELD_OUT)
        add_confirmed(session, "two", "vpn", part=Purpose.HELD_OUT)
        add_confirmed(session, "three", "leave", part=Purpose.HELD_OUT)
        add_confirmed(session, "four", "leave", part=Purpose.TRAINING)
        for text in ("five", "six"):
            disputed = add_confirmed(session, text, "invoice", part=Purpose.HELD_OUT).id
            session.add(Disagreement(query_id=disputed, version_id=1, live_id=1))
    assert read(parts, held_out_cap=2).full == {"vpn"}
    assert read(parts, held_out_cap=1).full == {"vpn", "leave"}


def test_what_measures_is_test_questions_and_pins(parts: Parts) -> None:
    with parts.database.write() as session:
        add_evaluation(session, "An evaluated question", "vpn")
        pins.add_pin(session, "ann", "A pinned question", "vpn")
    assert {"an evaluated question", "a pinned question"} <= read(parts).measured


def test_the_candidate_in_the_shadow_has_the_room_that_its_standing_leaves(parts: Parts) -> None:
    assert (read(parts).shadow, read(parts).room) == (None, 0)
    with parts.database.write() as session:
        version = add_lacking_version(session).id
    with parts.database.read() as session:
        standing = read_standing(session, parts.settings)
    found = read(parts)
    assert standing is not None
    assert (found.live_id, found.shadow) == (1, Shadow(version, 1))
    assert found.room == standing.room > 0


class TestState:
    def test_follows_verdicts_though_their_number_stays(self, parts: Parts) -> None:
        with parts.database.write() as session:
            first = add_confirmed(session, "one", "vpn").id
        before = read(parts).state
        with parts.database.write() as session:
            session.execute(delete(Confirmation).where(Confirmation.query_id == first))
            add_query(session, "an older test", test=True)
        without = read(parts).state
        with parts.database.write() as session:
            session.add(Confirmation(query_id=first, part="training", confirmed_by="ann"))
        assert len({before, without, read(parts).state}) == 3

    def test_follows_the_faq_and_the_candidate(self, parts: Parts) -> None:
        states = [read(parts).state, read(parts).state]
        with parts.database.write() as session:
            raise_revision(session)
        states.append(read(parts).state)
        with parts.database.write() as session:
            add_lacking_version(session)
        states.append(read(parts).state)
        assert states[0] == states[1]
        assert len(set(states)) == 3

    def test_follows_questions_but_no_tests(self, parts: Parts) -> None:
        ask(parts, "first")
        before = read(parts).state
        ask(parts, "a test", test=True)
        assert read(parts).state == before
        ask(parts, "second")
        assert read(parts).state != before


@pytest.mark.parametrize("text", ["purple elephants are late", "an evaluated question"])
def test_what_measures_already_is_not_asked_for_again(parts: Parts, text: str) -> None:
    with parts.database.write() as session:
        add_evaluation(session, text.upper(), "vpn")
    ask(parts, text)
    rank_now(parts)
    assert usefulness(parts)[text] == 0


def test_an_intent_with_all_the_held_out_questions_that_it_may_have_gets_no_more(
    parts: Parts,
) -> None:
    """Its next verdict would train, so it is ranked by what it teaches."""
    full = parts.settings.model_copy(update={"held_out_cap": 1})
    judged, *others = texts("I forgot the password of my laptop {}", 4, held_out=True)
    [query] = ask(parts, judged)
    with parts.database.write() as session:
        assert confirm(session, query, "reset-password", "ann", full).part == "held_out"
    ask(parts, *others)
    assert rank_queue(parts.database, parts.models, full)
    assert sum(usefulness(parts)[text] > 0 for text in others) == 3


def test_an_unchanged_queue_is_left_alone_and_any_change_ranks_it_anew(parts: Parts) -> None:
    [query] = ask(parts, "purple elephants")
    assert rank_now(parts)
    assert not rank_now(parts)

    ask(parts, "green tigers")
    assert rank_now(parts)
    with parts.database.write() as session:
        confirm(session, query, None, "ann", parts.settings)
    assert rank_now(parts)
    assert not rank_now(parts)


@pytest.mark.parametrize(
    ("setting", "value"), [("held_out_share", 0.5), ("held_out_cap", 7), ("validation_share", 0.3)]
)
def test_a_setting_that_the_order_depends_on_ranks_it_anew(
    parts: Parts, setting: str, value: float
) -> None:
    ask(parts, "purple elephants")
    assert rank_now(parts)
    changed = parts.settings.model_copy(update={setting: value})
    assert rank_queue(parts.database, parts.models, changed)
    assert not rank_queue(parts.database, parts.models, changed)

from typing import Any

import pytest
from sqlalchemy import func, select, update

from chatbot.errors import Conflict, LeaseLost, NotFound
from chatbot.services.beginning import imports
from chatbot.services.beginning.imports import ALIVE_FOR, How, State
from chatbot.services.knowledge import edit_faq, faq_snapshot
from chatbot.services.knowledge.clashes import Clashes
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.knowledge.plan_import import Mode
from chatbot.storage.database import Database, now
from chatbot.storage.tables import FaqImport, Intent, TrainingJob
from factories import add_intent

CSV = b"text,intent,answer\nno wifi,wifi,Ask.\nVPN down,wifi,\n"
AS_PROPOSED = How()


@pytest.fixture
def faq(database: Database) -> Database:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down", "VPN off")
    return database


def keep(
    database: Database, content: bytes = CSV, how: How = AS_PROPOSED, **more: Any
) -> FaqImport:
    with database.write() as session:
        return imports.keep(session, "ann", "faq.csv", content, how, **more)


def get(database: Database, kept: FaqImport) -> FaqImport:
    with database.read() as session:
        return imports.get_import(session, kept.id)


def ask(database: Database, kept: FaqImport, how: How | None = None) -> FaqImport:
    with database.write() as session:
        return imports.ask_to_write(session, kept.id, how)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Intent.name).order_by(Intent.name)))


def test_a_file_is_read_shown_and_then_written(faq: Database) -> None:
    kept = keep(faq)
    imports.run(faq, kept.id, kept.token)
    shown = get(faq, kept)
    assert shown.state == State.READY
    assert shown.found is not None
    assert shown.found["counts"]["intents_added"] == 1
    assert names(faq) == ["vpn"]
    kept = ask(faq, kept)
    imports.run(faq, kept.id, kept.token)
    done = get(faq, kept)
    assert (done.state, done.alive_until, done.progress) == (State.DONE, None, 1.0)
    assert names(faq) == ["vpn", "wifi"]
    with faq.read() as session:
        assert faq_snapshot.get_act(session, done.act or 0).actor == "ann"
        assert session.scalars(select(FaqImport.content)).all() == [None]
        assert session.scalar(select(func.count(TrainingJob.id)))


def test_a_file_may_be_written_unseen(faq: Database) -> None:
    kept = keep(faq, state=State.WRITING)
    imports.run(faq, kept.id, kept.token)
    assert get(faq, kept).state == State.DONE
    assert names(faq) == ["vpn", "wifi"]


def test_what_was_decided_is_done(faq: Database) -> None:
    kept = keep(faq)
    imports.run(faq, kept.id, kept.token)
    kept = ask(faq, kept, How(Mode.UPDATE, Clashes.MOVE, {"VPN  DOWN": Clashes.DROP}))
    imports.run(faq, kept.id, kept.token)
    with faq.read() as session:
        texts = [
            u.text for name in names(faq) for u in edit_faq.get_intent(session, name).utterances
        ]
    assert texts == ["VPN off", "no wifi"]


def test_an_faq_that_was_edited_meanwhile_is_shown_anew(faq: Database) -> None:
    kept = keep(faq)
    imports.run(faq, kept.id, kept.token)
    with faq.write() as session:
        edit_faq.add_utterance(session, "eve", "vpn", "the tunnel is down")
    kept = ask(faq, kept)
    imports.run(faq, kept.id, kept.token)
    shown = get(faq, kept)
    assert shown.state == State.READY
    assert "edited after you looked" in shown.message
    assert names(faq) == ["vpn"]


def test_mistakes_are_kept_with_their_lines(faq: Database) -> None:
    kept = keep(faq, b"text,intent\n,wifi\n")
    imports.run(faq, kept.id, kept.token)
    shown = get(faq, kept)
    assert shown.state == State.REFUSED
    assert shown.found is not None
    assert shown.found["mistakes"][0][:2] == ["faq.csv", 2]
    with faq.write() as session, pytest.raises(Conflict, match="mistakes"):
        imports.ask_to_write(session, kept.id)


class TestTwoAtOnce:
    """Only what is done with the newest token counts."""

    def test_who_was_overtaken_writes_nothing(self, faq: Database) -> None:
        kept = keep(faq)
        imports.run(faq, kept.id, kept.token)
        first = ask(faq, kept).token
        silence(faq)
        second = ask(faq, kept).token
        with pytest.raises(LeaseLost):
            imports.run(faq, kept.id, first)
        assert names(faq) == ["vpn"]
        imports.run(faq, kept.id, second)
        assert names(faq) == ["vpn", "wifi"]

    def test_who_is_overtaken_while_it_writes_is_rolled_back(
        self, faq: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = keep(faq, state=State.WRITING)

        def overtaken(session: Any, *arguments: Any, **more: Any) -> Any:
            done = import_faq(session, *arguments, **more)
            session.execute(update(FaqImport).values(token=FaqImport.token + 1))
            return done

        monkeypatch.setattr(imports, "import_faq", overtaken)
        with pytest.raises(LeaseLost):
            imports.run(faq, kept.id, kept.token)
        assert names(faq) == ["vpn"]
        assert get(faq, kept).state == State.WRITING

    def test_a_file_is_written_once(self, faq: Database) -> None:
        kept = keep(faq, state=State.WRITING)
        with faq.write() as session, pytest.raises(Conflict, match="being imported"):
            imports.ask_to_write(session, kept.id)
        imports.run(faq, kept.id, kept.token)
        with faq.write() as session, pytest.raises(Conflict, match="already"):
            imports.ask_to_write(session, kept.id)

    def test_two_files_come_in_one_after_the_other(self, faq: Database) -> None:
        other = b"text,intent,answer\nrent a bike,bike,Ride.\n"
        for kept in (keep(faq, state=State.WRITING), keep(faq, other, state=State.WRITING)):
            imports.run(faq, kept.id, kept.token)
        assert names(faq) == ["bike", "vpn", "wifi"]


class TestWhatGoesWrong:
    def test_a_silent_process_is_told_of_and_the_file_read_again(self, faq: Database) -> None:
        kept = keep(faq, state=State.WRITING)
        assert not imports.has_stopped(get(faq, kept))
        silence(faq)
        assert imports.has_stopped(get(faq, kept))
        with faq.write() as session:
            again = imports.ask_to_read(session, kept.id)
        imports.run(faq, again.id, again.token)
        assert get(faq, kept).state == State.READY

    def test_a_sign_of_life_lasts_for_a_while(self, faq: Database) -> None:
        kept = keep(faq)
        silence(faq)
        imports.say_alive(faq, kept.id, kept.token)
        assert not imports.has_stopped(get(faq, kept))
        with pytest.raises(LeaseLost):
            imports.say_alive(faq, kept.id, kept.token + 1)

    def test_an_error_leaves_it_failed_and_nothing_written(
        self, faq: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any, **__: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(imports, "import_faq", broken)
        kept = keep(faq, state=State.WRITING)
        with pytest.raises(RuntimeError):
            imports.run_at_once(faq, kept.id, kept.token)
        assert get(faq, kept).state == State.FAILED
        assert names(faq) == ["vpn"]

    def test_what_is_done_does_not_fail_afterwards(self, faq: Database) -> None:
        kept = keep(faq, state=State.WRITING)
        imports.run(faq, kept.id, kept.token)
        imports.fail(faq, kept.id, kept.token, "It died.")
        assert get(faq, kept).state == State.DONE

    def test_one_that_nobody_knows(self, faq: Database) -> None:
        with faq.write() as session:
            for act in (imports.get_import, imports.ask_to_read, imports.leave):
                with pytest.raises(NotFound):
                    act(session, 999)


def test_one_that_is_left_is_gone_but_not_while_it_is_written(faq: Database) -> None:
    kept, other = keep(faq), keep(faq, state=State.WRITING)
    with faq.write() as session:
        imports.leave(session, kept.id)
        assert [each.id for each in imports.list_imports(session, 5)] == [other.id]
        with pytest.raises(Conflict):
            imports.leave(session, other.id)


def test_an_undo_is_seen_on_the_import_and_so_is_its_undo(faq: Database) -> None:
    kept = keep(faq, state=State.WRITING)
    imports.run(faq, kept.id, kept.token)
    act = get(faq, kept).act
    assert act is not None
    with faq.write() as session:
        faq_snapshot.undo(session, "ann", act)
    assert get(faq, kept).state == State.UNDONE
    with faq.write() as session:
        last = faq_snapshot.last_act(session)
        assert last is not None
        faq_snapshot.undo(session, "ann", last.id)
    assert get(faq, kept).state == State.DONE


@pytest.mark.parametrize(
    ("content", "is_large"),
    [(CSV, False), (b"x" * 300_000, True), (b"PK\x03\x04" + b"x" * 60_000, True)],
)
def test_what_takes_long_is_known_by_its_size(
    faq: Database, content: bytes, is_large: bool
) -> None:
    assert keep(faq, content).is_large is is_large


def silence(database: Database) -> None:
    with database.write() as session:
        session.execute(update(FaqImport).values(alive_until=now() - 2 * ALIVE_FOR))

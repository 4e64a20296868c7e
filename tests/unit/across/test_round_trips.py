"""What is exported imports to the same FAQ, whatever was edited before; and two files that do not
contradict each other make one FAQ, whichever comes first.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from chatbot.domain.redaction import redact
from chatbot.domain.text import clean, normalise
from chatbot.errors import ChatbotError, InvalidText
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.formats.gathering import as_title
from chatbot.formats.limits import MAX_UTTERANCE_CHARS
from chatbot.formats.registry import FORMATS, read_path, read_source
from chatbot.formats.source import Source, source_of
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.export_faq import export_faq
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.knowledge.plan_import import Mode, Wanted
from chatbot.storage.database import Database
from chatbot.storage.tables import EvaluationQuestion, Intent
from exports import EXPORTS, archive
from factories import add_evaluation

SHIPPED = Path(__file__).parents[3] / "faq_data"
WRITERS = {each.name: each.write for each in FORMATS if each.write}
HELD_BY = {
    "yaml": {"title", "topic", "answer", "enabled", "held_out", "out_of_scope"},
    "csv": {"title", "topic", "answer", "enabled"},
    "qnamaker": {"title", "topic", "answer", "enabled"},
    "rasa": {"title", "topic", "answer", "enabled", "out_of_scope"},
    "clu": {"held_out", "out_of_scope"},
}
"""What a format has a place for, beside names and utterances."""

NAMES = ("vpn", "yes", "0123", "büro", "connexion-à-l-e-mail", "連接", "c")
ODD = [
    *("yes", "404", "null and void", "a: b # c", "- dash", "=SUM(A1)", "'=quoted", "@handle"),
    *('"quoted", with comma', "it's; semicolon", "*alias &anchor !tag", "{{ braces }} {x}", "#N/A"),
    *(
        "trailing colon:",
        "'apostrophe",
        "1,00E+05",
        "kein BÃ¤ro",
        "如何重置密码",
        "كيف أفتح",
        "50 %",
    ),
    *("[a](b) or [c]", "a\\nb", "C:\\new", "<b>bold</b>", "x | y", "## heading", "~ so", "12:30"),
    *("İstanbul", "Straße", "a\u200db", "## intent:x", "sep=;", "`code`", "! wow", "% of it"),
]
LINES = [
    *ODD,
    "One.\n\n- two\n- three",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "x\nhi there,vpn,A.,T,N,yes",
]
EDITS = ("create", "say", "unsay", "change", "delete", "measure", "switch")


def is_text(text: str) -> bool:
    """Whether it is stored, and as it is: other programs' files are redacted, and need a word."""
    with suppress(InvalidText):
        is_clean = clean(text, MAX_UTTERANCE_CHARS) == text == redact(text)
        return is_clean and any(map(str.isalnum, text))
    return False


LETTERS = st.characters(categories=["Ll", "Lo", "Nd", "Po"])
TEXTS = st.sampled_from(ODD) | st.text(LETTERS, min_size=1, max_size=15).filter(is_text)
ANSWERS = st.sampled_from(LINES)
STEPS = st.lists(
    st.tuples(st.sampled_from(EDITS), st.sampled_from(NAMES), TEXTS, ANSWERS),
    min_size=3,
    max_size=15,
)
DRAWN = settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


class _Undone(Exception):
    pass


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A session of which nothing stays, so that each example begins with nothing."""
    with suppress(_Undone), database.write() as session:
        yield session
        raise _Undone


def edit(session: Session, step: tuple[str, str, str, str]) -> None:
    """Do what an editor does; what is refused changes nothing."""
    kind, name, text, answer = step
    with suppress(ChatbotError):
        match kind:
            case "create":
                edit_faq.create_intent(session, "ann", name, text, answer, text[:80], [text])
            case "say":
                edit_faq.add_utterance(session, "ann", name, text)
            case "unsay":
                for each in edit_faq.get_intent(session, name).utterances[-1:]:
                    edit_faq.delete_utterance(session, "ann", name, each.id)
            case "change":
                changes = {"title": text, "answer": answer, "topic": ""}
                edit_faq.change_intent(session, "ann", name, changes)
            case "delete":
                edit_faq.delete_intent(session, "ann", name)
            case "measure" if not session.scalar(is_known(text)):
                add_evaluation(session, text, name if len(text) % 2 else None)
            case "switch":
                edit_faq.change_intent(session, "ann", name, {"enabled": len(text) % 2 == 0})
    session.flush()
    session.expire_all()


def is_known(text: str) -> Select[bool]:
    measured = select(EvaluationQuestion.id).where(EvaluationQuestion.normalised == normalise(text))
    return select(measured.exists())


def said(session: Session, held: set[str]) -> dict[str, Any]:
    """The FAQ as far as a format holds it."""
    session.flush()
    session.expire_all()
    draft = export_faq(session)
    intents = {
        name: (
            sorted(intent.utterances),
            {field: getattr(intent, field) for field in held - {"held_out", "out_of_scope"}},
            sorted(intent.held_out) if "held_out" in held else [],
        )
        for name, intent in draft.intents.items()
    }
    return {"intents": intents, "": sorted(draft.out_of_scope) if "out_of_scope" in held else []}


def packed(files: Mapping[str, bytes]) -> Source:
    """Files as somebody hands them over: one by itself, several as an archive."""
    [(name, content), *more] = files.items()
    return source_of("faq.zip", archive(files)) if more else source_of(name, content)


@pytest.mark.parametrize("name", WRITERS)
@DRAWN
@given(steps=STEPS)
def test_an_export_imports_to_the_same_faq_after_any_edit(
    sqlite_database: Database, name: str, steps: list[tuple[str, str, str, str]]
) -> None:
    with undone(sqlite_database) as session:
        for step in [("create", "vpn", "the VPN is down", "Start it."), *steps]:
            edit(session, step)
        before = said(session, HELD_BY[name])
        if not before["intents"]:
            return
        written = WRITERS[name](export_faq(session))
        draft = read_source(packed(written))
        assert draft.format == name
        import_faq(session, draft, "ann")
        assert said(session, HELD_BY[name]) == before
        session.execute(delete(EvaluationQuestion))
        session.execute(delete(Intent))
        import_faq(session, draft, "ann")
        assert said(session, HELD_BY[name]) == before


@pytest.mark.parametrize("name", WRITERS)
def test_the_shipped_faq_is_exported_and_imported_as_it_is(
    sqlite_database: Database, name: str
) -> None:
    with undone(sqlite_database) as session:
        import_faq(session, read_path(SHIPPED), "ann")
        before = said(session, HELD_BY[name])
        draft = read_source(packed(WRITERS[name](export_faq(session))))
        import_faq(session, draft, "ann", wanted=Wanted(Mode.REPLACE))
        assert said(session, HELD_BY[name]) == before


@st.composite
def halves(draw: st.DrawFn) -> tuple[CatalogueDraft, CatalogueDraft]:
    """Two files that do not contradict each other: each says some of what there is to say."""
    texts = iter(draw(st.lists(TEXTS, min_size=6, max_size=16, unique_by=normalise)))
    files = CatalogueDraft(), CatalogueDraft()
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        own = [text for text, _ in zip(texts, range(3), strict=False)]
        whole = {"title": f"About {name}", "topic": "T", "answer": "A", "enabled": name < "m"}
        for file in files:
            if draw(st.booleans()):
                file.intents[name] = some_of(draw, name, whole, own)
    for text in texts:
        for file in files:
            if draw(st.booleans()):
                file.out_of_scope.append(text)
    return files


def some_of(draw: st.DrawFn, name: str, whole: dict[str, Any], own: list[str]) -> IntentDraft:
    """What a file may say of an intent; its title is made of its name where it has none."""
    told = {field: value for field, value in whole.items() if draw(st.booleans())}
    places = [draw(st.sampled_from(["utterances", "held_out", "nowhere"])) for _ in own]
    title = told.pop("title", as_title(name))
    draft = IntentDraft(name, title, has_own_title=title != as_title(name), **told)
    for text, place in zip(own, places, strict=True):
        if place != "nowhere":
            getattr(draft, place).append(text)
    return draft


@DRAWN
@given(files=halves())
def test_two_files_that_agree_make_one_faq_in_either_order(
    sqlite_database: Database, files: tuple[CatalogueDraft, CatalogueDraft]
) -> None:
    both = []
    for order in (files, files[::-1]):
        with undone(sqlite_database) as session:
            for draft in order:
                import_faq(session, draft, "ann")
            both.append(said(session, HELD_BY["yaml"]))
    assert both[0] == both[1]


QUESTIONS = b"text,intent\nhow to reset it,reset password\nlost it,reset password\n"
ANSWERS_BY_NAME = (
    b"intent,answer,title,text\nreset-password,Press **Reset**.,Reset your password,\n"
)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_second_file_completes_intents_without_an_answer(
    sqlite_database: Database, order: tuple[int, ...]
) -> None:
    files = QUESTIONS, ANSWERS_BY_NAME
    with sqlite_database.write() as session:
        for number in order:
            import_faq(session, read_source(source_of("faq.csv", files[number])), "ann")
        [(utterances, words, _)] = said(session, HELD_BY["csv"])["intents"].values()
    assert utterances == ["how to reset it", "lost it"]
    assert (words["title"], words["answer"]) == ("Reset your password", "Press **Reset**.")
    assert words["enabled"]


def test_a_luis_app_waits_for_its_answers(sqlite_database: Database) -> None:
    [app] = EXPORTS["luis"]
    answers = b"intent;answer;text\nheizung;Wir kommen.;\n"
    for order in ([0, 1], [1, 0]):
        files = [packed(app), source_of("answers.csv", answers)]
        with undone(sqlite_database) as session:
            for number in order:
                import_faq(session, read_source(files[number]), "ann")
            heating = export_faq(session).intents["heizung"]
            assert (heating.title, heating.answer) == ("Heizung", "Wir kommen.")
            assert len(heating.utterances) == 2

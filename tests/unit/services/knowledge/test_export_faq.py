from pathlib import Path

import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.errors import InvalidCatalogue
from chatbot.formats.own_csv import write_csv
from chatbot.formats.own_yaml import write_yaml
from chatbot.formats.registry import read_path
from chatbot.services.knowledge import edit_faq, undo_edit
from chatbot.services.knowledge.export_faq import export_faq
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.knowledge.plan_import import Imported
from chatbot.storage.database import Database
from chatbot.storage.tables import EvaluationQuestion
from factories import add_evaluation

AWKWARD = [
    "yes",
    "404",
    "null",
    "~",
    "a: b # c",
    "- dash",
    "=SUM(A1:A9)",
    "'=quoted",
    "''+twice",
    "@handle",
    '"quoted", with comma',
    "it's; semicolon",
    "ünïcödé 🙂 日本",
    "*alias &anchor !tag",
    "{{ braces }}",
    "trailing colon:",
    "x" * 500,
    "'apostrophe first",
]
ANSWER = "# Title\n\n- one\n- two\n\n    code: yes\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n=1+1"


def fill(session: Session) -> None:
    edit_faq.create_intent(session, "ann", "awkward", "404: “yes”", ANSWER, "=Topic", AWKWARD)
    edit_faq.create_intent(session, "ann", "draft", "- Draft", "- item", "", [], enabled=False)
    edit_faq.create_intent(session, "ann", "plain", "Plain", "Yes", "Net", ["hello there"])
    edit_faq.create_intent(session, "ann", "article", "An article", "All there is", "Net", [])
    add_evaluation(session, "null?", "plain")


def contents(session: Session) -> dict[str, object]:
    return {
        name: (draft.title, draft.topic, draft.answer, draft.enabled, draft.utterances)
        for name, draft in export_faq(session).intents.items()
    }


def write(folder: Path, kind: str, session: Session) -> Path:
    draft = export_faq(session)
    content = write_yaml(draft) if kind == "yaml" else write_csv(draft.intents.values())
    path = folder / f"faq.{kind}"
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize("kind", ["yaml", "csv"])
def test_an_export_reads_as_the_same_faq(database: Database, tmp_path: Path, kind: str) -> None:
    with database.write() as session:
        fill(session)
        path = write(tmp_path, kind, session)
        expected = contents(session)
        assert import_faq(session, read_path(path), "ann") == Imported()
        for name in ("awkward", "draft", "plain"):
            edit_faq.delete_intent(session, "ann", name)
        done = import_faq(session, read_path(path), "ann")
        session.flush()
        session.expire_all()
        assert contents(session) == expected
    assert (done.intents_added, done.warnings) == (3, [])


def test_yaml_holds_also_what_only_measures(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        fill(session)
        add_evaluation(session, "tell me a joke", None)
        draft = read_path(write(tmp_path, "yaml", session))
    assert draft.intents["plain"].held_out == ["null?"]
    assert draft.out_of_scope == ["tell me a joke"]


def test_an_empty_faq_is_a_file_too(database: Database, tmp_path: Path) -> None:
    with database.read() as session:
        for kind in ("yaml", "csv"):
            assert read_path(write(tmp_path, kind, session)).size == 0


def test_a_spreadsheet_runs_nothing(database: Database) -> None:
    with database.write() as session:
        fill(session)
        cells = write_csv(export_faq(session).intents.values()).split("\r\n")
    assert not [line for line in cells if line.startswith(("=", "+", "-", "@", '"=', '"-'))]


def test_answers_of_several_lines_are_written_as_people_do(database: Database) -> None:
    with database.write() as session:
        edit_faq.create_intent(session, "ann", "a", "T", "One.\n\n- two", "", ["x y"])
        text = write_yaml(export_faq(session))
    assert "  answer: |-\n    One.\n\n    - two\n" in text
    assert yaml.safe_load(text)["intents"][0]["enabled"] is True


MISTAKES = {
    "alias": ("intents:\n- *a\n", "faq.yaml:2: repeats something (*name) that is not there"),
    "bomb": (
        "a0: &a0 [x, x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(30)),
        "faq.yaml:17: holds more than 300,000 values",
    ),
    "deep": ("[" * 5000, "faq.yaml:1: is nested too deeply"),
    "enabled": (
        "intents:\n- {name: x, title: T, answer: A, utterances: [u], enabled: maybe}\n",
        "faq.yaml:2: `enabled` of “x” is true or false",
    ),
    "topic": (
        f"intents:\n- {{name: x, title: T, answer: A, utterances: [u], topic: {'x' * 81}}}\n",
        "faq.yaml:2: the topic of “x” is longer than 80",
    ),
    "out-of-scope": ("intents: []\nout_of_scope: [x]\n", "faq.yaml:2: `out_of_scope` needs kinds"),
}


@pytest.mark.parametrize(("content", "first"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_one_yaml_file_is_named_with_its_line(
    tmp_path: Path, content: str, first: str
) -> None:
    (tmp_path / "faq.yaml").write_text(content)
    with pytest.raises(InvalidCatalogue) as refused:
        read_path(tmp_path / "faq.yaml")
    assert str(refused.value.mistakes[0]).startswith(first)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("u,x,A,T,,perhaps", "enabled is yes or no, not “perhaps”"),
        (f"u,x,{'x' * 20_001}", "the answer of “x” is longer than 20000"),
        (f"u,x,A,{'x' * 201}", "the title of “x” is longer than 200"),
        (f"u,x,A,T,{'x' * 81}", "the topic of “x” is longer than 80"),
    ],
)
def test_a_mistake_in_a_column_of_a_csv_is_named(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "faq.csv").write_text(f"text,intent,answer,title,topic,enabled\n{line}\n")
    with pytest.raises(InvalidCatalogue) as refused:
        read_path(tmp_path / "faq.csv")
    assert str(refused.value) == f"faq.csv:2: {reason}"


@pytest.mark.parametrize("edit", ["create", "add", "reword"])
def test_an_export_can_be_imported_after_a_test_question_became_an_utterance(
    database: Database, tmp_path: Path, edit: str
) -> None:
    with database.write() as session:
        edit_faq.create_intent(session, "ann", "plain", "Plain", "Yes", "Net", ["good day"])
        add_evaluation(session, "hello", None)
        add_evaluation(session, "hello you", "plain")
    with database.write() as session:
        if edit == "create":
            words = ["Hello", "hello you"]
            edit_faq.create_intent(session, "ann", "greeting", "Greeting", "Hello!", "", words)
        elif edit == "add":
            edit_faq.add_utterance(session, "ann", "plain", "HELLO")
            edit_faq.add_utterance(session, "ann", "plain", "hello you")
        else:
            row = edit_faq.get_intent(session, "plain").utterances[0]
            edit_faq.change_utterance(session, "ann", "plain", row.id, "hello")
            edit_faq.add_utterance(session, "ann", "plain", "hello you")
    with database.write() as session:
        assert session.scalars(select(EvaluationQuestion.id)).all() == []
        path = write(tmp_path, "yaml", session)
        assert import_faq(session, read_path(path), "ann") == Imported()


def test_undoing_such_an_edit_makes_it_measure_again(database: Database) -> None:
    with database.write() as session:
        edit_faq.create_intent(session, "ann", "plain", "Plain", "Yes", "Net", ["good day"])
        add_evaluation(session, "hello", None, calibration=True)
        edit_faq.add_utterance(session, "ann", "plain", "hello")
        session.flush()
        newest = undo_edit.list_history(session, "plain", 1)[0]
        undo_edit.undo(session, "ann", "plain", newest.id)
        rows = session.execute(select(EvaluationQuestion.text, EvaluationQuestion.calibration))
        assert rows.all() == [("hello", True)]


def test_an_earlier_double_is_left_out_of_the_file(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        edit_faq.create_intent(session, "ann", "plain", "Plain", "Yes", "Net", ["good day"])
        add_evaluation(session, "good day", None)
        path = write(tmp_path, "yaml", session)
        assert import_faq(session, read_path(path), "ann") == Imported()

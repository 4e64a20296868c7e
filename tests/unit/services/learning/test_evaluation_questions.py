import pytest
from sqlalchemy import select

from chatbot.errors import Conflict, InvalidCatalogue, InvalidText, NotFound
from chatbot.services.knowledge import faq_snapshot
from chatbot.services.learning import evaluation_questions as questions
from chatbot.services.learning.evaluation_questions import Row, Wanted
from chatbot.storage.database import Database
from chatbot.storage.tables import EvaluationQuestion, TrainingJob
from factories import add_evaluation, add_intent, add_live_version

CSV = b"text,intent\nmy tunnel died,vpn\ndo you sell bread?,\n"


@pytest.fixture
def faq(database: Database) -> Database:
    with database.write() as session:
        add_intent(session, "vpn", "VPN down")
        add_intent(session, "invoice", "where is my invoice")
        add_evaluation(session, "tunnel?", "vpn")
        add_evaluation(session, "a joke", None)
        demo = add_evaluation(session, "a song", None)
        demo.origin = "demo"
    return database


def stored(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        rows = session.scalars(select(EvaluationQuestion).order_by(EvaluationQuestion.id))
        return {row.text: row.intent.name if row.intent else None for row in rows}


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        (Wanted(), ["a song", "a joke", "tunnel?"]),
        (Wanted(text="TUNNEL"), ["tunnel?"]),
        (Wanted(intent="vpn"), ["tunnel?"]),
        (Wanted(intent="invoice"), []),
        (Wanted(out_of_scope=True), ["a song", "a joke"]),
        (Wanted(out_of_scope=False), ["tunnel?"]),
        (Wanted(origin="demo"), ["a song"]),
        (Wanted(origin="person", out_of_scope=True), ["a joke"]),
    ],
)
def test_a_list_is_filtered(faq: Database, wanted: Wanted, texts: list[str]) -> None:
    with faq.read() as session:
        assert [row.text for row in questions.browse(session, wanted).rows] == texts
        assert len(questions.list_ids(session, wanted)) == len(texts)


def test_one_is_added_with_whose_it_is(faq: Database) -> None:
    with faq.write() as session:
        added = questions.add(session, "eve", "my vpn naps", "vpn")
        assert (added.added_by, added.origin, added.calibration) == ("eve", None, False)
        assert questions.add(session, "bob", "My VPN naps", "vpn").id == added.id
    assert stored(faq)["my vpn naps"] == "vpn"


@pytest.mark.parametrize(
    ("text", "intent", "error"),
    [
        ("vpn DOWN", None, Conflict),  # an utterance
        ("a joke", "vpn", Conflict),  # labelled otherwise
        ("new", "nothing", NotFound),
        (" ", None, InvalidText),
    ],
)
def test_what_cannot_measure_is_refused(
    faq: Database, text: str, intent: str | None, error: type[Exception]
) -> None:
    before = stored(faq)
    with pytest.raises(error), faq.write() as session:
        questions.add(session, "eve", text, intent)
    assert stored(faq) == before


def test_an_edit_makes_it_ones_own(faq: Database) -> None:
    with faq.write() as session:
        row = session.scalars(select(EvaluationQuestion).filter_by(text="a song")).one()
        questions.change(session, "eve", row.id, "where is the bill", "invoice")
        assert (row.origin, row.added_by, row.calibration) == (None, "eve", False)
        with pytest.raises(Conflict):
            questions.change(session, "eve", row.id, "a joke", "invoice")
    assert stored(faq)["where is the bill"] == "invoice"


def test_many_are_removed_at_once_and_one_undo_brings_them_back(faq: Database) -> None:
    before = stored(faq)
    with faq.write() as session:
        ids = questions.list_ids(session, Wanted(out_of_scope=True))
        assert questions.remove(session, "eve", [*ids, 999]) == 2
    assert stored(faq) == {"tunnel?": "vpn"}
    with faq.write() as session:
        last = faq_snapshot.last_act(session)
        assert last is not None
        faq_snapshot.undo(session, "eve", last.id)
    assert stored(faq) == before
    with faq.read() as session:
        row = session.scalars(select(EvaluationQuestion).filter_by(text="a song")).one()
        assert row.origin == "demo"


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
def test_a_csv_is_imported_whole(faq: Database, delimiter: bytes) -> None:
    content = b"\xef\xbb\xbf" + CSV.replace(b",", delimiter).replace(b"text", b"Text")
    with faq.write() as session:
        rows = questions.read_csv(content, "q.csv")
        assert questions.import_rows(session, "eve", rows, "q.csv") == 2
        assert questions.import_rows(session, "eve", rows, "q.csv") == 0
    assert stored(faq)["my tunnel died"] == "vpn"
    assert stored(faq)["do you sell bread?"] is None


def test_each_mistake_of_a_file_has_its_line_and_nothing_happens(faq: Database) -> None:
    rows = [
        Row("fine", "vpn", 2),
        Row("bad", "nothing", 3),
        Row("VPN down", "vpn", 4),
        Row("a joke", "vpn", 5),
        Row(" ", None, 6),
        Row("FINE", None, 7),
    ]
    before = stored(faq)
    with pytest.raises(InvalidCatalogue) as caught, faq.write() as session:
        questions.import_rows(session, "eve", rows, "q.csv")
    assert [mistake.line for mistake in caught.value.mistakes] == [3, 4, 5, 6, 7]
    assert stored(faq) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a,b\n1,2\n", "columns text,intent"), (b"\xff\xfe", "not UTF-8"), (b"", "columns")],
)
def test_what_is_no_such_csv_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(InvalidCatalogue, match=said):
        questions.read_csv(content, "q.csv")


def test_thresholds_of_an_untrained_version_follow_those_that_calibrate(faq: Database) -> None:
    with faq.write() as session:
        add_live_version(session, kind="untrained")
        questions.add(session, "eve", "my vpn naps", "vpn")
        assert session.scalars(select(TrainingJob.kind)).all() == []
        rows = [Row(f"out of scope {number}", None) for number in range(20)]
        questions.import_rows(session, "eve", rows, "q.csv")
        assert session.scalars(select(TrainingJob.kind)).all() == ["untrained"]

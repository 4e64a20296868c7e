import pytest
from apiflask import APIFlask

from chatbot.bootstrap import Parts
from chatbot.http.imports import carry_on
from chatbot.services.beginning import imports
from chatbot.services.beginning.imports import How, State


@pytest.mark.parametrize(
    ("rows", "is_done"), [(2, True), (9_000, False)], ids=["at once", "beside"]
)
def test_a_small_file_is_read_at_once_and_a_large_one_beside(
    app: APIFlask, parts: Parts, rows: int, is_done: bool
) -> None:
    lines = "".join(f"where is door number {n},doors,\n" for n in range(rows))
    content = f"text,intent,answer\n{lines}".encode()
    with parts.database.write() as session:
        kept = imports.keep(session, "ann", "doors.csv", content, How())
    with app.app_context():
        assert carry_on(kept) is is_done
    with parts.database.read() as session:
        state = imports.get_import(session, kept.id).state
    assert state == (State.READY if is_done else State.READING)

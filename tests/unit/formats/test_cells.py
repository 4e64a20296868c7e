import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.formats.cells import find_damage, guarded, unguarded

DAMAGED = {
    "#REF!": "shows the error #REF!",
    " #NV ": "shows the error #NV",
    "=VLOOKUP(A1;B:C;2)": "holds the formula “=VLOOKUP(…”",
    "1,00E+05": "holds “1,00E+05”, a number that was shortened",
    "-2E-07": "holds “-2E-07”, a number that was shortened",
    "########": "shows “########”, as a column that is too narrow does",
    "kein BÃ¼ro": "holds “Ã¼”, a letter that was misread",
    "donâ€™t": "holds “â€™”, a letter that was misread",
    "kein B\ufffdro": "holds “\ufffd” where a letter was lost",
}
FINE = [
    *("", "no wifi", "#help", "##", "E+5", "1E5", "A1", "=1+1", "= see above", "Büro", "»Spaß«"),
    *("NÃO", "Âge", "10 % – 20 %", "€ 5", "“Maß”", "C#", "#1", "N/A", "São Tomé", "Ça va ?", "Ã"),
]


@pytest.mark.parametrize(("cell", "said"), DAMAGED.items())
def test_what_a_program_put_in_place_of_what_was_meant_is_named(cell: str, said: str) -> None:
    assert (find_damage(cell) or "").startswith(said)


@pytest.mark.parametrize("cell", FINE)
def test_what_people_write_is_no_damage(cell: str) -> None:
    assert find_damage(cell) is None


@pytest.mark.parametrize("cell", [*DAMAGED, "=1+1", "'=1+1", "''#REF!", "-5", "@home", "\tx"])
def test_an_apostrophe_says_that_something_odd_is_meant(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"
    assert unguarded(guarded(cell)) == cell
    assert unguarded(cell) == cell.removeprefix("'")


@given(st.text(st.sampled_from("'=#REF!1E+05Ã¼ab\n")))
def test_what_is_guarded_is_read_as_it_was(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.formats.names import is_name, name_all, to_name, to_whole_name

LABELS = st.text(min_size=1, max_size=120)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Reset Password", "reset-password"),
        ("faq/channels", "faq-channels"),
        ("P5.6_special_care", "p5.6_special_care"),
        ("Parallele Förderung Bund+Bayern", "parallele-förderung-bund-bayern"),
        ("吃飯", "吃飯"),
        ("¿Algo Mas?", "algo-mas"),
        ("yes", "yes"),
        ("0123", "0123"),
        ("Straße", "strasse"),
        ("bike - e", "bike-e"),
        ("Bike---E", "bike-e"),
        ("a -- b", "a-b"),
        ("a--b", "a--b"),
    ],
)
def test_a_name_keeps_the_letters_of_its_label(label: str, name: str) -> None:
    assert to_name(label) == name
    assert is_name(name)


def test_a_label_without_letters_is_named_by_its_hash() -> None:
    assert to_name("???").startswith("intent-")
    assert to_name("???") != to_name("!!!")
    assert to_whole_name("???") == ""


@given(LABELS)
def test_every_label_gets_a_name_that_stays(label: str) -> None:
    name = to_name(label)
    assert is_name(name)
    assert to_name(name) == name


@given(st.lists(LABELS, unique=True, max_size=20))
def test_no_two_labels_get_one_name_in_whatever_order_they_come(labels: list[str]) -> None:
    names = name_all(labels)
    assert len(set(names.values())) == len(labels)
    assert all(map(is_name, names.values()))
    assert name_all(reversed(labels)) == names


def test_of_labels_with_one_name_only_the_one_that_is_written_so_keeps_it() -> None:
    names = name_all(["alta-baja", "Alta/Baja", "ALTA BAJA"])
    assert names["alta-baja"] == "alta-baja"
    assert names["Alta/Baja"].startswith("alta-baja-")
    assert names["Alta/Baja"] == name_all(["Alta/Baja", "alta-baja"])["Alta/Baja"]


@pytest.mark.parametrize("name", ["", "Ask", "-a", "a b", "_a", unicodedata.normalize("NFD", "é")])
def test_what_would_be_written_otherwise_is_no_name(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("name", ["x_", "v1.", "a-", "büro_"])
def test_a_label_that_is_a_name_stays_as_it_is(name: str) -> None:
    assert to_name(name) == name
    assert name_all([name, name.rstrip("_.-")]) == {name: name, name.rstrip("_.-"): name[:-1]}

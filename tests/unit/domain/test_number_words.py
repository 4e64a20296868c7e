import re

import pytest

from chatbot.domain.number_words import Kind, is_listed, kind_of_number


def kind(text: str) -> Kind | None:
    found = re.search(r"\d[\d ]*\d", text)
    assert found
    return kind_of_number(text, *found.span())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order 0012", Kind.MATTER),
        ("the number of my order is 0012", Kind.MATTER),
        ("0012 is the number of my order", Kind.MATTER),
        ("0012 (Bestellnummer)", Kind.MATTER),
        ("Auftrags-Nr. 0012", Kind.MATTER),
        ("我的订单号：0012", Kind.MATTER),
        ("注文番号は 0012", Kind.MATTER),
        ("account 0012", Kind.MATTER),
        ("bank account 0012", Kind.BANK),
        ("IMEI: 0012", Kind.THING),
        ("tax ID 0012", Kind.PERSON),
        ("numéro de sécurité sociale 0012", Kind.PERSON),
        ("numero de telefono 0012", Kind.PHONE),
        ("phone order 0012", Kind.MATTER),
        ("order phone 0012", Kind.PHONE),
    ],
)
def test_the_nearest_word_that_does_not_only_link_says_it(text: str, expected: Kind) -> None:
    assert kind(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "0012",
        "my number is 0012",
        "my order has not come, 0012",
        "I have an order. 0012",
        "where is my order? 0012",
        "reorder 0012",
        "the order that we have sent to 0012",
        "0012, order",
        "order [phone] 0012",
    ],
)
def test_what_no_word_speaks_of_is_left_open(text: str) -> None:
    assert kind(text) is None


def test_a_list_is_of_numbers_written_alike() -> None:
    text = "0012 and 0013, 030 14"
    assert is_listed(text, (0, 4), (9, 13))
    assert not is_listed(text, (9, 13), (15, 21))
    assert not is_listed("0012 or call 0013", (0, 4), (13, 17))

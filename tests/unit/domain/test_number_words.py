import re

import pytest

from chatbot.domain.number_words import NumberKind, is_listed, kind_of_number


def kind(text: str) -> NumberKind | None:
    found = re.search(r"\d[\d ]*\d", text)
    assert found
    return kind_of_number(text, *found.span())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order 0012", NumberKind.MATTER),
        ("the number of my order is 0012", NumberKind.MATTER),
        ("0012 is the number of my order", NumberKind.MATTER),
        ("0012 (Bestellnummer)", NumberKind.MATTER),
        ("Auftrags-Nr. 0012", NumberKind.MATTER),
        ("我的订单号：0012", NumberKind.MATTER),
        ("注文番号は 0012", NumberKind.MATTER),
        ("account 0012", NumberKind.MATTER),
        ("bank account 0012", NumberKind.BANK),
        ("IMEI: 0012", NumberKind.THING),
        ("tax ID 0012", NumberKind.PERSON),
        ("numéro de sécurité sociale 0012", NumberKind.PERSON),
        ("numero de telefono 0012", NumberKind.PHONE),
        ("phone order 0012", NumberKind.MATTER),
        ("order phone 0012", NumberKind.PHONE),
    ],
)
def test_the_nearest_word_that_does_not_only_link_says_it(text: str, expected: NumberKind) -> None:
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

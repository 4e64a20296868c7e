import pytest

from chatbot.errors import InvalidCatalogue
from chatbot.formats import gathering, intents_csv
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_source
from chatbot.formats.source import source_of


def read(content: str | bytes) -> CatalogueDraft:
    encoded = content.encode() if isinstance(content, str) else content
    draft = read_source(source_of("intents.csv", encoded))
    assert draft.format == "intents-csv"
    return draft


ROWS = "wake me at six,alarm_set\nwake me at ten,alarm_set\nis it raining,Weather.Now\n"


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        ROWS.encode("utf-16"),
        "\ufeff" + ROWS.replace("\n", "\r\n"),
        ROWS.replace(",", ";"),
        ROWS.replace(",", "\t"),
        ROWS.replace("alarm", "#alarm") + "\n",
    ],
)
def test_a_table_without_a_header_is_told_by_labels_that_come_again(content: str | bytes) -> None:
    draft = read(content)
    assert {name: each.utterances for name, each in draft.intents.items()} == {
        "alarm_set": ["wake me at six", "wake me at ten"],
        "weather.now": ["is it raining"],
    }
    assert draft.intents["weather.now"].answer is None


def test_rows_that_are_no_pair_are_counted_with_their_line() -> None:
    good = ROWS * 10
    draft = read(good + "wake me, please,alarm_set\nalone\n,alarm_set\n")
    left = [(each.reason, each.line) for each in draft.left_out if each.line > 30]
    assert left == [
        (intents_csv.NO_PAIR, 31),
        (intents_csv.NO_INTENT, 32),
        (intents_csv.NO_PAIR, 33),
    ]


def test_a_text_of_two_intents_goes_to_neither() -> None:
    draft = read(ROWS + "is it raining,alarm_set\n")
    assert [each.reason for each in draft.left_out] == [gathering.IN_TWO_INTENTS] * 2


@pytest.mark.parametrize(
    "content",
    [
        b"no wifi,wifi\n",
        b"text,intent\nno wifi,wifi\nno net,wifi\n",
        b"sentence,intent\nno wifi,wifi\nno net,wifi\n",
        b"How do I pay?,By card at the desk.\nCan I pay later?,By card at the desk.\n",
        b"wifi,no wifi\nwifi,bad wifi\n",
        b'no wifi,wifi\n"no net,wifi\n',
        b"\xff\xff",
        b"",
    ],
)
def test_other_tables_are_left_to_others(content: bytes) -> None:
    assert not intents_csv.FORMAT.sniff(source_of("x.csv", content))


def test_a_quote_that_is_not_closed_is_refused_with_its_line() -> None:
    content = ROWS * 100 + '"no wifi,wifi\n'
    with pytest.raises(InvalidCatalogue, match=r"intents\.csv:301: is not a CSV file"):
        read(content)

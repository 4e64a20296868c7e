"""How readers of files collect mistakes, and that no phrasing appears twice."""

import pytest

from chatbot.formats.draft import CatalogueDraft, IntentDraft, Reader
from chatbot.formats.source import source_of


class AnyReader(Reader):
    def read(self) -> CatalogueDraft:
        return self.draft


@pytest.fixture
def reader() -> AnyReader:
    return AnyReader(source_of("faq", b""))


def mistakes(reader: Reader) -> list[str]:
    return [str(mistake) for mistake in reader.mistakes]


def test_a_text_comes_back_cleaned_and_its_place_is_kept(reader: AnyReader) -> None:
    assert reader.text("  no   wifi ", "wifi", "a.yaml", 3) == "no wifi"
    assert reader.draft.places == {"no wifi": ("a.yaml", 3)}
    assert mistakes(reader) == []


def test_a_repetition_is_a_mistake_or_harmless_as_the_format_says(reader: AnyReader) -> None:
    reader.text("no wifi", "wifi", "a.yaml", 3)
    assert reader.text("NO WIFI", "wifi", "b.yaml", 5, repeat_is_mistake=False) is None
    assert mistakes(reader) == []
    assert reader.text("NO WIFI", "wifi", "b.yaml", 5) is None
    assert mistakes(reader) == ["b.yaml:5: “NO WIFI” is there already (a.yaml:3)"]


def test_a_phrasing_of_two_intents_is_always_a_mistake_that_names_both(reader: AnyReader) -> None:
    reader.text("no wifi", "wifi", "a.yaml", 3)
    assert reader.text("No wifi", "vpn", "b.yaml", 5, repeat_is_mistake=False) is None
    assert mistakes(reader) == [
        "b.yaml:5: “No wifi” belongs to “wifi” (a.yaml:3) and to “vpn”",
    ]


@pytest.mark.parametrize("raw", [7, None, True, ["no wifi"]])
def test_what_is_no_text_should_be_put_in_quotes(reader: AnyReader, raw: object) -> None:
    assert reader.text(raw, "wifi", "a.yaml", 3) is None
    assert mistakes(reader) == [f"a.yaml:3: “{raw}” is not text; put it in quotes"]


@pytest.mark.parametrize("raw", ["", "  ", "x" * 100_000])
def test_what_cannot_be_matched_is_a_mistake_with_its_place(reader: AnyReader, raw: str) -> None:
    assert reader.text(raw, "wifi", "a.yaml", 3) is None
    [said] = mistakes(reader)
    assert said.startswith("a.yaml:3: ")


def test_the_most_is_not_too_long(reader: AnyReader) -> None:
    reader.check_words("the title", "x" * 10, 10, "a.yaml", 3)
    assert mistakes(reader) == []
    reader.check_words("the title", "x" * 11, 10, "a.yaml", 3)
    assert mistakes(reader) == ["a.yaml:3: the title is longer than 10"]


def test_words_that_no_database_stores_are_a_mistake(reader: AnyReader) -> None:
    reader.check_words("the title", "x\x00", 10, "a.yaml", 3)
    assert mistakes(reader) == ["a.yaml:3: the title contains a NUL character"]


def test_the_size_counts_every_text() -> None:
    wifi = IntentDraft("wifi", "Wi-Fi", utterances=["no wifi", "slow"], held_out=["w-lan?"])
    assert CatalogueDraft({"wifi": wifi}, ["a joke"]).size == 4

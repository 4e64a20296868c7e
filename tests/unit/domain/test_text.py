import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.domain.text import clean, clean_lines, key, normalise
from chatbot.errors import InvalidText

unicode_text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60
)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        pytest.param("  how\tdo\n I \u00a0 start ", "how do I start", id="white-space"),
        pytest.param("\uff36\uff30\uff2e\u3000\uff12", "VPN 2", id="full-width"),
        pytest.param("of\ufb01ce \u2460", "office 1", id="compatibility"),
        pytest.param("pass\u200bword\ufeff", "password", id="zero-width"),
        pytest.param("a\u202eb\u2066c", "abc", id="bidirectional-marks"),
        pytest.param("beep\x07 \x1b[31mred", "beep [31mred", id="control-characters"),
        pytest.param("cafe\u0301", "caf\u00e9", id="composed"),
        pytest.param("e\u200b\u0301", "\u00e9", id="composed-across-an-invisible-one"),
        pytest.param("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb", id="joined-emoji"),
        pytest.param("???", "???", id="punctuation"),
        pytest.param("\U0001f44d", "\U0001f44d", id="emoji"),
    ],
)
def test_a_text_is_cleaned_to_one_visible_line(raw: str, cleaned: str) -> None:
    assert clean(raw, 100) == cleaned


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param("a\0b", "NUL", id="nul"),
        pytest.param("a\ud800b", "surrogate", id="high-surrogate"),
        pytest.param("a\udfffb", "surrogate", id="low-surrogate"),
        pytest.param("", "blank", id="empty"),
        pytest.param(" \t\r\n\u3000 ", "blank", id="white-space"),
        pytest.param("\u200b\u200c\u200d\u2060\ufeff", "blank", id="zero-width"),
        pytest.param("\u200d \u0301", "blank", id="marks-without-a-letter"),
        pytest.param("\u202e\u2066\x07", "blank", id="control"),
        pytest.param("x" * 101, "101 characters; at most 100", id="too-long"),
        pytest.param("\ufdfa" * 10, "characters; at most 100", id="too-long-after-nfkc"),
    ],
)
def test_an_unusable_text_is_refused_with_its_reason(raw: str, reason: str) -> None:
    with pytest.raises(InvalidText, match=reason):
        clean(raw, 100)


def test_a_text_of_exactly_the_greatest_length_is_taken() -> None:
    assert clean("x" * 100, 100) == "x" * 100
    assert len(clean("\ufdfa", 18)) == 18


@given(unicode_text)
@example("e\u200b\u0301")
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    try:
        once = clean(text, 2000)
    except InvalidText:
        return
    assert clean(once, 2000) == once
    assert unicodedata.is_normalized("NFKC", once)
    assert "\n" not in once


@pytest.mark.parametrize(
    "other", ["RESET my Password?", " reset  my\npassword? ", "\uff32eset my password?"]
)
def test_case_white_space_and_width_do_not_make_another_phrasing(other: str) -> None:
    assert normalise(other) == normalise("Reset my password?")
    assert key(other) == key("Reset my password?")


def test_different_words_are_different_phrasings() -> None:
    assert key("reset my password") != key("reset my passwords")
    assert normalise("Stra\u00dfe") == normalise("STRASSE")


@given(unicode_text)
def test_a_key_is_32_hex_digits_without_the_text(text: str) -> None:
    assert len(key(text)) == 32
    assert int(key(text), 16) >= 0


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        (" one  line ", "one line"),
        ("one\r\n\r\n> two\u200b\ttabs\n", "one\n\n> two tabs"),
        ("a\n\tat b", "a\n at b"),
        ("\n\nfirst\n\n", "first"),
        ("ﬁne\nprint", "fine\nprint"),
    ],
)
def test_lines_are_cleaned_each(raw: str, cleaned: str) -> None:
    assert clean_lines(raw, 100) == cleaned
    assert " ".join(clean_lines(raw, 100).split()) == clean(raw, 100)


@pytest.mark.parametrize("raw", ["", "\n \n", "a\0\nb", "\ud800\n", "x\n" * 60])
def test_lines_that_no_text_may_have_are_refused(raw: str) -> None:
    with pytest.raises(InvalidText):
        clean_lines(raw, 100)


def test_cleaning_the_longest_allowed_text_of_the_worst_characters_is_fast() -> None:
    """Python sorts combining marks in quadratic time, so the cap before NFKC matters."""
    start = time.process_time()
    with pytest.raises(InvalidText):
        clean("\ufdfa" * 20_000, 20_000)
    clean("a" + "\u0301\u0323" * 5_000, 20_000)
    assert time.process_time() - start < 2

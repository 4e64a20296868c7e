import json
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from chatbot.matching.unread import Unread, Vector

UNKNOWN = 0
WORDS = {"[UNK]": UNKNOWN, "reset": 1, "password": 2, "в": 3, "##п": 4, "?": 5}
MODEL: dict[str, Any] = {
    "type": "WordPiece",
    "unk_token": "[UNK]",
    "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 100,
    "vocab": WORDS,
}
NORMALIZER = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
    "strip_accents": None,
    "lowercase": True,
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """One that reads "reset", "password", "вп" and "?"."""
    content: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": NORMALIZER,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": None,
        "model": MODEL,
    }
    return Tokenizer.from_str(json.dumps(content))


VECTOR: Vector = np.eye(64, dtype=np.float32)[3]


def joined(tokenizer: Tokenizer, text: str) -> Vector:
    return Unread.find(text, tokenizer.encode(text), UNKNOWN).join(VECTOR)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        pytest.param("reset password", 0.0, id="all is read"),
        pytest.param("如何", 1.0, id="nothing is read"),
        pytest.param("reset 密码", 2 / 7, id="letters count"),
        pytest.param("reset 👍", 0.0, id="a sign beside words says nothing"),
        pytest.param("👍", 1.0, id="a sign alone is a text of its own"),
        pytest.param("reset " + "x" * 90, 12 / 17, id="a long word counts as a usual one"),
        pytest.param("?", 0.0, id="what is read and has no letters"),
        pytest.param("", 0.0, id="nothing at all"),
    ],
)
def test_the_share_is_that_of_letters_and_digits(
    tokenizer: Tokenizer, text: str, share: float
) -> None:
    assert Unread.find(text, tokenizer.encode(text), UNKNOWN).share == pytest.approx(share)


@pytest.mark.parametrize("text", ["reset password", "reset 👍", "", "?"])
def test_what_is_read_keeps_its_vector(tokenizer: Tokenizer, text: str) -> None:
    assert joined(tokenizer, text) is VECTOR


def test_texts_without_a_common_letter_are_unlike(tokenizer: Tokenizer) -> None:
    texts = ["如何重置密码", "取消订单", "👍", "😀", "ฉันลืม", "x" * 90]
    vectors = [joined(tokenizer, text) for text in texts]
    for one, other in combinations(vectors, 2):
        assert abs(one @ other) < 0.5


def test_texts_are_the_more_alike_the_more_letters_they_share(tokenizer: Tokenizer) -> None:
    known = joined(tokenizer, "如何重置密码")
    nearer, farther, none = (
        float(known @ joined(tokenizer, text))
        for text in ("怎么重置密码", "密码在哪里", "取消订单")
    )
    assert nearer > 0.6 > farther > 0.2 > none


def test_a_little_that_is_not_read_turns_the_vector_a_little(tokenizer: Tokenizer) -> None:
    turned = joined(tokenizer, "reset password 密")
    assert turned @ VECTOR == pytest.approx(np.sqrt(13 / 14), abs=0.05)


def test_case_and_spacing_make_no_other_text(tokenizer: Tokenizer) -> None:
    one, other = (joined(tokenizer, text) for text in ("ŽLUŤ kůň", "žluť  KŮŇ"))
    assert one @ other == pytest.approx(1, abs=1e-5)


@given(st.text(max_size=60))
def test_each_text_has_a_finite_vector_of_length_one(tokenizer: Tokenizer, text: str) -> None:
    vector = joined(tokenizer, text)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(vector, joined(tokenizer, text))

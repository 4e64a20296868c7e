import numpy as np

from chatbot.matching.embedder import Embedder
from chatbot.matching.encoder import HashingEncoder
from factories import CountingEncoder


def test_vectors_are_those_of_the_encoder() -> None:
    texts = ["one", "two", "one", "three"]
    np.testing.assert_array_equal(
        Embedder(HashingEncoder()).embed(texts), HashingEncoder().encode(texts)
    )


def test_a_recent_text_is_not_encoded_again() -> None:
    encoder = CountingEncoder()
    embedder = Embedder(encoder)

    first = embedder.embed(["one", "two"])
    again = embedder.embed(["two", "three", "one"])

    assert encoder.seen == ["one", "two", "three"]
    np.testing.assert_array_equal(again[[2, 0]], first)


def test_the_memory_is_bounded_and_forgets_what_was_not_used_longest() -> None:
    encoder = CountingEncoder()
    embedder = Embedder(encoder, recent=2)

    embedder.embed(["one", "two"])
    embedder.embed(["one"])
    embedder.embed(["three"])
    embedder.embed(["one", "two"])

    assert encoder.seen == ["one", "two", "three", "two"]


def test_what_a_caller_does_to_its_vectors_changes_no_memory() -> None:
    embedder = Embedder(HashingEncoder())
    embedder.embed(["one"])[:] = 0
    embedder.embed(["one"])[:] = 0

    assert embedder.embed(["one"]).any()


def test_no_texts_give_no_rows() -> None:
    assert Embedder(HashingEncoder()).embed([]).shape == (0, HashingEncoder.dimension)

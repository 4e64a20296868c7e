import pytest

from chatbot.domain.noise.clauses import is_request, split


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("lift the gate. Where is the key kept?", ["lift the gate.", "Where is the key kept?"]),
        (
            "I must lift the gate and also the key is lost",
            ["I must lift the gate", "the key is lost"],
        ),
        ("1. lift the gate 2. find the key", ["lift the gate", "find the key"]),
        ("- lift the gate\n- find the key", ["lift the gate", "find the key"]),
        ("lift the gate, also find the key", ["lift the gate", "find the key"]),
        ("lift the gate; find the key", ["lift the gate", "find the key"]),
        (
            "wie hebe ich das Tor und wo ist der Schlüssel",
            ["wie hebe ich das Tor", "wo ist der Schlüssel"],
        ),
        ("lever la porte et trouver la clé", ["lever la porte", "trouver la clé"]),
    ],
)
def test_each_clause_stands_alone(text: str, clauses: list[str]) -> None:
    assert split(text) == clauses


@pytest.mark.parametrize(
    "text",
    [
        "how do I lift the gate",
        "Hello! How do I lift the gate?",
        "Hi there, good morning. How do I lift the gate? Thank you very much!",
        "Guten Tag. Wie hebe ich das Tor?",
        "lift the gate and the wall",
        "e.g. gates",
        "",
    ],
)
def test_a_greeting_or_a_scrap_is_no_clause(text: str) -> None:
    assert split(text) == []


def test_of_a_long_story_both_ends_are_returned() -> None:
    told = [f"Sentence number {number} says little." for number in range(20)]
    assert split(" ".join(told)) == told[:3] + told[-3:]


@pytest.mark.parametrize(
    ("clause", "asks"),
    [
        ("how do I lift the gate", True),
        ("the gate?", True),
        ("then please lift it", True),
        ("wo ist der Schlüssel", True),
        ("the gate is stuck", False),
        ("", False),
    ],
)
def test_a_request_is_told_from_a_statement(clause: str, asks: bool) -> None:
    assert is_request(clause) is asks

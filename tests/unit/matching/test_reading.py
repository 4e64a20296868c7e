from collections.abc import Mapping, Sequence

import pytest

from chatbot.domain.matching import Candidate, Decision
from chatbot.matching.reading import Match, match_read
from chatbot.matching.wording import Wording
from factories import make_catalogue

ANSWER, CLARIFY, HANDOFF = Decision.ANSWER, Decision.CLARIFY, Decision.HANDOFF
FAQ = {
    "delete": ["delete my account", "remove my account", "close the account"],
    "reset": ["reset my password", "I forgot my password"],
    "invoice": ["where is my invoice", "send me the invoice"],
}
WORDING = Wording.of(make_catalogue(FAQ))
SILENCE = Match(HANDOFF, (), exact=False)


def sure(intent: str, probability: float = 0.95, exact: bool = False) -> Match:
    other = Candidate("other", round((1 - probability) / 2, 3))
    return Match(ANSWER, (Candidate(intent, probability), other), exact)


def unsure(intent: str, probability: float = 0.5) -> Match:
    return Match(CLARIFY, (Candidate(intent, probability), Candidate("other", 0.2)), exact=False)


class Known:
    """A matcher that knows some texts; it remembers which it was asked."""

    def __init__(self, matches: Mapping[str, Match]) -> None:
        self.matches, self.asked = matches, list[list[str]]()

    def __call__(self, texts: Sequence[str]) -> list[Match]:
        self.asked.append(list(texts))
        return [self.matches.get(text, SILENCE) for text in texts]


def read(text: str, matches: Mapping[str, Match]) -> Match:
    return match_read([text], WORDING, Known(matches))[0]


def intents(match: Match) -> list[str]:
    return [candidate.intent for candidate in match.candidates[: match.offered]]


def test_a_plain_question_is_matched_once_and_as_it_stands() -> None:
    known = Known({"where is my invoice now": sure("invoice")})
    assert match_read(["where is my  invoice now"], WORDING, known) == [sure("invoice")]
    assert known.asked == [["where is my invoice now"]]
    assert match_read([], WORDING, known) == []


def test_what_is_quoted_does_not_vote() -> None:
    text = "where is my invoice now\n\nOn 3 Nov 2025 at 9:00 Desk wrote:\n> reset it"
    assert read(text, {"where is my invoice now": sure("invoice")}) == sure("invoice")


def test_a_known_utterance_with_a_quotation_in_it_is_known_still() -> None:
    text = "where is my invoice now\n> reset it"
    known = sure("reset", 1.0, exact=True)
    assert read(text, {"where is my invoice now > reset it": known}) == known


def test_what_is_left_of_a_mail_may_be_a_known_utterance() -> None:
    known = sure("invoice", 1.0, exact=True)
    assert read("where is my invoice\n\nKind regards,\nKim", {FAQ["invoice"][0]: known}) == known


def test_the_surer_of_the_written_and_the_repaired_counts() -> None:
    assert read("my invoce", {"my invoice": sure("invoice")}) == sure("invoice")
    assert read("my invoce", {"my invoce": sure("reset")}) == sure("reset")
    assert read("my invoce", {"my invoce": unsure("reset"), "my invoice": sure("invoice")}) == sure(
        "invoice"
    )


def test_two_questions_are_both_offered() -> None:
    whole = "reset my password and where is my invoice"
    parts = {"reset my password": sure("reset", 0.9), "where is my invoice": sure("invoice", 0.8)}
    for alone in (sure("reset"), unsure("invoice"), SILENCE):
        match = read(whole, {whole: alone, **parts})
        assert (match.decision, match.offered, match.exact) == (CLARIFY, 2, False)
        assert match.candidates[:2] == (Candidate("reset", 0.45), Candidate("invoice", 0.4))
        assert sum(candidate.probability for candidate in match.candidates) <= 1


def test_at_most_three_are_offered() -> None:
    clauses = [f"please tell me about {word}." for word in ("gates", "walls", "keys", "locks")]
    match = read(" ".join(clauses), {clause: sure(f"i{n}") for n, clause in enumerate(clauses)})
    assert intents(match) == ["i0", "i1", "i2"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (sure("reset"), sure("reset", 0.9)),  # one question, told twice
        (sure("reset"), unsure("invoice", 0.5)),
        (sure("reset"), SILENCE),
        (unsure("reset", 0.7), unsure("invoice", 0.7)),  # none is sure
    ],
)
def test_one_question_in_two_clauses_stays_one(first: Match, second: Match) -> None:
    whole = "I forgot my password and where is it"
    parts = {"I forgot my password": first, "where is it": second}
    assert read(whole, {whole: sure("reset"), **parts}) == sure("reset")


def test_a_request_counts_sooner_than_a_statement() -> None:
    for clause, offered in (("where is my invoice", 2), ("my invoice is late", None)):
        whole = f"reset my password and {clause}"
        parts = {"reset my password": sure("reset"), clause: unsure("invoice", 0.7)}
        assert read(whole, {whole: sure("reset"), **parts}).offered == offered


def test_a_clause_saves_a_message_that_is_not_understood() -> None:
    match = read(
        "We have a new office in the north. Where is my invoice",
        {"Where is my invoice": sure("invoice")},
    )
    assert (match.decision, match.offered) == (CLARIFY, 2)
    assert match.candidates == sure("invoice").candidates


def test_a_known_utterance_is_not_taken_apart() -> None:
    whole = "reset my password and where is my invoice"
    parts = {"reset my password": sure("reset"), "where is my invoice": sure("invoice")}
    known = sure("both", 1.0, exact=True)
    assert read(whole, {whole: known, **parts}) == known
    refused = "please do not delete my account"
    known = sure("delete", 1.0, exact=True)
    assert read(refused, {refused: known, "delete my account": known}) == known


def test_a_refused_thing_is_asked_back() -> None:
    text = "please do not delete my account"
    match = read(text, {text: sure("delete"), "delete my account": sure("delete")})
    assert (match.decision, match.offered) == (CLARIFY, 2)
    assert match.candidates == sure("delete").candidates


def test_the_contrary_of_an_intent_is_asked_back() -> None:
    text = "how do I turn off my password"
    assert read(text, {text: sure("reset")}).decision is CLARIFY
    assert read(text, {text: sure("delete")}).decision is ANSWER


def test_what_is_refused_must_be_what_would_be_answered() -> None:
    text = "don't delete my account, where is my invoice"
    matches = {text: sure("invoice"), "delete my account": sure("delete")}
    assert read(text, matches) == sure("invoice")


def test_what_else_is_said_may_ask_for_it_all_the_same() -> None:
    text = "I don't want to reset it by mail, I forgot my password"
    matches = {text: sure("reset"), "reset it by mail": sure("reset")}
    assert read(text, matches).decision is CLARIFY
    assert read(text, {**matches, "I forgot my password": sure("reset")}).decision is ANSWER


def test_messages_are_matched_together() -> None:
    known = Known({"my invoice": sure("invoice"), "reset it now": sure("reset")})
    assert match_read(["my invoce", "reset it now"], WORDING, known) == [
        sure("invoice"),
        sure("reset"),
    ]
    assert known.asked == [["my invoce", "my invoice", "reset it now"]]

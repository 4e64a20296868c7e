"""How the first day is scored, and that its FAQs and questions are what their README says."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.first_day import read_pair
from bench.outcomes import Judged, Outcome, QuestionKind, Reply, judge, summarise

DATA = Path(__file__).parents[1] / "bench" / "first_day"
NAMES = ("pool", "plants", "energy")
LEAST = {
    QuestionKind.PLAIN: 70,
    QuestionKind.NOISY: 16,
    QuestionKind.NEAR: 15,
    QuestionKind.FAR: 8,
    QuestionKind.TWO: 10,
    QuestionKind.FOLLOW_UP: 10,
    QuestionKind.SMALL_TALK: 14,
    QuestionKind.PERSON: 4,
    QuestionKind.LANGUAGE: 10,
}


def body(decision: str, *intents: str) -> dict[str, Any]:
    """What `/ask` replies with these candidates, the best first."""
    candidates = [
        {"intent": intent, "title": intent.capitalize(), "probability": 0.6 / (place + 1)}
        for place, intent in enumerate(intents)
    ]
    answered = decision == "answer" and candidates
    answer = {"intent": intents[0], "title": "T", "body": "B"} if answered else None
    return {
        "query_id": "de90da3c",
        "decision": decision,
        "answer": answer,
        "candidates": candidates,
        "model_version": 1,
        "knowledge_revision": 1,
    }


def outcome(kind: QuestionKind, wanted: Sequence[str], decision: str, *intents: str) -> Outcome:
    return judge(kind, frozenset(wanted), Reply.of(body(decision, *intents)))


@pytest.mark.parametrize(
    "kind", [QuestionKind.PLAIN, QuestionKind.NOISY, QuestionKind.FOLLOW_UP, QuestionKind.LANGUAGE]
)
@pytest.mark.parametrize(
    ("decision", "intents", "expected"),
    [
        ("answer", ["parking", "cafe"], Outcome.RIGHT),
        ("answer", ["cafe", "parking"], Outcome.WRONG),
        ("clarify", ["cafe", "parking"], Outcome.OFFERED),
        ("clarify", ["parking"], Outcome.OFFERED),
        ("clarify", ["cafe", "sauna"], Outcome.IN_VAIN),
        ("handoff", ["parking"], Outcome.SILENT),
        ("answer", [], Outcome.WRONG),
    ],
)
def test_a_question_that_the_faq_answers(
    kind: QuestionKind, decision: str, intents: list[str], expected: Outcome
) -> None:
    assert outcome(kind, ["parking"], decision, *intents) is expected


@pytest.mark.parametrize(
    ("decision", "intents", "expected"),
    [
        ("clarify", ["cafe", "parking"], Outcome.RIGHT),
        ("clarify", ["cafe", "sauna"], Outcome.OFFERED),
        ("answer", ["cafe", "parking"], Outcome.OFFERED),
        ("answer", ["sauna", "cafe"], Outcome.WRONG),
        ("clarify", ["sauna"], Outcome.IN_VAIN),
        ("handoff", [], Outcome.SILENT),
    ],
)
def test_two_questions_in_one_want_both(
    decision: str, intents: list[str], expected: Outcome
) -> None:
    assert outcome(QuestionKind.TWO, ["cafe", "parking"], decision, *intents) is expected


@pytest.mark.parametrize(
    ("decision", "intents", "elsewhere", "small_talk"),
    [
        ("answer", ["cafe"], Outcome.WRONG, Outcome.WRONG),
        ("clarify", ["cafe"], Outcome.IN_VAIN, Outcome.IN_VAIN),
        ("handoff", ["cafe"], Outcome.RIGHT, Outcome.SILENT),
        ("answer", [], Outcome.IN_VAIN, Outcome.RIGHT),
    ],
)
def test_a_question_without_an_article(
    decision: str, intents: list[str], elsewhere: Outcome, small_talk: Outcome
) -> None:
    for kind in (QuestionKind.NEAR, QuestionKind.FAR, QuestionKind.PERSON):
        assert outcome(kind, [], decision, *intents) is elsewhere
    assert outcome(QuestionKind.SMALL_TALK, [], decision, *intents) is small_talk


def test_wrong_answers_are_counted_over_all_kinds() -> None:
    def judged(kind: QuestionKind, wanted: Sequence[str], decision: str, *intents: str) -> Judged:
        reply = Reply.of(body(decision, *intents))
        return Judged(kind, reply, judge(kind, frozenset(wanted), reply))

    figures = summarise(
        [
            judged(QuestionKind.PLAIN, ["parking"], "answer", "parking"),
            judged(QuestionKind.PLAIN, ["parking"], "answer", "cafe"),
            judged(QuestionKind.PLAIN, ["parking"], "clarify", "parking"),
            judged(QuestionKind.PLAIN, ["parking"], "clarify", "parking", "cafe"),
            judged(QuestionKind.PLAIN, ["parking"], "handoff"),
            judged(QuestionKind.FOLLOW_UP, ["parking"], "answer"),
            judged(QuestionKind.TWO, ["parking", "cafe"], "answer", "cafe"),
            judged(QuestionKind.SMALL_TALK, [], "answer", "cafe"),
            judged(QuestionKind.SMALL_TALK, [], "answer"),
        ]
    )
    assert figures["plain_right"] == 1 / 5
    assert figures["plain_right_or_offered"] == 3 / 5
    assert (figures["answers"], figures["wrong_answers"]) == (5, 3)
    assert figures["wrong_of_answers"] == 3 / 5
    assert figures["wrong_of_answers_low"] == pytest.approx(0.231, abs=0.001)
    assert figures["wrong_of_answers_high"] == pytest.approx(0.882, abs=0.001)
    assert (figures["asked_back"], figures["asked_back_with_one_option"]) == (2, 1)
    assert figures["kinds"][QuestionKind.PLAIN] == {
        "questions": 5,
        "right": 1,
        "offered": 2,
        "asked in vain": 0,
        "silent": 1,
        "wrong": 1,
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_faq_and_its_questions_are_as_their_readme_says(name: str) -> None:
    draft, questions = read_pair(DATA / f"{name}.csv", DATA / f"{name}_questions.csv")
    kinds = Counter(question.kind for question in questions)
    assert all(kinds[kind] >= least for kind, least in LEAST.items()), kinds
    assert len({question.text.casefold() for question in questions}) == len(questions)
    assert all(bool(q.previous) is (q.kind is QuestionKind.FOLLOW_UP) for q in questions)
    assert {len(q.wanted) for q in questions if q.kind is QuestionKind.TWO} == {2}
    for kind in (QuestionKind.PLAIN, QuestionKind.INDIRECT):
        asked = {intent for q in questions if q.kind is kind for intent in q.wanted}
        assert asked == draft.intents.keys()
    assert all(len(intent.answer or "") > 100 for intent in draft.intents.values())
    sizes = {len(intent.utterances) for intent in draft.intents.values()}
    assert sizes == {0} if name == "energy" else sizes <= set(range(5, 13))
    counts = (len(draft.intents), draft.size, len(questions))
    assert " | ".join(map(str, counts)) in (DATA / "README.md").read_text()


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("where to,parkng,plain", "there is no intent “parkng”"),
        ("where to,parking,plane", "'plane' is not a valid QuestionKind"),
        ("Can I  PARK?,parking,plain", "“Can I  PARK?” is an utterance of"),
    ],
)
def test_a_bad_question_is_refused(tmp_path: Path, question: str, reason: str) -> None:
    faq, questions = tmp_path / "faq.csv", tmp_path / "questions.csv"
    faq.write_text("text,intent,answer\ncan i park?,parking,Behind the house.\n")
    questions.write_text(f"text,intent,kind\n{question}\n")
    with pytest.raises(SystemExit) as refused:
        read_pair(faq, questions)
    assert reason in str(refused.value)

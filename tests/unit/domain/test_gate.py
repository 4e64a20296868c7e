from dataclasses import replace
from random import Random

import pytest

from chatbot.domain.accuracy import Outcome
from chatbot.domain.gate import Comparison, Rules, Verdict, compare
from chatbot.domain.guards import Margins
from chatbot.domain.matching import Candidate, Decision
from chatbot.domain.paired import mcnemar_exact
from chatbot.domain.utility import Costs
from factories import make_outcome

RULES = Rules()
RIGHT = make_outcome("a", "a")
WRONG = make_outcome("a", "b", answered=False)
REFUSED = make_outcome(None, "a", answered=False)
ANSWERED = make_outcome(None, "a", answered=True)
CHOICE = (Candidate("b", 0.5), Candidate("a", 0.4))
OFFERED = Outcome("a question", "a", Decision.CLARIFY, CHOICE, offered=2)
LAX = Margins(coverage=0.5, promise=0.5)
IN_VAIN = Outcome("a question", "a", Decision.CLARIFY, CHOICE, offered=1)


def judge(
    gained: int, lost: int, same: int = 100, out_of_scope: int = 50, rules: Rules = RULES
) -> Comparison:
    noise = [REFUSED] * out_of_scope
    live = [WRONG] * gained + [RIGHT] * lost + [RIGHT] * same + noise
    candidate = [RIGHT] * gained + [WRONG] * lost + [RIGHT] * same + noise
    return compare(live, candidate, rules)


def broken(comparison: Comparison) -> list[str]:
    return [guard.name for guard in comparison.guards if guard.broken]


def measured(comparison: Comparison, name: str) -> float:
    return next(guard.measured for guard in comparison.guards if guard.name == name)


@pytest.mark.parametrize("rows", [0, 1, 30, 2000])
def test_a_copy_of_the_live_model_is_never_promoted(rows: int) -> None:
    live = [RIGHT, WRONG, REFUSED, ANSWERED] * rows
    comparison = compare(live, list(live), RULES)
    assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE
    alike = f"Visitors would get the same from it on all {4 * rows} questions."
    assert comparison.reasons == [
        alike if rows else "There is no question yet to compare it by.",
        "No question tells which of the two does better. At least 6 differing questions, all in "
        "its favour, are needed.",
    ]


def test_a_candidate_that_is_wrong_otherwise_is_not_called_the_same() -> None:
    comparison = compare([make_outcome("a", "b")] * 50, [make_outcome("a", "c")] * 50, RULES)
    assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert "same" not in " ".join(comparison.reasons)
    assert "it replies otherwise to 50" in comparison.reasons[0]


def test_a_clearly_better_candidate_is_promoted_with_the_counts_that_say_so() -> None:
    comparison = judge(gained=20, lost=2)
    assert comparison.verdict is Verdict.PROMOTE
    assert (comparison.only_candidate, comparison.only_live) == (20, 2)
    assert (comparison.both_right, comparison.both_wrong) == (100, 0)
    assert comparison.gain == pytest.approx(18 / 122)
    assert comparison.gain_interval[0] > 0
    assert comparison.reasons == [
        "Of 100 questions like these it answers 10 more, no more of them wrongly, and hands over 10 "
        "fewer.",
        "Weighed by what each end costs, it does better on 20 and worse on 2 of 172 questions "
        "(p = 0.000121; less than 0.05 is needed).",
    ]
    assert comparison.whole.gain == pytest.approx(0.3 * 18 / 172)
    assert comparison.whole.differences == [(-30, 2), (30, 20)]


def test_a_worse_candidate_is_held_even_where_no_intent_is_guarded() -> None:
    """As many right answers, but asked back in vain where it was handed over at once."""
    live = [WRONG] * 20 + [RIGHT] * 1000
    comparison = compare(live, [IN_VAIN] * 20 + [RIGHT] * 1000, RULES)
    assert comparison.verdict is Verdict.HOLD
    assert broken(comparison) == []
    assert comparison.reasons[1].startswith("It does worse: weighed by what each end costs")


DEARLY = [make_outcome("a", "b")] * 2


def test_a_candidate_that_is_better_on_most_questions_is_not_called_worse() -> None:
    """Its few mistakes cost as much as its many answers spare: that is what is said."""
    live = [OFFERED] * 32 + [RIGHT] * 500
    comparison = compare(live, [RIGHT] * 30 + DEARLY + [RIGHT] * 500, RULES)
    assert comparison.whole.p_value < 0.001
    assert comparison.whole.net < 0
    assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert comparison.reasons[1].endswith("but its mistakes cost as much as it saves.")
    assert "could be chance" not in comparison.reasons[1]


def test_at_the_price_of_the_promise_that_candidate_is_promoted() -> None:
    live = [OFFERED] * 32 + [RIGHT] * 500
    priced = replace(RULES, costs=RULES.costs.at_promise(0.1))
    comparison = compare(live, [RIGHT] * 30 + DEARLY + [RIGHT] * 500, priced)
    assert comparison.verdict is Verdict.PROMOTE


def test_one_that_is_worse_on_most_questions_is_not_promoted_for_what_it_saves() -> None:
    wrong = [make_outcome("a", "b")] * 4
    live = [RIGHT] * 40 + wrong + [RIGHT] * 500
    comparison = compare(live, [OFFERED] * 40 + [RIGHT] * 504, replace(RULES, margins=LAX))
    assert comparison.whole.net > 0
    assert comparison.whole.p_value < 0.05
    assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert comparison.reasons[1].endswith("is no reason to do worse on more.")


def test_a_small_gain_says_what_is_missing() -> None:
    comparison = judge(gained=3, lost=1)
    assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert "better on 3 and worse on 1 of 154" in comparison.reasons[1]
    assert "At least 6 differing questions" in comparison.reasons[1]


def test_the_number_that_it_asks_for_is_enough_and_one_less_is_not() -> None:
    assert judge(gained=6, lost=0).verdict is Verdict.PROMOTE
    assert judge(gained=5, lost=0).verdict is Verdict.INSUFFICIENT_EVIDENCE


def test_a_comparison_says_which_level_it_had_to_reach() -> None:
    assert judge(8, 1, rules=replace(RULES, alpha=0.03)).needed_p_value == 0.03


def test_a_stricter_alpha_needs_more() -> None:
    strict = replace(RULES, alpha=0.001)
    assert judge(gained=10, lost=0, rules=strict).verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert judge(gained=11, lost=0, rules=strict).verdict is Verdict.PROMOTE


def test_a_broken_guard_stops_an_otherwise_better_candidate() -> None:
    live = [WRONG] * 40 + [make_outcome("b", "b")] * 20
    candidate = [RIGHT] * 40 + [make_outcome("b", "a")] * 10 + [make_outcome("b", "b")] * 10
    comparison = compare(live, candidate, RULES)
    assert comparison.p_value < 0.001
    assert comparison.verdict is Verdict.HOLD
    assert comparison.reasons[1] == "Intent “b” gets worse by 50%."


def test_every_broken_guard_is_named() -> None:
    live = [RIGHT] * 20 + [REFUSED] * 20
    candidate = [make_outcome("a", "b")] * 20 + [ANSWERED] * 20
    comparison = compare(live, candidate, RULES)
    assert comparison.verdict is Verdict.HOLD
    assert len(comparison.reasons) == 1 + len(broken(comparison)) == 6


def test_out_of_scope_rows_say_nothing_on_top1() -> None:
    comparison = compare([REFUSED] * 50, [ANSWERED] * 2 + [REFUSED] * 48, RULES)
    assert (comparison.gain, comparison.p_value) == (0.0, 1.0)


def test_rows_must_pair_up() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare([RIGHT, RIGHT], [RIGHT], RULES)


def test_candidates_that_are_no_better_are_promoted_no_oftener_than_alpha() -> None:
    random = Random(2026)
    promoted = 0
    for _ in range(400):
        pairs = random.choices([(RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT)], [8, 1, 1], k=200)
        live, candidate = zip(*pairs, strict=True)
        promoted += compare(live, candidate, RULES).verdict is Verdict.PROMOTE
    assert promoted / 400 <= RULES.alpha


def test_candidates_that_are_better_are_mostly_promoted() -> None:
    random = Random(2026)
    promoted = 0
    for _ in range(100):
        pairs = random.choices([(RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT)], [80, 3, 17], k=200)
        live, candidate = zip(*pairs, strict=True)
        promoted += compare(live, candidate, RULES).verdict is Verdict.PROMOTE
    assert promoted >= 95


def test_a_comparison_is_json() -> None:
    stored = judge(gained=20, lost=2).to_json()
    assert stored["verdict"] == "promote"
    assert stored["gain_interval"][0] > 0


DIFFERENT = make_outcome("a", "c", answered=False)


class TestEvidenceThatWasAskedForBecauseTheTwoDisagree:
    """100 rows as visitors ask, 4 of which differ, and 36 more that were chosen to differ."""

    live = [WRONG] * 10 + [RIGHT] * 30 + [RIGHT] * 96
    candidate = [RIGHT] * 10 + [WRONG] * 30 + [RIGHT] * 96

    def test_counts_in_full_for_the_test(self) -> None:
        natural = compare(self.candidate, self.live, replace(RULES, differing=0.04))
        assert natural.p_value == mcnemar_exact(30, 10)
        assert natural.verdict is Verdict.PROMOTE
        assert natural.gain_interval[0] > 0

    def test_counts_for_gain_and_guards_as_with_visitors(self) -> None:
        """Of 100 questions 4 differ, of which a quarter is gained: the loss is 2 %, not 15 %."""
        chosen = compare(self.live, self.candidate, replace(RULES, differing=0.04))
        assert chosen.differing_weight == pytest.approx(0.04 / 0.96 * 96 / 40)
        assert chosen.gain == pytest.approx(-0.02)
        assert measured(chosen, "rightly_answered") == pytest.approx(0.02)
        assert broken(chosen) == ["rightly_answered"]
        as_it_came = compare(self.live, self.candidate, RULES)
        assert as_it_came.gain == pytest.approx(-20 / 136)
        assert broken(as_it_came) == ["intents", "rightly_answered"]

    def test_wrong_answers_and_foreign_questions_weigh_the_same_way(self) -> None:
        wrong = make_outcome("a", "b", answered=True)
        live = [DIFFERENT] * 40 + [REFUSED] * 40 + [RIGHT] * 96
        candidate = [wrong] * 40 + [ANSWERED] * 40 + [RIGHT] * 96
        chosen = compare(live, candidate, replace(RULES, differing=0.04))
        weight = 0.04 / 0.96 * 96 / 80
        share = 80 * weight / (80 * weight + 96)
        assert measured(chosen, "wrong_answers") == pytest.approx(share)
        assert measured(chosen, "out_of_scope") == pytest.approx(1.0)

    @pytest.mark.parametrize("differing", [None, 0.5, 1.0])
    def test_is_not_made_to_weigh_more_than_it_does(self, differing: float | None) -> None:
        chosen = compare(self.live, self.candidate, replace(RULES, differing=differing))
        assert chosen.differing_weight == 1.0

    def test_what_was_not_asked_for_keeps_its_weight_beside_it(self) -> None:
        """An intent that really suffers is held back, however many disputes there are."""
        live = self.live + [make_outcome("b", "b")] * 20
        candidate = self.candidate + [make_outcome("b", "a")] * 8 + [make_outcome("b", "b")] * 12
        rules = replace(RULES, differing=0.04)
        found = compare(live, candidate, rules, cross_fitted=20)
        assert found.differing_weight == pytest.approx(0.04 / 0.96 * 96 / 40)
        assert found.gain == pytest.approx((-2 - 8) / 120)
        assert "intents" in broken(found)

    def test_alone_it_keeps_its_weight(self) -> None:
        chosen = compare([WRONG] * 9, [RIGHT] * 9, replace(RULES, differing=0.04))
        assert (chosen.differing_weight, chosen.gain) == (1.0, 1.0)


class TestDecisionsDecide:
    def test_an_intent_that_is_known_but_not_answered_is_no_gain(self) -> None:
        unsure = make_outcome("a", "a", answered=False)
        comparison = compare([WRONG] * 40 + [RIGHT] * 60, [unsure] * 40 + [RIGHT] * 60, RULES)
        assert comparison.only_candidate == 40
        assert comparison.whole.differences == []
        assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE

    def test_what_is_asked_back_with_the_right_one_is_nearly_an_answer(self) -> None:
        comparison = compare([WRONG] * 20 + [RIGHT] * 80, [OFFERED] * 20 + [RIGHT] * 80, RULES)
        assert comparison.verdict is Verdict.PROMOTE
        assert comparison.whole.gain == pytest.approx(0.25 * 20 / 100)

    def test_costs_are_settable(self) -> None:
        dear_clicks = replace(RULES, costs=Costs(wrong_answer=1.0, handoff=0.3, click=0.3))
        live, candidate = [WRONG] * 20 + [RIGHT] * 80, [OFFERED] * 20 + [RIGHT] * 80
        assert compare(live, candidate, dear_clicks).whole.differences == []

    def test_fewer_right_and_more_wrong_answers_are_never_promoted(self) -> None:
        """Though more is asked back well, which saves more, and though both may be chance."""
        wrong = make_outcome("a", "b")
        live = [RIGHT] * 100 + [WRONG] * 60
        candidate = [RIGHT] * 97 + [OFFERED, OFFERED, wrong] + [OFFERED] * 60
        lax = replace(RULES, margins=Margins(coverage=0.5, promise=0.5))
        comparison = compare(live, candidate, lax)
        assert comparison.whole.proves_a_gain
        assert broken(comparison) == []
        assert comparison.verdict is Verdict.INSUFFICIENT_EVIDENCE
        assert "answers fewer of all questions rightly" in comparison.reasons[-1]

    def test_nor_are_fewer_right_answers_alone(self) -> None:
        live = [RIGHT] * 100 + [WRONG] * 60
        candidate = [RIGHT] * 98 + [OFFERED] * 62
        assert compare(live, candidate, RULES).verdict is Verdict.INSUFFICIENT_EVIDENCE
        allowed = replace(RULES, margins=Margins(coverage=0.05))
        assert compare(live, candidate, allowed).verdict is Verdict.PROMOTE

    def test_a_comparison_that_nobody_could_win_fools_nobody(self) -> None:
        assert not judge(gained=3, lost=2).could_decide
        assert judge(gained=3, lost=3).could_decide


class TestWhatWasNewlyTaught:
    """Six verdicts on one of ten intents, beside noise on 600 questions about all of them."""

    rules = replace(RULES, alpha=0.04, taught=frozenset({f"Kestrel {n}" for n in range(8)}))
    live = tuple(Outcome(f"Kestrel {n}", "i0", Decision.HANDOFF, ()) for n in range(8))
    candidate = tuple(
        Outcome(f"Kestrel {n}", "i0", Decision.ANSWER, (Candidate("i0", 0.9),)) for n in range(8)
    )

    @staticmethod
    def noise(better: int, worse: int) -> tuple[list[Outcome], list[Outcome]]:
        found: tuple[list[Outcome], list[Outcome]] = ([], [])
        for number in range(600):
            intent = f"i{number % 10}"
            right = make_outcome(intent, intent)
            silent = make_outcome(intent, "i1", answered=False)
            found[0].append(silent if number < better else right)
            found[1].append(silent if better <= number < better + worse else right)
        return found

    def compare(self, better: int, worse: int, rules: Rules | None = None) -> Comparison:
        live, candidate = self.noise(better, worse)
        return compare([*self.live, *live], [*self.candidate, *candidate], rules or self.rules)

    def test_is_weighed_where_it_acts(self) -> None:
        comparison = self.compare(40, 42)
        assert comparison.verdict is Verdict.PROMOTE
        assert comparison.whole.p_value > 0.05
        assert comparison.taught is not None
        assert (comparison.taught.better, comparison.taught.needed_p_value) == (8, 0.02)
        assert comparison.elsewhere is not None
        assert (
            comparison.elsewhere.questions
            == comparison.whole.questions - comparison.taught.questions
        )
        assert comparison.reasons[1].startswith("On what agents newly taught it (i0), weighed by")
        assert comparison.reasons[2] == (
            "On the 600 other questions it does better on 40 and worse on 42."
        )

    def test_without_it_the_same_is_no_evidence(self) -> None:
        drowned = self.compare(40, 42, replace(self.rules, taught=frozenset()))
        assert (drowned.taught, drowned.whole.needed_p_value) == (None, 0.04)
        assert drowned.verdict is Verdict.INSUFFICIENT_EVIDENCE

    def test_does_not_pay_for_a_loss_elsewhere(self) -> None:
        """In all it may be chance, but 25 right answers fewer and 12 more elsewhere are not."""
        lost = self.compare(12, 25, replace(self.rules, margins=Margins(coverage=0.009)))
        assert broken(lost) == []
        assert lost.verdict is Verdict.INSUFFICIENT_EVIDENCE
        assert lost.reasons[-1].startswith("It answers 2.2% fewer of the 600 in-scope questions")

    def test_nor_for_what_may_cost_too_much_elsewhere(self) -> None:
        assert self.compare(25, 30).verdict is Verdict.PROMOTE
        strict = self.compare(25, 30, replace(self.rules, margins=Margins(elsewhere=0.001)))
        assert strict.verdict is Verdict.INSUFFICIENT_EVIDENCE
        assert strict.reasons[-1].endswith("of a wrong answer more, each; 0.001 is allowed.")

    def test_about_many_intents_is_about_all(self) -> None:
        live, candidate = self.noise(10, 5)
        texts = frozenset(f"text {n}" for n in range(600))
        live, candidate = (
            [replace(o, text=f"text {n}") for n, o in enumerate(each)] for each in (live, candidate)
        )
        comparison = compare(live, candidate, replace(self.rules, taught=texts))
        assert (comparison.taught, comparison.elsewhere) == (None, None)

    def test_no_better_there_is_promoted_no_oftener_than_alpha(self) -> None:
        random = Random(2026)
        kinds = [(RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT)]
        promoted = 0
        for _ in range(150):
            pairs = random.choices(kinds, [4, 3, 3], k=30)
            own = [
                [replace(o, text=f"Kestrel {n}", expected="i0") for n, o in enumerate(each)]
                for each in zip(*pairs, strict=True)
            ]
            own = [[_rename(o) for o in each] for each in own]
            live, candidate = self.noise(20, 20)
            found = compare(own[0] + live, own[1] + candidate, self.rules)
            promoted += found.verdict is Verdict.PROMOTE
        assert promoted / 150 <= self.rules.alpha


def _rename(outcome: Outcome) -> Outcome:
    """About the intent “i0” in place of “a”."""
    candidates = tuple(
        replace(c, intent="i0" if c.intent == "a" else c.intent) for c in outcome.candidates
    )
    return replace(outcome, candidates=candidates)

"""Weigh how the same questions end with two versions by what each end costs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from chatbot.domain.guards import Row
from chatbot.domain.paired import can_decide, estimate_gain, signed_rank_test
from chatbot.domain.utility import Costs


@dataclass(frozen=True)
class Weighed:
    """The ends of the same questions with the two, weighed by what each end costs.

    The candidate does `better` on so many of the `questions` and `worse` on so many. `gain` is what
    it saves on one question, in wrong answers, with its 95 % interval. `differences` are pairs of
    (hundredths of a wrong answer saved, on how many questions), those without any left out.
    """

    questions: int
    better: int
    worse: int
    gain: float
    gain_interval: tuple[float, float]
    p_value: float
    needed_p_value: float
    differences: list[tuple[int, int]]

    @classmethod
    def of(cls, rows: Sequence[Row], costs: Costs, seed: int, alpha: float) -> Self:
        saved = [(costs.saved(a.end, b.end), weight) for a, b, weight in rows]
        differences = Counter(value for value, _ in saved if value)
        gain, interval = estimate_gain([(value / 100, weight) for value, weight in saved], seed)
        return cls(
            questions=len(rows),
            better=sum(times for value, times in differences.items() if value > 0),
            worse=sum(times for value, times in differences.items() if value < 0),
            gain=gain,
            gain_interval=interval,
            p_value=signed_rank_test(differences),
            needed_p_value=alpha,
            differences=sorted(differences.items()),
        )

    @property
    def net(self) -> int:
        return sum(value * times for value, times in self.differences)

    @property
    def proves_a_gain(self) -> bool:
        """True if the candidate is better beyond chance, and not by what is paid with a few dear
        mistakes.
        """
        return self.p_value < self.needed_p_value and self.net > 0 and self.better > self.worse

    @property
    def proves_a_loss(self) -> bool:
        """True if the candidate is worse beyond chance, on more questions than better, and dearer
        in all.
        """
        return self.p_value < self.needed_p_value and self.net < 0 and self.worse > self.better

    @property
    def could_decide(self) -> bool:
        return can_decide(self.better + self.worse, self.needed_p_value)

    def __str__(self) -> str:
        return (
            f"weighed by what each end costs, it does better on {self.better} and worse on "
            f"{self.worse} of {self.questions} questions (p = {self.p_value:.3g}; less than "
            f"{self.needed_p_value:.2g} is needed)"
        )

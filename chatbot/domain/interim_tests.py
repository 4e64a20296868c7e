"""Test again and again whether a new version does worse with visitors than the one before it.

Each figure is tested by Fisher's exact test, one-sided, when its count has doubled since the last
test; the k-th test may spend 1 / (k (k + 1)) of the figure's share of alpha. All that sums to
alpha, so by Bonferroni's inequality the chance that any test of a watch raises a false alarm stays
below it, however often it is tested (alpha spending after Lan and DeMets 1983).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self


class Figure(StrEnum):
    HANDED_OVER = "handed_over"  # of all questions
    CORRECTED = "corrected"  # of the judged answers in the random sample
    DID_NOT_HELP = "did_not_help"  # of all thumbs


@dataclass(frozen=True)
class Counted:
    """The number of a version's questions that were `bad`."""

    bad: int
    of: int

    @property
    def share(self) -> float:
        return self.bad / self.of if self.of else 0.0


@dataclass(frozen=True)
class Rules:
    """The rules of a watch: `alpha` for all of it; `margin`, how much worse a share may get without
    alarm.

    `least` questions of each version are needed, and a tenth of that of what is judged or rated.
    """

    alpha: float = 0.01
    margin: float = 0.05
    least: int = 200

    def least_of(self, figure: Figure) -> int:
        return self.least if figure is Figure.HANDED_OVER else max(1, self.least // 10)


@dataclass(frozen=True)
class InterimTest:
    """The test of one figure of both versions, and what it said so far; `tested_at` is
    its last n.
    """

    figure: Figure
    before: Counted
    after: Counted
    tests: int = 0
    tested_at: int = 0
    p_value: float | None = None
    needed: float | None = None
    is_worse: bool = False

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(
            **stored
            | {
                "figure": Figure(stored["figure"]),
                "before": Counted(**stored["before"]),
                "after": Counted(**stored["after"]),
            }
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def again(self, before: Counted, after: Counted, rules: Rules, is_last: bool = False) -> Self:
        """Return the test with today's counts; tested if they suffice and have doubled, or if it is
        the last.
        """
        least = rules.least_of(self.figure)
        enough = before.of >= least and after.of >= least
        is_due = after.of >= 2 * self.tested_at or (is_last and after.of > self.tested_at)
        counted = replace(self, before=before, after=after)
        if not (enough and is_due):
            return counted
        tests = self.tests + 1
        needed = rules.alpha / len(Figure) / (tests * (tests + 1))
        p_value = fisher_exact(before, after)
        return replace(
            counted,
            tests=tests,
            tested_at=after.of,
            p_value=p_value,
            needed=needed,
            is_worse=p_value < needed and after.share - before.share > rules.margin,
        )


def begin() -> list[InterimTest]:
    return [InterimTest(figure, Counted(0, 0), Counted(0, 0)) for figure in Figure]


def repeat_tests(
    tests: Sequence[InterimTest],
    counts: dict[Figure, tuple[Counted, Counted]],
    rules: Rules,
    is_last: bool,
) -> list[InterimTest]:
    """Return all tests with new `counts`, which hold (before, after) for each figure."""
    return [test.again(*counts[test.figure], rules, is_last) for test in tests]


def fisher_exact(before: Counted, after: Counted) -> float:
    """Return the one-sided p-value that `after` has as many bad ones or more by chance (Fisher
    1935).
    """
    total, bad = before.of + after.of, before.bad + after.bad
    if after.bad > bad * after.of / max(1, total):
        return min(1.0, _tail(after.bad, bad, after.of, total))
    return 1.0 - _tail(before.bad + 1, bad, before.of, total)


def _tail(least: int, bad: int, drawn: int, total: int) -> float:
    """Chance of `least` or more bad ones among `drawn` of `total`; from the mode on, terms fall."""
    if least > min(bad, drawn):
        return 0.0
    term = math.exp(
        _log_choose(bad, least)
        + _log_choose(total - bad, drawn - least)
        - _log_choose(total, drawn)
    )
    tail = 0.0
    for k in range(least, min(bad, drawn) + 1):
        tail += term
        if term < 1e-17 * tail:
            break
        term *= (bad - k) * (drawn - k) / ((k + 1) * (total - bad - drawn + k + 1))
    return tail


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

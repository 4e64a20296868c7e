"""The ends that a visitor's question can have, and what each costs the helpdesk."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self


class End(StrEnum):
    """The end of a question, the best first.

    One that the FAQ has no answer to ends in one of the last three ways: handed over is then right,
    and asked in vain means asked back needlessly.
    """

    ANSWERED_RIGHTLY = "answered_rightly"
    OFFERED = "offered"  # asked back, with the right one among those offered
    HANDED_OVER = "handed_over"
    ASKED_IN_VAIN = "asked_in_vain"
    ANSWERED_WRONGLY = "answered_wrongly"


IN_SCOPE_ONLY = frozenset({End.ANSWERED_RIGHTLY, End.OFFERED})


@dataclass(frozen=True)
class Costs:
    """The costs of a wrong answer, a hand-off to a person and a visitor's click; all in one unit.

    A right answer is free. Asked back in vain, a visitor clicks and is handed over all the same.
    """

    wrong_answer: float = 1.0
    handoff: float = 0.3
    click: float = 0.05

    def of(self, end: End) -> float:
        return {
            End.ANSWERED_RIGHTLY: 0.0,
            End.OFFERED: self.click,
            End.HANDED_OVER: self.handoff,
            End.ASKED_IN_VAIN: self.click + self.handoff,
            End.ANSWERED_WRONGLY: self.wrong_answer,
        }[end]

    def at_promise(self, promise: float) -> Self:
        """Return the same costs, but a click and a hand-off cost what `promise` says, at least.

        Who lets one answer of ten be wrong would rather have these ten than be asked back ten
        times: a click then costs a tenth of a wrong answer or more, in the unit of these costs.
        """
        click = max(self.click, promise * self.wrong_answer)
        return replace(self, click=click, handoff=max(self.handoff, click))

    def saved(self, before: End, after: End) -> int:
        """Return what `after` costs less than `before`, in hundredths of a wrong answer."""
        return round(100 * (self.of(before) - self.of(after)) / self.wrong_answer)


USUAL_COSTS = Costs()

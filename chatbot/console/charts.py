"""Charts as SVG, laid out here and written by `charts.html`: no script, no style attribute.

Each has a title and a description for who cannot see it, and its figures as a table.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Tick(NamedTuple):
    """A label on an axis, and where."""

    at: float
    label: str


class Bar(NamedTuple):
    """A coloured part of a column."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    says: str


class Point(NamedTuple):
    """A place on a curve and the interval around it, all as shares."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Frame:
    """The area within the axes, in the units of the drawing."""

    width: int
    height: int
    left: int = 44
    right: int = 12
    top: int = 10
    bottom: int = 40

    @property
    def x_end(self) -> int:
        return self.width - self.right

    @property
    def y_end(self) -> int:
        return self.height - self.bottom

    def x(self, share: float) -> float:
        return round(self.left + share * (self.x_end - self.left), 1)

    def y(self, share: float) -> float:
        """Return the height of a share, counted upwards, as everybody but SVG does."""
        return round(self.y_end - share * (self.y_end - self.top), 1)


@dataclass(frozen=True)
class Curve:
    """A line with a band around it; both axes start at 0 and are shares."""

    id: str
    title: str
    description: str
    x_label: str
    y_label: str
    points: Sequence[Point]
    has_diagonal: bool = False
    dotted_at: float | None = None
    frame: Frame = Frame(420, 260)

    @cached_property
    def y_top(self) -> float:
        """The end of the vertical axis: 1, or the next tenth above all that is drawn."""
        highest = max([point.y for point in self.points] + [self.dotted_at or 0.0], default=1.0)
        return 1.0 if self.has_diagonal else min(1.0, math.ceil(highest * 10 + 0.5) / 10)

    @property
    def line(self) -> str:
        return _path([(p.x, p.y) for p in self.points], self)

    @property
    def band(self) -> str:
        there = [(p.x, p.high) for p in self.points]
        back = [(p.x, p.low) for p in reversed(self.points)]
        return _path(there + back, self) + "Z"

    @property
    def dots(self) -> list[tuple[float, float]]:
        return [self.place(p.x, p.y) for p in self.points]

    @property
    def x_ticks(self) -> list[Tick]:
        return [Tick(self.frame.x(n / 4), f"{n / 4:.0%}") for n in range(5)]

    @property
    def y_ticks(self) -> list[Tick]:
        parts = 4 if self.y_top == 1 else 2
        return [
            Tick(self.frame.y(n / parts), f"{n / parts * self.y_top:.0%}") for n in range(parts + 1)
        ]

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self.frame.x(x), self.frame.y(min(1.0, y / self.y_top))


@dataclass(frozen=True)
class Bars:
    """A bar chart: one column for each label, made of one part for each series, stacked."""

    id: str
    title: str
    description: str
    series: Sequence[str]
    columns: Sequence[tuple[str, Sequence[int]]]
    frame: Frame = Frame(760, 220)

    COLOURS = ("one", "two", "three")

    @cached_property
    def y_top(self) -> int:
        """The next round number above the highest column."""
        highest = max((sum(values) for _, values in self.columns), default=0)
        unit = int("1" + "0" * (len(str(highest)) - 1))
        return next(unit * n for n in (1, 2, 3, 4, 5, 6, 8, 10) if unit * n >= highest)

    @property
    def bars(self) -> list[Bar]:
        width = (self.frame.x_end - self.frame.left) / max(1, len(self.columns))
        bars = []
        for place, (label, values) in enumerate(self.columns):
            below = 0
            for name, colour, value in zip(self.series, self.COLOURS, values, strict=True):
                low, high = (
                    self.frame.y(below / self.y_top),
                    self.frame.y((below + value) / self.y_top),
                )
                x = round(self.frame.left + (place + 0.15) * width, 1)
                says = f"{label}: {value} {name.lower()}"
                if value:
                    bars.append(
                        Bar(x, high, round(0.7 * width, 1), round(low - high, 1), colour, says)
                    )
                below += value
        return bars

    @property
    def x_ticks(self) -> list[Tick]:
        """The ticks of every seventh column, counted from the last."""
        n = len(self.columns)
        return [
            Tick(self.frame.x((place + 0.5) / n), self.columns[place][0])
            for place in range(n - 1, -1, -7)
        ]

    @property
    def y_ticks(self) -> list[Tick]:
        halves = (0, 1, 2) if self.y_top % 2 == 0 else (0, 2)
        return [Tick(self.frame.y(n / 2), f"{self.y_top * n // 2:,}") for n in halves]

    @property
    def legend(self) -> list[tuple[str, str]]:
        return list(zip(self.series, self.COLOURS, strict=True))


def _path(points: Sequence[tuple[float, float]], curve: Curve) -> str:
    places = (curve.place(x, y) for x, y in points)
    return "M" + "L".join(f"{x} {y}" for x, y in places)

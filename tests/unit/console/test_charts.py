import re
from xml.etree import ElementTree as ET

import pytest
from apiflask import APIFlask
from flask import get_template_attribute

from chatbot.console.charts import Bars, Curve, Point

CURVE = Curve(
    "curve",
    "A <curve>",
    "It rises.",
    "Across",
    "Up",
    [Point(0.0, 0.0, 0.0, 0.3), Point(0.5, 0.5, 0.4, 0.6), Point(1.0, 1.0, 0.9, 1.0)],
    has_diagonal=True,
)
BARS = Bars(
    "days",
    "Days",
    "Questions a day.",
    ("Answered", "Asked back", "Handed over"),
    [("1 Nov", (3, 1, 0)), ("2 Nov", (0, 0, 0)), ("3 Nov", (10, 5, 2))],
)


def drawn(app: APIFlask, macro: str, chart: Curve | Bars) -> str:
    with app.test_request_context():
        return str(get_template_attribute("console/charts.html", macro)(chart))


def test_a_curve_spans_its_frame_from_the_lower_left() -> None:
    frame = CURVE.frame
    first, *_, last = CURVE.dots
    assert (first, last) == ((frame.left, frame.y_end), (frame.x_end, frame.top))
    assert CURVE.line.startswith(f"M{float(frame.left)} {float(frame.y_end)}L")
    assert CURVE.band.count("L") == 5
    assert CURVE.band.endswith("Z")


@pytest.mark.parametrize(
    ("highest", "top"), [(0.0, 0.1), (0.03, 0.1), (0.14, 0.2), (0.31, 0.4), (0.99, 1.0)]
)
def test_the_vertical_axis_ends_above_all_that_is_drawn(highest: float, top: float) -> None:
    curve = Curve("c", "t", "d", "x", "y", [Point(0.5, highest, 0.0, 1.0)])
    assert curve.y_top == pytest.approx(top)
    assert min(y for _, y in curve.dots) >= curve.frame.top


def test_a_wide_interval_does_not_leave_the_frame() -> None:
    curve = Curve("c", "t", "d", "x", "y", [Point(0.1, 0.02, 0.0, 1.0), Point(0.9, 0.05, 0.0, 0.1)])
    heights = [float(y) for y in re.findall(r" (-?[\d.]+)", curve.band)]
    assert min(heights) >= curve.frame.top


def test_columns_are_stacked_without_gaps_and_share_one_scale() -> None:
    first, second, *third = BARS.bars
    assert second.y + second.height == pytest.approx(first.y, abs=0.11)
    assert first.height == pytest.approx(3 * second.height, abs=0.2)
    assert [bar.colour for bar in third] == ["one", "two", "three"]
    assert sum(bar.height for bar in third) <= BARS.frame.y_end - BARS.frame.top
    assert first.says == "1 Nov: 3 answered"


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (1, 1), (7, 8), (17, 20), (100, 100), (101, 200), (950, 1000)]
)
def test_columns_end_at_a_round_number(highest: int, top: int) -> None:
    bars = Bars("b", "t", "d", ("a", "b", "c"), [("x", (highest, 0, 0))])
    assert bars.y_top == top


@pytest.mark.parametrize(("macro", "chart"), [("curve", CURVE), ("bars", BARS)])
def test_a_chart_is_named_described_and_there_as_a_table(
    app: APIFlask, macro: str, chart: Curve | Bars
) -> None:
    html = drawn(app, macro, chart)
    figure = ET.fromstring(html.strip())
    svg = next(e for e in figure.iter("svg") if e.get("role") == "img")
    names = {e.get("id"): e.text for e in svg if e.tag in ("title", "desc")}
    labelled = svg.attrib["aria-labelledby"].split()
    assert [names[each] for each in labelled] == [chart.title, chart.description]
    assert len(figure.findall(".//tbody/tr")) == 3
    assert "style=" not in html


def test_a_chart_without_figures_is_still_drawn(app: APIFlask) -> None:
    empty = Bars("b", "t", "d", ("a", "b", "c"), [(f"{n} Nov", (0, 0, 0)) for n in range(1, 31)])
    assert "<rect class" in drawn(app, "bars", BARS)
    assert len(empty.x_ticks) == 5
    assert empty.bars == []
    ET.fromstring(drawn(app, "bars", empty).strip())

"""A small strip for a table row: where the figure lies between 0 and 100%, with its interval and the goal."""

from markupsafe import Markup

from harness.records import Family, Interval
from reports import numbers
from reports.charts.svg import Drawing, Scale


def strip(family: Family, score: Interval, goal: float) -> Markup:
    """Draw one figure with its interval on the whole range, the goal as a tick."""
    drawing = Drawing(124, 22)
    scale = Scale(0, 1, 6, 118)
    drawing.line(6, 11, 118, 11, "axis")
    drawing.line(scale(goal), 3, scale(goal), 19, "goal")
    drawing.whisker(family, scale(score.low), scale(score.high), 11)
    drawing.marker(family, scale(score.estimate), 11, size=4)
    return drawing.render(f"{numbers.rate(score)}; goal {numbers.percent(goal)}")

"""Gain on the task: as a forest of paired differences, and against what tuning did to general ability."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.records import Family, Interval
from reports import numbers
from reports.charts.svg import NARROW, NARROW_ROW, Drawing, Scale, label, legend, number_marks, padded, ticks

WIDTH, LEFT, ROW = 760, 150, 30


@dataclass(frozen=True, slots=True)
class Gain:
    """One arm's gain over the best prompt and its change of general ability; None changes nothing."""

    arm: str
    family: Family
    gain: Interval
    change: Interval | None


def forest(gains: Sequence[Gain], smallest: float, against: str, *, is_narrow: bool = False) -> Markup:
    """Draw each arm's paired difference with its interval; gains too small to matter are shaded.

    On a narrow screen names stand above their rows.
    """
    if is_narrow:
        return _narrow(gains, smallest, against)
    right, top = 590, 34
    ends = [end for item in gains for end in (item.gain.low, item.gain.high)]
    scale = Scale(*padded([*ends, 0.0, smallest]), LEFT, right)
    bottom = top + ROW * len(gains) + 4
    drawing = Drawing(WIDTH, bottom + 44)
    drawing.rect(scale(0), top, scale(smallest) - scale(0), bottom - top, "band1")
    drawing.text(scale(smallest) + 4, top - 8, f"worth it beyond {numbers.size(smallest)}", "t small")
    for value in ticks(scale.low, scale.high):
        drawing.text(scale(value), bottom + 16, numbers.points(value), "t small", "middle")
        drawing.line(scale(value), bottom, scale(value), bottom + 4, "axis")
    drawing.line(scale(0), top - 4, scale(0), bottom, "zero")
    drawing.line(scale(smallest), top - 4, scale(smallest), bottom, "goal")
    for index, item in enumerate(gains):
        y = top + ROW * index + ROW / 2
        drawing.text(LEFT - 12, y + 4, label(item.arm, LEFT - 20), "t", "end")
        drawing.whisker(item.family, scale(item.gain.low), scale(item.gain.high), y)
        drawing.marker(item.family, scale(item.gain.estimate), y)
        drawing.text(right + 14, y + 4, numbers.points(item.gain.estimate), "t strong")
        drawing.text(right + 62, y + 4, numbers.point_bounds(item.gain), "t small")
    drawing.text((LEFT + right) / 2, bottom + 36, f"points gained over {label(against, 200)}", "t small", "middle")
    return drawing.render(_said(gains, against))


def _narrow(gains: Sequence[Gain], smallest: float, against: str) -> Markup:
    ends = [end for item in gains for end in (item.gain.low, item.gain.high)]
    scale = Scale(*padded([*ends, 0.0, smallest]), 10, NARROW - 10)
    bottom = NARROW_ROW * len(gains) + 6
    drawing = Drawing(NARROW, bottom + 22)
    drawing.rect(scale(0), 4, scale(smallest) - scale(0), bottom - 4, "band1")
    drawing.line(scale(0), 4, scale(0), bottom, "zero")
    drawing.line(scale(smallest), 4, scale(smallest), bottom, "goal")
    for value in ticks(scale.low, scale.high, 3):
        drawing.text(scale(value), bottom + 16, numbers.points(value), "t small", "middle")
    for index, item in enumerate(gains):
        y = NARROW_ROW * (index + 1) - 8
        drawing.text(14, y - 14, f"{label(item.arm, 210)}: {numbers.points(item.gain.estimate)}", "t over")
        drawing.whisker(item.family, scale(item.gain.low), scale(item.gain.high), y)
        drawing.marker(item.family, scale(item.gain.estimate), y)
    return drawing.render(_said(gains, against))


def _said(gains: Sequence[Gain], against: str) -> str:
    said = "; ".join(f"{item.arm} {numbers.gain(item.gain)}" for item in gains)
    return f"Gain over {against}: {said}."


def scatter(gains: Sequence[Gain], max_drop: float) -> Markup:
    """Draw gain (right is better) against the change of general ability (down is forgetting)."""
    left, right, top, bottom = 70, 590, 20, 320
    across = [end for item in gains for end in (item.gain.low, item.gain.high)]
    upright = [end for item in gains if item.change for end in (item.change.low, item.change.high)]
    x = Scale(*padded([*across, 0.0]), left, right)
    y = Scale(*padded([*upright, 0.0, -max_drop, max_drop]), bottom, top)
    drawing = Drawing(WIDTH, bottom + 50)
    drawing.rect(left, y(-max_drop), right - left, bottom - y(-max_drop), "danger")
    _axes(drawing, x, y)
    drawing.line(left, y(-max_drop), right, y(-max_drop), "goal")
    for index, item in enumerate(gains):
        _point(drawing, x, y, item, index + 1)
    marks = [(x(item.gain.estimate), y(item.change.estimate if item.change else 0)) for item in gains]
    number_marks(drawing, marks, (left, top - 8, right + 12, bottom))
    drawing.text(left + 8, y(-max_drop) + 15, f"more than {numbers.size(max_drop)} points lost", "t small")
    drawing.text((left + right) / 2, bottom + 40, "points gained on the task", "t small", "middle")
    drawing.text(left, 11, "points of general ability", "t small")
    said = "; ".join(f"{g.arm} gains {numbers.gain(g.gain)}, ability {_change(g)}" for g in gains)
    return drawing.render(f"Task gain against change of general ability: {said}.")


def _axes(drawing: Drawing, x: Scale, y: Scale) -> None:
    for value in ticks(x.low, x.high):
        drawing.line(x(value), y.start, x(value), y.end, "grid")
        drawing.text(x(value), y.start + 18, numbers.points(value), "t small", "middle")
    for value in ticks(y.low, y.high, 6):
        drawing.line(x.start, y(value), x.end, y(value), "grid")
        drawing.text(x.start - 8, y(value) + 4, numbers.points(value), "t small", "end")
    drawing.line(x(0), y.start, x(0), y.end, "zero")
    drawing.line(x.start, y(0), x.end, y(0), "zero")


def _point(drawing: Drawing, x: Scale, y: Scale, item: Gain, number: int) -> None:
    at = y(item.change.estimate if item.change else 0)
    drawing.whisker(item.family, x(item.gain.low), x(item.gain.high), at)
    if item.change:
        drawing.whisker(item.family, y(item.change.low), y(item.change.high), x(item.gain.estimate), upright=True)
    drawing.marker(item.family, x(item.gain.estimate), at)
    legend(drawing, item.arm, item.family, number, x.end + 16, y.end + 8)


def _change(item: Gain) -> str:
    return numbers.gain(item.change) if item.change else "untouched"

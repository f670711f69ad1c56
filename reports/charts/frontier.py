"""Gain against forgetting of one adapter: the dev score over what it forgets, as its strength goes from 0 to 1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from harness.records import Family
from reports.charts.svg import CHARACTER, Box, Drawing, Place, Scale, free_spot, padded, ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 300, 58, 462, 30, 246
LINEAR = 4.0  # budgets; beyond, the axis grows with the root, so that what lies inside the budget can still be seen
ROOT_TICKS = (1.0, 0.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10_000.0, 100_000.0)
TICK_GAP = 34.0  # pixels between two tick labels
BOLD = 1.12  # how much wider a bold name is


@dataclass(frozen=True, slots=True)
class Point:
    """One strength, where it lies and how it is drawn."""

    name: str  # '0.5', or 'step 40' for a checkpoint that is not on the curve
    forgotten: float  # share of the budget spent, or nats per token where there is no budget
    score: float
    is_inside: bool
    is_applied: bool
    is_on_curve: bool = True

    @property
    def is_drawable(self) -> bool:
        """Whether it has a place: both figures are numbers."""
        return math.isfinite(self.forgotten) and math.isfinite(self.score)


@dataclass(frozen=True, slots=True)
class Axis:
    """Where an amount of forgetting lies."""

    scale: Scale
    is_root: bool

    @classmethod
    def over(cls, amounts: Sequence[float], has_budget: bool) -> "Axis":
        """Fit an axis around the amounts, and around the budget where there is one."""
        if not has_budget:
            return cls(Scale(*padded([0.0, *amounts]), LEFT, RIGHT), False)
        top = max([1.0, *amounts])
        is_root = top > LINEAR
        low = min([0.0, *amounts])
        high = math.sqrt(top) if is_root else top
        return cls(Scale(0.0 if is_root else low, high + 0.1 * high, LEFT + 10, RIGHT), is_root)

    def __call__(self, amount: float) -> float:
        """Return the pixel of an amount."""
        return self.scale(math.sqrt(max(0.0, amount)) if self.is_root else amount)

    def ticks(self) -> list[float]:
        """Return round amounts that stand far enough apart for their labels, the budget's end among them."""
        if not self.is_root:
            return ticks(self.scale.low, self.scale.high)
        shown: list[float] = []
        for value in ROOT_TICKS:
            is_free = all(abs(self(value) - self(other)) >= TICK_GAP for other in shown)
            if math.sqrt(value) <= self.scale.high and is_free:
                shown.append(value)
        return sorted(shown)


def frontier(arm: str, family: Family, points: Sequence[Point], *, has_budget: bool, said: str) -> Markup:
    """Draw the points that have a place; the applied one has a halo, those outside the budget are hollow.

    Args:
        arm: Whose adapter it is.
        family: Of the arm, for shape and colour.
        points: Weakest first.
        has_budget: Whether the amounts are shares of a budget, which ends at 1.
        said: What a screen reader says.
    """
    placed = [point for point in points if point.is_drawable]
    drawing = Drawing(WIDTH, HEIGHT)
    if not placed:
        drawing.text(LEFT, HEIGHT / 2, "no strength has figures that are numbers", "t small")
        return drawing.render(f"{arm}: {said}")
    x = Axis.over([point.forgotten for point in placed], has_budget)
    low, high = padded([point.score for point in placed], 0.15)
    y = Scale(max(-0.02, low), min(1.03, high), BOTTOM, TOP)
    _frame(drawing, x, y, has_budget)
    curve = [(x(point.forgotten), y(point.score)) for point in placed if point.is_on_curve]
    drawing.polyline(curve, f"curve thin {family}")
    for point in placed:
        at = x(point.forgotten), y(point.score)
        if point.is_applied:
            drawing.circle(*at, 10, "halo")
        drawing.marker(family, *at, hollow=not point.is_inside, size=4.6)
    lines = [*pairwise(curve), *([((x(1.0), TOP), (x(1.0), BOTTOM))] if has_budget else [])]
    _names(drawing, placed, [(x(point.forgotten), y(point.score)) for point in placed], lines)
    return drawing.render(f"{arm}: {said}")


def _frame(drawing: Drawing, x: Axis, y: Scale, has_budget: bool) -> None:
    if has_budget:
        drawing.rect(x(1.0), TOP - 8, RIGHT - x(1.0), BOTTOM - TOP + 8, "danger")
    for value in x.ticks():
        drawing.line(x(value), BOTTOM, x(value), TOP - 8, "grid")
        drawing.text(x(value), BOTTOM + 17, f"{value:,g}", "t small", "middle")
    for value in ticks(y.low, y.high, 5):
        if 0.0 <= round(value, 9) <= 1.0:
            drawing.line(LEFT, y(value), RIGHT, y(value), "grid")
            drawing.text(LEFT - 6, y(value) + 4, f"{round(100 * value, 6):g}%", "t small", "end")
    drawing.text(4, 12, "score on dev", "t small")
    what = "times the forgetting budget" if has_budget else "text loss above the base, nats a token"
    drawing.text((LEFT + RIGHT) / 2, BOTTOM + 40, what + (" (root scale)" if x.is_root else ""), "t small", "middle")
    if has_budget:
        drawing.line(x(1.0), TOP - 8, x(1.0), BOTTOM, "goal")
        if x(1.0) < RIGHT - 120:
            drawing.text(max(x(1.0) + 4, LEFT + 46), 14, "the budget ends here", "t small")  # beside the axis' name
        else:
            drawing.text(x(1.0) - 4, 14, "the budget ends here", "t small", "end")


Line = tuple[Place, Place]
INSIDE: Box = (LEFT - 4, TOP - 10, WIDTH - 4, BOTTOM - 2)


def _along(line: Line) -> list[Place]:
    """Return places every few pixels along a line."""
    (x1, y1), (x2, y2) = line
    steps = max(1, int(math.hypot(x2 - x1, y2 - y1) / 5))
    return [(x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps) for step in range(steps + 1)]


def _names(drawing: Drawing, points: Sequence[Point], places: Sequence[Place], lines: Sequence[Line]) -> None:
    """Write each point's strength beside it, where it covers no mark or other name, and no line if it can be helped."""
    reach = [11 if point.is_applied else 7 for point in points]
    taken: list[Box] = [(x - r, y - r, x + r, y + r) for r, (x, y) in zip(reach, places, strict=True)]
    drawn = [(x - 1, y - 1, x + 1, y + 1) for line in lines for x, y in _along(line)]
    for point, (x, y) in zip(points, places, strict=True):
        text = f"{point.name}, applied" if point.is_applied else point.name
        width = len(text) * CHARACTER * (BOLD if point.is_applied else 1.0)
        (place_x, place_y), anchor = free_spot((x, y), width, taken, drawn, INSIDE)
        drawing.text(place_x, place_y, text, "t small strong over" if point.is_applied else "t small over", anchor)

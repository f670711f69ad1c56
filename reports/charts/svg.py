"""A drawing surface for charts: numbers in, one SVG out.

Colours come from CSS classes only, so a chart follows light, dark and print. Every text is made
visible and escaped here; coordinates have one decimal, so equal data give equal bytes. Families of
arms differ by shape as well as by colour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from harness.records import Family
from reports.text import one_line

CHARACTER = 7.6  # advance of a 12 px letter of the widest usual font, DejaVu Sans, for label widths

NARROW, NARROW_ROW = 330, 44  # pixels: a chart on a phone, and a row of it with the name above

Place = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values in [low, high] to pixels in [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value; values outside are drawn at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round values (steps of 1, 2 or 5 times a power of ten) inside [low, high]."""
    rough = (high - low) / wanted
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def padded(values: Sequence[float], share: float = 0.08) -> tuple[float, float]:
    """Return a range around the values with room at both ends; never of zero width."""
    low, high = min(values), max(values)
    room = (high - low) * share or max(abs(high) * share, 0.01)
    return low - room, high + room


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move label positions apart until they are `gap` pixels from each other, in their order."""
    order = sorted(range(len(positions)), key=lambda index: (positions[index], index))
    placed = list(positions)
    for before, after in zip(order, order[1:], strict=False):
        placed[after] = max(placed[after], placed[before] + gap)
    ceiling = high
    for index in reversed(order):
        placed[index] = max(low, min(placed[index], ceiling))
        ceiling = placed[index] - gap
    return placed


@dataclass
class Drawing:
    """One chart under construction."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        """Draw a straight line."""
        self.parts.append(f'<line class="{css}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>')

    def rect(self, x: float, y: float, width: float, height: float, css: str, radius: float = 0) -> None:
        """Draw a rectangle."""
        corner = f' rx="{_n(radius)}"' if radius else ""
        self.parts.append(
            f'<rect class="{css}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{corner}/>'
        )

    def circle(self, x: float, y: float, radius: float, css: str) -> None:
        """Draw a circle."""
        self.parts.append(f'<circle class="{css}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>')

    def polyline(self, points: Sequence[tuple[float, float]], css: str) -> None:
        """Draw a line through the points."""
        places = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self.parts.append(f'<polyline class="{css}" points="{places}"/>')

    def text(self, x: float, y: float, text: str, css: str = "t", anchor: str = "start") -> None:
        """Write one line of text; `anchor` is start, middle or end."""
        self.parts.append(
            f'<text class="{css}" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}">{escape(one_line(text))}</text>'
        )

    def marker(self, family: Family, x: float, y: float, *, hollow: bool = False, size: float = 5.0) -> None:
        """Mark a measured value: circle prompt, square RAG, diamond tuned, triangle combined."""
        css = f"mark {family}" + (" hollow" if hollow else "")
        if family == "prompt":
            self.circle(x, y, size, css)
            return
        shapes = {
            "rag": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
            "tune": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
            "combine": ((0, -1.2), (1.15, 0.85), (-1.15, 0.85)),
        }
        places = " ".join(f"{_n(x + dx * size)},{_n(y + dy * size)}" for dx, dy in shapes[family])
        self.parts.append(f'<polygon class="{css}" points="{places}"/>')

    def whisker(self, family: Family, low: float, high: float, at: float, *, upright: bool = False) -> None:
        """Draw an interval, flat or upright, with short ends."""
        ends = [(low, at, high, at), (low, at - 3, low, at + 3), (high, at - 3, high, at + 3)]
        for x1, y1, x2, y2 in ends:
            corners = (y1, x1, y2, x2) if upright else (x1, y1, x2, y2)
            self.line(*corners, css=f"whisker {family}")

    def render(self, label: str) -> Markup:
        """Close the drawing; `label` is what a screen reader says."""
        head = (
            f'<svg role="img" aria-label="{escape(one_line(label))}" '
            f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" width="{_n(self.width)}" height="{_n(self.height)}">'
        )
        return Markup(head + "".join(self.parts) + "</svg>")  # every text was escaped above


def legend(drawing: Drawing, arm: str, family: Family, number: int, x: float, top: float) -> None:
    """Write one line of a numbered list of arms, with the family's shape."""
    y = top + 22 * (number - 1)
    drawing.marker(family, x + 4, y, size=4)
    drawing.text(x + 16, y + 4, f"{number}  {label(arm, 130)}", "t")


def label(text: str, width: float) -> str:
    """Shorten a name to about `width` pixels; the table beside the chart has it in full."""
    room = max(4, int(width / CHARACTER))
    line = one_line(text)
    return line if len(line) <= room else line[: room - 1] + "…"


# Offsets of a name from its mark, best first: beside it, above and below it, farther off.
_SPOTS = (
    (0, -14, "middle"), (-9, -10, "end"), (-13, 4, "end"), (13, 4, "start"), (10, 19, "start"),
    (0, 24, "middle"), (9, -10, "start"), (-10, 19, "end"), (-12, -8, "end"), (14, 30, "start"), (-14, -24, "end"),
    (0, -30, "middle"), (0, 40, "middle"), (0, -46, "middle"), (0, 56, "middle"), (0, 72, "middle"),
)  # fmt: skip


def free_spot(mark: Place, width: float, taken: list[Box], drawn: Sequence[Box], inside: Box) -> tuple[Place, str]:
    """Return where a name of a width stands beside its mark, and its anchor; its box joins `taken`.

    It covers no mark and no other name, and no line (`drawn`) if that can be helped.
    """
    boxes = [_box(mark[0] + dx, mark[1] + dy, width, anchor) for dx, dy, anchor in _SPOTS]
    free = [index for index, box in enumerate(boxes) if _holds(inside, box) and not _meets(box, taken)]
    chosen = next((index for index in free if not _meets(boxes[index], drawn)), free[0] if free else 0)
    taken.append(boxes[chosen])
    dx, dy, anchor = _SPOTS[chosen]
    return (mark[0] + dx, mark[1] + dy), anchor


def number_marks(drawing: "Drawing", marks: Sequence[Place], inside: Box) -> None:
    """Number marks from 1, each number where it covers neither another nor a mark."""
    taken: list[Box] = [(x - 7, y - 7, x + 7, y + 7) for x, y in marks]
    for number, mark in enumerate(marks, 1):
        (x, y), anchor = free_spot(mark, CHARACTER * len(str(number)), taken, (), inside)
        drawing.text(x, y, str(number), "t small strong over", anchor)


def _box(x: float, y: float, width: float, anchor: str) -> Box:
    left = x if anchor == "start" else x - width if anchor == "end" else x - width / 2
    return (left, y - 11, left + width, y + 3)


def _holds(outer: Box, box: Box) -> bool:
    return outer[0] <= box[0] and box[2] <= outer[2] and outer[1] <= box[1] and box[3] <= outer[3]


def _meets(box: Box, others: Sequence[Box]) -> bool:
    return any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)


def _n(value: float) -> str:
    text = f"{value:.1f}"
    return "0" if text in ("-0.0", "0.0") else text.removesuffix(".0")

"""What an answer costs beside how good it is, and when training pays back."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.records import Evidence, Interval
from reports import numbers
from reports.charts.svg import Drawing, Scale, label, legend, number_marks, padded, spread, ticks

WIDTH = 760


def frontier(arms: Sequence[tuple[Evidence, Interval, float]], dominated: frozenset[str]) -> Markup:
    """Draw score over seconds an answer; arms that are both slower and worse than another are hollow."""
    left, right, top, bottom = 70, 590, 22, 308
    x = Scale(0, max(seconds for _, _, seconds in arms) * 1.06, left, right)
    low, high = padded([end for _, score, _ in arms for end in (score.low, score.high)])
    y = Scale(max(0.0, low), min(1.0, high), bottom, top)
    drawing = Drawing(WIDTH, bottom + 46)
    for value in ticks(x.low, x.high):
        drawing.line(x(value), bottom, x(value), top, "grid")
        drawing.text(x(value), bottom + 18, f"{value:g} s", "t small", "middle")
    for value in ticks(y.low, y.high):
        drawing.line(left, y(value), right, y(value), "grid")
        drawing.text(left - 8, y(value) + 4, numbers.percent(value), "t small", "end")
    best = sorted((seconds, score.estimate) for evidence, score, seconds in arms if evidence.arm not in dominated)
    drawing.polyline([(x(seconds), y(share)) for seconds, share in best], "frontier")
    for number, (evidence, score, seconds) in enumerate(arms, 1):
        at = y(score.estimate)
        drawing.whisker(evidence.family, y(score.low), y(score.high), x(seconds), upright=True)
        drawing.marker(evidence.family, x(seconds), at, hollow=evidence.arm in dominated)
        legend(drawing, evidence.arm, evidence.family, number, right + 16, top + 8)
    number_marks(
        drawing, [(x(time), y(score.estimate)) for _, score, time in arms], (left, top - 16, right + 12, bottom)
    )
    drawing.text((left + right) / 2, bottom + 40, "seconds for each answer", "t small", "middle")
    said = "; ".join(f"{e.arm} {numbers.rate(score)} at {numbers.seconds(seconds)}" for e, score, seconds in arms)
    return drawing.render(f"Score against seconds an answer: {said}.")


@dataclass(frozen=True, slots=True)
class CostLine:
    """Cumulative cost of one arm: a fixed part and a part for each request."""

    evidence: Evidence
    fixed: float
    each: float


def break_even(lines: Sequence[CostLine], requests: float) -> Markup:
    """Draw cumulative cost over the number of requests."""
    left, right, top, bottom = 70, 590, 24, 260
    x = Scale(0, requests, left, right)
    ceiling = max(line.fixed + line.each * requests for line in lines)
    y = Scale(0, ceiling * 1.05 or 1.0, bottom, top)
    drawing = Drawing(WIDTH, bottom + 46)
    for value in ticks(0, requests):
        drawing.line(x(value), bottom, x(value), top, "grid")
        drawing.text(x(value), bottom + 18, numbers.count(value), "t small", "middle")
    for value in ticks(0, y.high):
        drawing.line(left, y(value), right, y(value), "grid")
        drawing.text(left - 8, y(value) + 4, numbers.money(value), "t small", "end")
    ends = [y(line.fixed + line.each * requests) for line in lines]
    for line, end, height in zip(lines, ends, spread(ends, 17, top + 4, bottom - 4), strict=True):
        drawing.polyline([(x(0), y(line.fixed)), (x(requests), end)], f"curve {line.evidence.family}")
        drawing.marker(line.evidence.family, x(requests), end)
        drawing.text(right + 12, height + 4, label(line.evidence.arm, WIDTH - right - 14), "t")
    drawing.text((left + right) / 2, bottom + 40, "requests answered", "t small", "middle")
    drawing.text(left, 14, "cost so far", "t small")
    said = "; ".join(
        f"{line.evidence.arm} starts at {numbers.money(line.fixed)}"
        f" and adds {numbers.money(1000 * line.each)} per 1,000 requests"
        for line in lines
    )
    return drawing.render(f"Cumulative cost: {said}.")

"""Every arm on the range from 0 to 100%, over the bands of the rule of thumb and the goal."""

from collections.abc import Sequence

from markupsafe import Markup

from harness.records import Band, Evidence, Interval, Limits
from reports import numbers
from reports.charts.svg import NARROW, NARROW_ROW, Drawing, Scale, label

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 150, 664, 30, 64


def ladder(
    arms: Sequence[tuple[Evidence, Interval]],
    candidates: frozenset[str],
    bands: Sequence[Band],
    limits: Limits,
    *,
    is_narrow: bool = False,
) -> Markup:
    """Draw the arms in rising order of cost; the candidate of each rung is filled.

    On a narrow screen names stand above their rows, and the bands have no names: the table has them.
    """
    if is_narrow:
        return _narrow(arms, candidates, limits)
    bottom = TOP + ROW * len(arms) + 6
    drawing = Drawing(WIDTH, bottom + 28)
    scale = Scale(0, 1, LEFT, RIGHT)
    edges = (0.0, limits.rethink, limits.promising, limits.nearly_sure, 1.0)
    for index, (low, high) in enumerate(zip(edges, edges[1:], strict=False)):
        drawing.rect(scale(low), TOP - 14, scale(high) - scale(low), bottom - TOP + 14, f"band{index}")
    _band_names(drawing, scale, bands, limits)
    for edge in edges:
        if edge != limits.nearly_sure:  # its label would sit on that of 100%
            drawing.text(scale(edge), bottom + 16, f"{100 * edge:g}%", "t small", "middle")
    drawing.line(scale(limits.goal), TOP - 14, scale(limits.goal), bottom, "goal")
    for index, (evidence, score) in enumerate(arms):
        y = TOP + ROW * index + ROW / 2
        drawing.text(LEFT - 12, y + 4, label(evidence.arm, LEFT - 20), "t", "end")
        drawing.whisker(evidence.family, scale(score.low), scale(score.high), y)
        hollow = evidence.arm not in candidates
        drawing.marker(evidence.family, scale(score.estimate), y, hollow=hollow)
        drawing.text(RIGHT + 14, y + 4, numbers.percent(score.estimate), "t strong")
    return drawing.render(_said(arms, limits))


def _narrow(arms: Sequence[tuple[Evidence, Interval]], candidates: frozenset[str], limits: Limits) -> Markup:
    bottom = NARROW_ROW * len(arms) + 6
    drawing = Drawing(NARROW, bottom + 22)
    scale = Scale(0, 1, 10, NARROW - 10)
    edges = (0.0, limits.rethink, limits.promising, limits.nearly_sure, 1.0)
    for index, (low, high) in enumerate(zip(edges, edges[1:], strict=False)):
        drawing.rect(scale(low), 4, scale(high) - scale(low), bottom - 4, f"band{index}")
    for value, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        drawing.text(scale(value), bottom + 16, f"{100 * value:g}%", "t small", anchor)
    drawing.line(scale(limits.goal), 4, scale(limits.goal), bottom, "goal")
    for index, (evidence, score) in enumerate(arms):
        y = NARROW_ROW * (index + 1) - 8
        drawing.text(14, y - 14, f"{label(evidence.arm, 210)}: {numbers.percent(score.estimate)}", "t over")
        drawing.whisker(evidence.family, scale(score.low), scale(score.high), y)
        drawing.marker(evidence.family, scale(score.estimate), y, hollow=evidence.arm not in candidates)
    return drawing.render(_said(arms, limits))


def _said(arms: Sequence[tuple[Evidence, Interval]], limits: Limits) -> str:
    said = "; ".join(f"{evidence.arm} {numbers.rate(score)}" for evidence, score in arms)
    return f"Measured share of right answers by arm: {said}. Goal {numbers.percent(limits.goal)}."


def _band_names(drawing: Drawing, scale: Scale, bands: Sequence[Band], limits: Limits) -> None:
    drawing.text(LEFT - 12, 20, "rule of thumb", "t small", "end")
    if bands:
        drawing.text(LEFT - 12, 38, "best prompt is here", "t small", "end")
    chance: dict[str, str] = {band.name: f"{numbers.percent(band.probability)} likely" for band in bands}
    places = (
        ("rethink", "rethink", scale(limits.rethink / 2), "middle"),
        ("between", "measure", scale((limits.rethink + limits.promising) / 2), "middle"),
        ("promising", "promising", scale((limits.promising + limits.nearly_sure) / 2), "middle"),
        ("nearly_sure", "nearly sure", RIGHT + 14, "start"),
    )
    for name, word, x, anchor in places:
        drawing.text(x, 20, word, "t small strong", anchor)
        drawing.text(x, 38, chance.get(name, ""), "t small", anchor)

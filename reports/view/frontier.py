"""At which strength each adapter is applied, and what other strengths would gain and forget on dev."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.records import Evidence, Limits, Run, StrengthPoint, TrainingHistory
from reports import numbers
from reports.charts import frontier as chart
from reports.view import spending
from reports.view.shapes import Cell, Figure, join, table

# heading, and the smaller line under it
HEADINGS = (
    ("Strength", ""),
    ("On dev", ""),
    ("Budget spent", ""),
    ("Text loss", "nats a token"),
    ("Off-task", ""),
    ("Probability", "points"),
)


@dataclass(frozen=True, slots=True)
class Applied:
    """What is applied in the end: a point of the frontier, or another checkpoint at full strength."""

    point: StrengthPoint
    name: str  # '0.5', or 'step 40' for the other checkpoint
    is_on_curve: bool


@dataclass(frozen=True, slots=True)
class StrengthSection:
    """The strengths, in words for every trained arm and as a curve for those whose strength was swept."""

    sentences: tuple[tuple[str, str], ...]  # arm, what is said of it
    figures: tuple[Figure, ...]


def strength_section(run: Run) -> StrengthSection:
    """Build the part on strengths; arms that were not trained are left out."""
    trained = [(evidence, evidence.training) for evidence in run.evidence if evidence.training]
    return StrengthSection(
        sentences=tuple((evidence.arm, strength_sentence(run, history)) for evidence, history in trained),
        figures=tuple(_figure(run, evidence, history) for evidence, history in trained if history.frontier),
    )


def applied(history: TrainingHistory) -> Applied | None:
    """Return what is applied; None where its figures were not kept.

    At full strength it is the kept checkpoint, which need not be the one whose strength was swept.
    """
    on_curve = next((point for point in history.frontier if point.strength == history.strength), None)
    if history.strength != 1.0:
        return Applied(on_curve, f"{history.strength:g}", True) if on_curve else None
    kept = next((mark for mark in history.checkpoints if mark.step == history.best_step), None)
    if kept is None or kept.forgetting is None:
        return Applied(on_curve, "1", True) if on_curve else None
    point = StrengthPoint(1.0, kept.dev_score, kept.dev_loss, kept.forgetting)
    if on_curve is not None and _is_same(on_curve, point):
        return Applied(on_curve, "1", True)
    return Applied(point, f"step {kept.step}", False)


def _is_same(one: StrengthPoint, other: StrengthPoint) -> bool:
    return repr(one) == repr(other)  # NaN equals itself here


def is_best_at_zero(base: StrengthPoint, taken: StrengthPoint) -> bool:
    """Whether dev ranks the base first: what is applied is outside the budget, or no better on the task."""
    if not taken.forgetting.is_inside or not math.isfinite(taken.dev_score):
        return True
    if taken.dev_score != base.dev_score:
        return taken.dev_score < base.dev_score
    return taken.dev_loss is None or (base.dev_loss is not None and base.dev_loss <= taken.dev_loss)


def strength_sentence(run: Run, history: TrainingHistory) -> str:
    """Say which strength was taken, and what it gave up."""
    if not history.frontier:
        why = "a smoke run sweeps none" if run.is_fast else "no strengths were tried on dev"
        return f"Applied at {_strength(history.strength)}: {why}, so there is no curve of gain against forgetting."
    taken = applied(history)
    if taken is None:
        return f"Applied at {_strength(history.strength)}, whose figures on dev were not kept."
    first = "" if taken.name == "1" else f"{_full(run.limits, history)} "
    base = next((point for point in history.frontier if point.strength == 0.0), None)
    if base is not None and history.strength != 0.0 and is_best_at_zero(base, taken.point):
        return f"{first}{_zero(run.limits, base, taken, history)}"
    return f"{first}{_taken(run.limits, taken, history)}"


def _strength(value: float) -> str:
    return "full strength" if value == 1.0 else f"strength {value:g}"


def _full(limits: Limits, history: TrainingHistory) -> str:
    whole = next((point for point in history.frontier if point.strength == 1.0), None)
    if whole is None:
        return "Full strength was not tried."
    return f"At full strength {_reach(whole, history)} for {spending.spent_words(whole.forgetting, limits)}."


def _reach(point: StrengthPoint, history: TrainingHistory) -> str:
    """Write a dev score as what it gains over the base, which is the point at strength 0."""
    base = next((found for found in history.frontier if found.strength == 0.0), None)
    if not math.isfinite(point.dev_score):
        return f"a score on dev that is {spending.NO_NUMBER}"
    if base is None or not math.isfinite(base.dev_score):
        return f"{numbers.percent(point.dev_score)} on dev"
    gained = numbers.points(point.dev_score - base.dev_score)
    return f"{numbers.percent(point.dev_score)} on dev, {gained} points over the base,"


def _taken(limits: Limits, taken: Applied, history: TrainingHistory) -> str:
    if history.strength == 0.0:
        return "Best at zero strength: applied at 0, the adapter is the base, so nothing is gained or forgotten."
    how = _strength(history.strength) if taken.is_on_curve else f"full strength is the checkpoint of {taken.name}"
    spent = spending.spent_words(taken.point.forgetting, limits)
    text = f"Applied at {how}: {_reach(taken.point, history)} for {spent}"
    best = max((p.dev_score for p in history.frontier if math.isfinite(p.dev_score)), default=taken.point.dev_score)
    given_up = best - taken.point.dev_score
    if given_up > 0:
        return f"{text}; this gives up {numbers.size(given_up)} points on dev."
    return f"{text}; nothing on dev is given up."


def _zero(limits: Limits, base: StrengthPoint, taken: Applied, history: TrainingHistory) -> str:
    how = _strength(history.strength) if taken.is_on_curve else f"full strength ({taken.name})"
    where = "inside the budget" if spending.has_budget(limits) else "on dev"
    return (
        f"Best at zero strength: the base has {numbers.percent(base.dev_score)} on dev, and no strength does better"
        f" {where}. Applied all the same at {how}: {_reach(taken.point, history)} for"
        f" {spending.spent_words(taken.point.forgetting, limits)}."
    )


def _figure(run: Run, evidence: Evidence, history: TrainingHistory) -> Figure:
    limits, taken = run.limits, applied(history)
    points = [_point(found, limits, taken) for found in history.frontier]
    if taken is not None and not taken.is_on_curve:
        points.append(replace(_point(taken.point, limits, taken), name=taken.name, is_on_curve=False))
    said = "; ".join(_said(point, limits) for point in points)
    return Figure(
        f"{evidence.arm}: {_title(history, taken)}",
        chart.frontier(evidence.arm, evidence.family, points, has_budget=spending.has_budget(limits), said=said),
        _note(points, limits),
        table(
            f"{evidence.arm}: each strength on dev",
            [heading for heading, _ in HEADINGS],
            [_row(found, limits, point) for found, point in zip(_found(history, taken), points, strict=True)],
            notes=[note for _, note in HEADINGS],
        ),
    )


def _found(history: TrainingHistory, taken: Applied | None) -> Sequence[StrengthPoint]:
    return [*history.frontier, *([taken.point] if taken is not None and not taken.is_on_curve else [])]


def _point(found: StrengthPoint, limits: Limits, taken: Applied | None) -> chart.Point:
    has_budget = spending.has_budget(limits)
    return chart.Point(
        name="0, the base" if found.strength == 0 else f"{found.strength:g}",
        forgotten=found.forgetting.spent if has_budget else found.forgetting.text_loss,
        score=found.dev_score,
        is_inside=found.forgetting.is_inside or not has_budget,
        is_applied=taken is not None and found is taken.point,
    )


def _title(history: TrainingHistory, taken: Applied | None) -> str:
    if taken is None:
        return f"applied at {_strength(history.strength)}"
    where = _strength(history.strength) if taken.is_on_curve else f"full strength, {taken.name}"
    return f"applied at {where}, {numbers.percent(taken.point.dev_score)} on dev"


def _note(points: Sequence[chart.Point], limits: Limits) -> str:
    text = "Each mark is the adapter's update times a strength, without training again."
    if spending.has_budget(limits):
        text += " Filled: inside the forgetting budget. Hollow: outside. Ringed: applied."
    else:
        text += " Only this task's inputs reach the adapter, so no budget is asked. Ringed: applied."
    absent = [point.name for point in points if not point.is_drawable]
    if absent:
        text += f" Not drawn: {join(absent)}, with a figure that is not a number"
        text += ", which is outside the budget." if spending.has_budget(limits) else "."
    return text


def _row(found: StrengthPoint, limits: Limits, point: chart.Point) -> Sequence[Cell | str]:
    return (
        Cell(point.name, "applied" if point.is_applied else ""),
        Cell(
            numbers.percent(found.dev_score) if math.isfinite(found.dev_score) else spending.NO_NUMBER,
            f"loss {numbers.plain(found.dev_loss)}",
        ),
        spending.spent_cell(found.forgetting, limits),
        spending.text_loss(found.forgetting),
        spending.off_task(found.forgetting),
        spending.probability(found.forgetting),
    )


def _said(point: chart.Point, limits: Limits) -> str:
    amount = f"{spending.times(point.forgotten)} times the budget"
    if not spending.has_budget(limits):
        amount = f"text loss {numbers.plain(point.forgotten)} nats a token"
    applied_word = ", applied" if point.is_applied else ""
    return f"strength {point.name}{applied_word}: {numbers.percent(point.score)} on dev, {amount}"

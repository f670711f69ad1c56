"""Gain against forgetting: what each arm adds on the task, and what it takes from the model."""

from dataclasses import dataclass

from harness.records import UNCORRECTED, Run
from reports import numbers
from reports.charts.gain import Gain, forest, scatter
from reports.view.gates import forgetting_counts
from reports.view.lookup import evidence_of, gate_of, is_tuned, reference_prompt
from reports.view.shapes import Cell, Figure, Table, join, table

SMOKE = "Smoke run: no verdict, and differences on a few items tell nothing."


@dataclass(frozen=True, slots=True)
class GainSection:
    """The paired differences, and the two charts over them."""

    finding: str
    figures: tuple[Figure, ...]


def gain_section(run: Run) -> GainSection:
    """Build the section on gain and forgetting."""
    if run.is_fast:
        return GainSection(SMOKE, ())
    against = reference_prompt(run)
    gains = _gains(run)
    if against is None or not gains:
        return GainSection("There is no prompt arm to compare with, so no gain was measured.", ())
    matter = [found.arm for found in run.decision.comparisons if found.exceeds_gain and found.arm != against]
    smallest = numbers.size(run.limits.smallest_gain)
    verb = "gains" if len(matter) == 1 else "gain"
    finding = (
        f"{len(matter)} of {numbers.plural(len(gains), 'other arm')} {verb} more than {smallest} points over {against},"
        f" the best prompt on dev, even at the low end of the interval."
    )
    figures = [
        Figure(
            f"{_best(gains)} over {against}",
            forest(gains, run.limits.smallest_gain, against),
            "Each arm against the same items of the reference prompt; bars are 95% intervals of the paired difference.",
            _comparisons(run),
            forest(gains, run.limits.smallest_gain, against, is_narrow=True),
        )
    ]
    placed = [item for item in gains if item.change or not _is_tuned(run, item.arm)]
    if any(item.change for item in placed):
        left_out = [item.arm for item in gains if item not in placed]
        figures.append(_trade(run, placed, left_out))
    return GainSection(finding, tuple(figures))


def _gains(run: Run) -> list[Gain]:
    found = []
    for item in run.decision.comparisons:
        evidence = evidence_of(run, item.arm)
        if evidence is None or item.difference is None or item.arm == item.against:
            continue
        gate = gate_of(run, item.arm)
        found.append(Gain(item.arm, evidence.family, item.difference, (gate.change or gate.pooled) if gate else None))
    return found


def _is_tuned(run: Run, arm: str) -> bool:
    evidence = evidence_of(run, arm)
    return evidence is not None and is_tuned(evidence)


def _best(gains: list[Gain]) -> str:
    best = max(gains, key=lambda item: item.gain.estimate)
    return f"{best.arm} gains most: {numbers.points(best.gain.estimate)} points"


def _trade(run: Run, gains: list[Gain], left_out: list[str]) -> Figure:
    return Figure(
        forgetting_counts(run),
        scatter(gains, run.limits.max_drop),
        f"Right is better on the task; below the dashed line, more than {numbers.size(run.limits.max_drop)} points of"
        " ability are lost. What is said of forgetting is the gate's word, which rests on more than this figure."
        " Prompt and RAG arms lie on zero because they leave the model as it is."
        f"{_left_out(left_out)}",
        table(
            "Task gain and change of general ability, in points",
            ("Arm", "Gain", "95% interval", "Ability", "One-sided 95% bounds", "Benchmark items"),
            [
                (
                    item.arm,
                    numbers.points(item.gain.estimate),
                    numbers.point_bounds(item.gain),
                    numbers.points(item.change.estimate) if item.change else "untouched",
                    numbers.point_bounds(item.change) if item.change else "untouched",
                    numbers.count(item.change.n) if item.change else "none needed",
                )
                for item in gains
            ],
            numbers=(1, 2, 3, 4, 5),
        ),
    )


def _left_out(arms: list[str]) -> str:
    if not arms:
        return ""
    return f" Not drawn: {join(arms)}, whose general ability was not measured or cannot be judged on this base."


def _comparisons(run: Run) -> Table:
    rows = []
    judged = "" if run.decision.basis is None else f", {UNCORRECTED}"
    for item in run.decision.comparisons:
        if item.arm == item.against:
            continue
        shown = numbers.points(item.difference.estimate) if item.difference else numbers.NOT_MEASURED
        rows.append(
            (
                item.arm,
                Cell(shown, mood="" if item.difference else "absent"),
                numbers.point_bounds(item.difference),
                "" if item.honest is None else numbers.points(item.honest),
                numbers.count(item.difference.n) if item.difference else numbers.NOT_MEASURED,
                numbers.count(item.wins),
                numbers.count(item.losses),
                "yes" if item.exceeds_gain else "not shown",
            )
        )
    return table(
        "Paired differences in points, on the same items",
        (
            "Arm",
            "Gain",
            "95% interval",
            "Corrected for selection",
            "Items",
            f"This arm scores higher{judged}",
            f"The prompt scores higher{judged}",
            "Worth it",
        ),
        rows,
        numbers=(1, 2, 3, 4, 5, 6),
    )

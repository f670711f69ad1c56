"""What tuning made the model forget, benchmark by benchmark; what quantising cost is kept apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Gate, GeneralAbility, Interval, Run, TaskChange
from reports import numbers
from reports.charts.forgetting import dumbbells
from reports.view.frontier import StrengthSection, strength_section
from reports.view.gates import DOES_NOT_BLOCK, NEAR_CHANCE, GateWords, forgetting_counts, gate_words, gates_table
from reports.view.lookup import evidence_of, is_tuned
from reports.view.off_task import OffTaskSection, off_task_section
from reports.view.shapes import Cell, Figure, Mood, Table, benchmark_name, table


@dataclass(frozen=True, slots=True)
class ForgettingSection:
    """Base against tuned."""

    finding: str
    gates: Table
    words: tuple[GateWords, ...]
    figures: tuple[Figure, ...]
    strengths: StrengthSection
    quantising: str
    quantising_table: Table | None
    off_task: OffTaskSection


def forgetting_section(run: Run) -> ForgettingSection:
    """Build the section on general ability."""
    quantising, quantising_table = _quantising(run)
    return ForgettingSection(
        finding=_finding(run),
        gates=gates_table(run),
        words=gate_words(run),
        figures=tuple(_figure(run, gate) for gate in run.decision.gates if gate.tasks),
        strengths=strength_section(run),
        quantising=quantising,
        quantising_table=quantising_table,
        off_task=off_task_section(run),
    )


def _finding(run: Run) -> str:
    tuned = [evidence for evidence in run.evidence if is_tuned(evidence)]
    if not tuned:
        return "No arm of this task changes the model, so nothing can be forgotten."
    measured = [gate for gate in run.decision.gates if gate.state != "not_measured"]
    if not measured:
        return f"General ability was not measured on any of the {numbers.plural(len(tuned), 'tuned arm')}."
    text = f"{forgetting_counts(run)} ({_items(measured)})"
    against = [gate for gate in measured if gate.state != "pass"]
    if against and not any(gate.blocks for gate in against):
        text += f"; this {DOES_NOT_BLOCK}"
    return f"{text}."


def _items(gates: Sequence[Gate]) -> str:
    """Count the benchmark items, and how many of them are on benchmarks that the gate judges."""
    asked = max(sum(change.n for change in gate.tasks) for gate in gates)
    judged = max(sum(change.n for change in gate.tasks if change.measurable) for gate in gates)
    counted = numbers.plural(asked, "benchmark item")
    return counted if judged == asked else f"{counted}, {numbers.count(judged)} of them judged"


def _figure(run: Run, gate: Gate) -> Figure:
    evidence = evidence_of(run, gate.arm)
    changes = sorted(gate.tasks, key=lambda change: not change.measurable)  # what is judged comes first
    names = [benchmark_name(change.task) for change in changes]
    return Figure(
        f"{gate.arm}: {_worst([change for change in changes if change.measurable])}",
        dumbbells(gate.arm, evidence.family if evidence else "tune", changes, names),
        "Ring: before. Filled: after tuning, with its 95% interval."
        + ("" if all(change.measurable for change in changes) else f" Hollow: the base is {NEAR_CHANCE}."),
        table(
            f"{gate.arm}: each benchmark before and after",
            ("Benchmark", "Base", "Tuned", "Change", "Probability", "Retained"),
            [_change_row(change) for change in changes],
            notes=("items", "score", "score", "points", "points", "above chance"),
        ),
    )


def _worst(judged: Sequence[TaskChange]) -> str:
    if not judged:
        return "the base is near chance on every benchmark, so none is judged"
    worst = min(judged, key=lambda change: change.tuned.estimate - change.base.estimate)
    drop = worst.tuned.estimate - worst.base.estimate
    if drop >= 0:
        return "no judged benchmark falls"
    return f"{benchmark_name(worst.task)} falls most, {numbers.points(drop)} points"


def _change_row(change: TaskChange) -> Sequence[Cell | str]:
    note = change.broken if change.measurable else NEAR_CHANCE
    mood: Mood = "bad" if change.broken else "" if change.measurable else "unjudged"
    kept = change.retention
    is_share = kept is not None and 0.0 <= kept <= 2.0
    retained = (numbers.percent(kept) if is_share else "not measurable") if change.measurable else "not judged"
    return (
        Cell(benchmark_name(change.task), "\n".join(filter(None, (note, f"n = {numbers.count(change.n)}"))), mood),
        Cell(numbers.percent(change.base.estimate), numbers.bounds(change.base)),
        Cell(numbers.percent(change.tuned.estimate), numbers.bounds(change.tuned)),
        _points(change.change),
        _points(change.probability_change),
        Cell(retained, mood="" if change.measurable else "absent"),
    )


def _points(found: Interval | None) -> Cell | str:
    return Cell(numbers.points(found.estimate), numbers.point_bounds(found)) if found else numbers.NOT_MEASURED


def _quantising(run: Run) -> tuple[str, Table | None]:
    bases = {base.weights: base for base in run.bases}
    if "base" not in bases:
        return "The base model's general ability was not measured.", None
    if "base_nf4" not in bases:
        return "No 4-bit base was measured: no arm of this run needed one.", None
    pairs = _shared(bases["base"], bases["base_nf4"])
    tasks = list(dict.fromkeys(task for task, _ in pairs))
    rows = [_pair_row(benchmark_name(t), [pair for (task, _), pair in pairs.items() if task == t]) for t in tasks]
    everything = list(pairs.values())
    if not everything:
        return "The base and the 4-bit base share no benchmark item.", None
    rows.append(_pair_row("All", everything))
    change = sum(after - before for before, after in everything) / len(everything)
    text = (
        f"Storing the base in 4 bits, before any tuning, changes it by {numbers.points(change)} points"
        f" (n = {numbers.count(len(everything))}); that share is not blamed on tuning."
    )
    headings = ("Benchmark", "Base", "4-bit base", "Change, points", "Items lost", "Items gained", "Items")
    return text, table("What quantising cost", headings, rows, numbers=(1, 2, 3, 4, 5, 6))


def _shared(base: GeneralAbility, quantised: GeneralAbility) -> dict[tuple[str, str], tuple[float, float]]:
    after = {(item.task, item.item): item.score for item in quantised.items}
    return {
        (item.task, item.item): (item.score, after[item.task, item.item])
        for item in base.items
        if math.isfinite(item.score) and math.isfinite(after.get((item.task, item.item), math.nan))
    }


def _pair_row(name: str, pairs: Sequence[tuple[float, float]]) -> Sequence[Cell | str]:
    before = sum(first for first, _ in pairs) / len(pairs)
    after = sum(second for _, second in pairs) / len(pairs)
    return (
        name,
        numbers.percent(before),
        numbers.percent(after),
        numbers.points(after - before),
        numbers.count(sum(second < first for first, second in pairs)),
        numbers.count(sum(second > first for first, second in pairs)),
        numbers.count(len(pairs)),
    )

"""What tuning made the model forget, benchmark by benchmark; what quantising cost is kept apart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Evidence, Gate, GeneralAbility, Run, TaskChange
from reports import numbers
from reports.charts.forgetting import dumbbells
from reports.text import Clipped, clip
from reports.view.lookup import evidence_of, gate_of, is_tuned
from reports.view.shapes import Cell, Figure, Table, benchmark_name, cell, join, table
from reports.view.verdict import GATE_WORDS

OFF_TASK_SHOWN = 6  # answers per arm; all are counted in the rate
OFF_TASK_LIMIT = 240  # characters of one answer


@dataclass(frozen=True, slots=True)
class OffTask:
    """What one arm answered to a question that has nothing to do with the task."""

    arm: str
    question: Clipped
    answer: Clipped
    is_task_answer: bool


@dataclass(frozen=True, slots=True)
class ForgettingSection:
    """Base against tuned."""

    finding: str
    gates: Table
    reasons: tuple[tuple[str, tuple[str, ...]], ...]
    figures: tuple[Figure, ...]
    quantising: str
    quantising_table: Table | None
    off_task: tuple[OffTask, ...]
    off_task_note: str


def forgetting_section(run: Run) -> ForgettingSection:
    """Build the section on general ability."""
    quantising, quantising_table = _quantising(run)
    off_task, off_task_note = _off_task(run)
    return ForgettingSection(
        finding=_finding(run),
        gates=_gates(run),
        reasons=tuple((gate.arm, gate.reasons) for gate in run.decision.gates if gate.reasons),
        figures=tuple(_figure(run, gate) for gate in run.decision.gates if gate.tasks),
        quantising=quantising,
        quantising_table=quantising_table,
        off_task=off_task,
        off_task_note=off_task_note,
    )


def _finding(run: Run) -> str:
    tuned = [evidence for evidence in run.evidence if is_tuned(evidence)]
    if not tuned:
        return "No arm of this task changes the model, so nothing can be forgotten."
    measured = [gate for gate in run.decision.gates if gate.state != "not_measured"]
    if not measured:
        return f"General ability was not measured on any of the {numbers.plural(len(tuned), 'tuned arm')}."
    counts: Counter[str] = Counter(gate.state for gate in measured)
    said = {"pass": "kept its general ability", "fail": "lost some", "inconclusive": "is not settled"}
    many = {"pass": "kept their general ability", "fail": "lost some", "inconclusive": "are not settled"}
    parts = [f"{counts[state]} {said[state] if counts[state] == 1 else many[state]}" for state in said if counts[state]]
    absent = len(tuned) - len(measured)
    if absent:
        parts.append(f"{absent} {'was' if absent == 1 else 'were'} not measured")
    items = max((gate.pooled.n for gate in measured if gate.pooled), default=0)
    return f"Of {numbers.plural(len(tuned), 'tuned arm')}, {join(parts)} ({numbers.plural(items, 'benchmark item')})."


def _gates(run: Run) -> Table:
    rows = []
    for evidence in run.evidence:
        if is_tuned(evidence):
            rows.append(_gate_row(evidence, gate_of(run, evidence.arm)))
    return table(
        "General ability of each tuned arm against the weights it started from",
        ("Arm", "Result", "Change, points", "Retained", "Right-answer probability", "Text loss", "Off-task answers"),
        rows,
    )


def _gate_row(evidence: Evidence, gate: Gate | None) -> Sequence[Cell | str]:
    against = "against the 4-bit base" if evidence.reference == "base_nf4" else f"against {evidence.reference}"
    if gate is None:
        return (Cell(evidence.arm, against), *[numbers.NOT_MEASURED] * 6)
    word, mood = GATE_WORDS[gate.state]
    needed = gate.items_needed
    note = f"about {numbers.plural(needed, 'item')} would show it" if needed is not None else ""
    pooled, kept, chance = gate.pooled, gate.retention, gate.probability_change
    return (
        Cell(evidence.arm, against),
        Cell(word, note, mood),
        Cell(numbers.points(pooled.estimate), f"{numbers.point_bounds(pooled)}, n = {numbers.count(pooled.n)}")
        if pooled
        else numbers.NOT_MEASURED,
        Cell(numbers.percent(kept.estimate), f"{numbers.bounds(kept)}, n = {numbers.count(kept.n)}")
        if kept
        else Cell("not measurable", "no benchmark clearly above chance", "absent"),
        Cell(numbers.points(chance.estimate), f"{numbers.point_bounds(chance)}, n = {numbers.count(chance.n)}")
        if chance
        else numbers.NOT_MEASURED,
        _text_loss(gate),
        _off_task_rate(gate),
    )


def _text_loss(gate: Gate) -> Cell | str:
    change = gate.text_loss_change
    if change is None:
        return numbers.NOT_MEASURED
    sign = "+" if change.estimate > 0 else ""
    note = f"{numbers.plain_bounds(change)}, {numbers.plural(change.n, 'text')}"
    return Cell(f"{sign}{numbers.plain(change.estimate)}", note)


def _off_task_rate(gate: Gate) -> Cell | str:
    found = gate.off_task_rate
    if found is None:
        return numbers.NOT_MEASURED
    return Cell(numbers.percent(found.estimate), f"{numbers.bounds(found)}, n = {numbers.count(found.n)}")


def _figure(run: Run, gate: Gate) -> Figure:
    evidence = evidence_of(run, gate.arm)
    names = [benchmark_name(change.task) for change in gate.tasks]
    worst = min(gate.tasks, key=lambda change: change.tuned.estimate - change.base.estimate)
    drop = worst.tuned.estimate - worst.base.estimate
    moved = f"{benchmark_name(worst.task)} falls most" if drop < 0 else "no benchmark falls"
    amount = f", {numbers.points(drop)} points" if drop < 0 else ""
    return Figure(
        f"{gate.arm}: {moved}{amount}",
        dumbbells(gate.arm, evidence.family if evidence else "tune", gate.tasks, names),
        "Ring: before. Filled: after tuning, with its 95% interval.",
        table(
            f"{gate.arm}: each benchmark before and after",
            ("Benchmark", "Base", "Tuned", "Change, points", "Retained", "Items"),
            [_change_row(change) for change in gate.tasks],
            numbers=(5,),
        ),
    )


def _change_row(change: TaskChange) -> Sequence[Cell | str]:
    retained = numbers.percent(change.retention) if change.measurable else "not measurable on this base"
    return (
        Cell(benchmark_name(change.task), change.broken, "bad" if change.broken else ""),
        Cell(numbers.percent(change.base.estimate), numbers.bounds(change.base)),
        Cell(numbers.percent(change.tuned.estimate), numbers.bounds(change.tuned)),
        Cell(numbers.points(change.change.estimate), numbers.point_bounds(change.change))
        if change.change
        else numbers.NOT_MEASURED,
        cell(retained),
        numbers.count(change.n),
    )


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
        if (item.task, item.item) in after
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


def _off_task(run: Run) -> tuple[tuple[OffTask, ...], str]:
    shown: list[OffTask] = []
    total = wrong = 0
    for evidence in run.evidence:
        answers = evidence.general.off_task if evidence.general else ()
        total += len(answers)
        wrong += sum(answer.is_task_answer for answer in answers)
        worst_first = sorted(answers, key=lambda answer: not answer.is_task_answer)
        shown += [
            OffTask(evidence.arm, clip(a.question, OFF_TASK_LIMIT), clip(a.text, OFF_TASK_LIMIT), a.is_task_answer)
            for a in worst_first[:OFF_TASK_SHOWN]
        ]
    if not total:
        return (), "Unrelated questions were not asked."
    note = f"{wrong} of {numbers.plural(total, 'answer')} to questions outside the task gave an answer of the task;"
    return tuple(shown), f"{note} {len(shown)} are shown, {OFF_TASK_SHOWN} an arm at most, the worst first."

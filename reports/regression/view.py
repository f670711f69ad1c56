"""What every form of a regression check shows: the verdict, a row for each thing measured, and the flips."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.records import Flip, Gate, Interval, Probe, Regression
from reports import numbers
from reports.view.shapes import Cell, Mood, Table, metric_name, table

WORDS: dict[str, tuple[str, Mood]] = {
    "passed": ("Passed", "good"),
    "regressed": ("Regressed", "bad"),
    "inconclusive": ("Inconclusive", "unsure"),
    "cannot_judge": ("Cannot be judged", "unsure"),
}
_STATES: dict[str, tuple[str, Mood]] = {
    "kept": ("kept", "good"),
    "quiet": ("no loss shown", ""),
    "lost": ("lost", "bad"),
    "open": ("loss not excluded", "unsure"),
    "absent": (numbers.NOT_MEASURED, "absent"),
    "beside": ("not judged", "absent"),
}
_TASK_STATES = {"passed": "kept", "regressed": "lost", "inconclusive": "open", "cannot_judge": "beside"}
BOUNDS = (
    "Bounds leave 5% on each side for the benchmarks together, and 2.5% elsewhere but for the task itself, where they "
    "say it. One benchmark alone is tested for a loss beyond the limit, and is not asked to exclude one."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured on both sides."""

    name: str
    state: str  # kept, quiet (one benchmark: not shown to be lost), lost, open, absent or beside
    figure: str
    note: str  # bounds and count
    limit: str


def rows(regression: Regression) -> list[Row]:
    """Return a row for the benchmarks together, each benchmark, texts, unrelated questions and the task."""
    return [*_benchmarks(regression), *_probes(regression), *_task(regression)]


def as_table(regression: Regression) -> Table:
    """Return the rows as a table."""
    body = []
    for row in rows(regression):
        word, mood = _STATES[row.state]
        body.append((row.name, Cell(word, "", mood), Cell(row.figure, row.note), row.limit))
    return table("Tuned against base, on the same items", ("What", "Result", "Change", "Limit"), body)


def flip_table(regression: Regression, most: int | None = None) -> Table:
    """Return the benchmark items that changed sides, losses first; at most so many."""
    body: list[list[Cell | str]] = []
    for flip in regression.flips[:most]:
        word = Cell("lost", "", "bad") if flip.is_loss else Cell("won", "", "good")
        before, after = numbers.percent(flip.base_probability), numbers.percent(flip.tuned_probability)
        body.append([flip_name(flip), word, before, after])
    headings = ("Benchmark item", "Right answer", "Its probability, base", "Its probability, tuned")
    return table("Benchmark items that changed sides", headings, body, numbers=(2, 3))


def flip_name(flip: Flip) -> str:
    """Name an item: 'core_piqa 373'."""
    return f"{flip.task} {flip.item}"


def flip_count(regression: Regression) -> str:
    """Count the flips: '12 items lost, 9 won'."""
    losses = sum(flip.is_loss for flip in regression.flips)
    return f"{numbers.plural(losses, 'benchmark item')} lost, {numbers.count(len(regression.flips) - losses)} won"


def _benchmarks(regression: Regression) -> Iterator[Row]:
    gate, limits = regression.gate, regression.limits
    limit = f"{numbers.MINUS}{numbers.size(limits.max_drop)} points"
    change = gate.change or gate.pooled
    name = f"Benchmarks, by {gate.basis}" if gate.basis else "Benchmarks"
    has_kept = change is not None and gate.basis != "" and change.low > -limits.max_drop
    state = "lost" if {"benchmarks", "kept"} & set(gate.failed) else _state(gate, "benchmarks", has_kept=has_kept)
    if gate.state == "cannot_judge":
        state = "beside"
    yield Row(name, state if change else "absent", _points(change), _bounds(change), limit)
    for task in gate.tasks:
        own = "lost" if task.broken else "quiet" if task.measurable else "beside"
        near = "" if task.measurable else "the base is not clearly above chance"
        note = "; ".join(filter(None, (_bounds(task.change), near)))
        yield Row(task.task, own, _points(task.change), note, limit if task.measurable else "none")


def _probes(regression: Regression) -> Iterator[Row]:
    gate, limits = regression.gate, regression.limits
    loss = gate.text_loss_change
    figure = f"{numbers.change(loss.estimate)} nats a token" if loss else numbers.NOT_MEASURED
    note = f"{numbers.plain_bounds(loss)}, n = {numbers.count(loss.n)}" if loss else ""
    limit = f"+{numbers.plain(limits.max_text_loss, 2)} nats a token"
    has_kept = loss is not None and loss.high <= limits.max_text_loss
    state = _state(gate, "texts", has_kept=has_kept)
    yield Row("Loss on general texts", state if loss or state == "lost" else "absent", figure, note, limit)
    asked: tuple[tuple[Probe, str, Interval | None], ...] = (
        ("alone", "Unrelated questions, asked alone", gate.off_task_rate),
        ("prompted", "Unrelated questions, under the task's prompt", gate.prompted_off_task_rate),
    )
    for probe, name, rate in asked:
        if rate is not None:
            note = f"{numbers.bounds(rate)}, n = {numbers.count(rate.n)}"
            limit = numbers.percent(limits.max_off_task)
            state = _state(gate, probe, has_kept=rate.high <= limits.max_off_task)
            yield Row(name, state, f"{numbers.percent(rate.estimate)} get the task's answer", note, limit)


def _task(regression: Regression) -> Iterator[Row]:
    change = regression.task_change
    if change is None or regression.primary_metric is None:
        return
    name = f"The task itself, {metric_name(regression.primary_metric)}"
    limit = f"{numbers.MINUS}{numbers.size(regression.limits.max_drop)} points"
    found = change.difference
    state = _TASK_STATES[regression.task_verdict or "cannot_judge"]
    if found is None:
        yield Row(name, state, numbers.NOT_MEASURED, regression.task_words, limit)
        return
    scores = (regression.base_score, regression.tuned_score)
    before, after = (numbers.percent(score.estimate if score else None) for score in scores)
    yield Row(name, state, _points(found), f"from {before} to {after}; {regression.task_words}", limit)


def _state(gate: Gate, probe: Probe, *, has_kept: bool) -> str:
    """Return what a probe found; where another one shows harm, the gate looks no further, and its bound tells."""
    if probe in gate.failed:
        return "lost"
    return "open" if probe in gate.doubted or (gate.state == "fail" and not has_kept) else "kept"


def _points(found: Interval | None) -> str:
    return f"{numbers.points(found.estimate)} points" if found else numbers.NOT_MEASURED


def _bounds(found: Interval | None) -> str:
    return f"{numbers.point_bounds(found)}, n = {numbers.count(found.n)}" if found else ""

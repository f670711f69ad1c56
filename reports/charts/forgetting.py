"""Base against tuned on every general benchmark: one small chart per tuned arm."""

from collections.abc import Sequence

from markupsafe import Markup

from harness.records import Family, TaskChange
from reports import numbers
from reports.charts.svg import Drawing, Scale, label, padded, ticks

WIDTH, LEFT, RIGHT, ROW, TOP = 480, 130, 410, 30, 12
APART = 24  # room for the line of words over the benchmarks that are not judged


def dumbbells(arm: str, family: Family, tasks: Sequence[TaskChange], names: Sequence[str]) -> Markup:
    """Draw each benchmark's base score (ring) and tuned score (filled), with the tuned interval.

    Those that the gate does not judge come last in `tasks`; they are drawn hollow, under a line that says why.
    """
    values = [value for task in tasks for value in (task.base.estimate, task.tuned.low, task.tuned.high)]
    low, high = padded(values)
    scale = Scale(max(0.0, low), min(1.0, high), LEFT, RIGHT)
    judged = sum(task.measurable for task in tasks)
    bottom = TOP + ROW * len(tasks) + (APART if judged < len(tasks) else 0)
    drawing = Drawing(WIDTH, bottom + 24)
    for value in ticks(scale.low, scale.high, 4):
        drawing.line(scale(value), TOP, scale(value), bottom, "grid")
        drawing.text(scale(value), bottom + 16, numbers.percent(value), "t small", "middle")
    if judged < len(tasks):
        apart = TOP + ROW * judged + 4
        if judged:
            drawing.line(12, apart, WIDTH - 12, apart, "axis")
        drawing.text(12, apart + 16, "near chance, not judged:", "t small")
    for index, (task, name) in enumerate(zip(tasks, names, strict=True)):
        y = TOP + ROW * index + ROW / 2 + (0 if task.measurable else APART)
        drawing.text(LEFT - 12, y + 4, label(name, LEFT - 16), "t", "end")
        _row(drawing, scale, y, family, task)
    said = "; ".join(_said(task, name) for task, name in zip(tasks, names, strict=True))
    return drawing.render(f"{arm}, base to tuned: {said}.")


def _row(drawing: Drawing, scale: Scale, y: float, family: Family, task: TaskChange) -> None:
    drawing.whisker(family, scale(task.tuned.low), scale(task.tuned.high), y)
    drawing.line(scale(task.base.estimate), y, scale(task.tuned.estimate), y, f"dumbbell {family}")
    drawing.circle(scale(task.base.estimate), y, 5, "mark base hollow")
    drawing.marker(family, scale(task.tuned.estimate), y, hollow=not task.measurable)
    change = task.tuned.estimate - task.base.estimate
    css = "t small" if not task.measurable else "t strong broken" if task.broken else "t strong"
    drawing.text(RIGHT + 14, y + 4, numbers.points(change), css)


def _said(task: TaskChange, name: str) -> str:
    moved = f"{name} {numbers.percent(task.base.estimate)} to {numbers.percent(task.tuned.estimate)}, n = {task.n}"
    return moved if task.measurable else f"{moved}, near chance and not judged"

"""Base against tuned on every general benchmark: one small chart per tuned arm."""

from collections.abc import Sequence

from markupsafe import Markup

from harness.records import Family, TaskChange
from reports import numbers
from reports.charts.svg import Drawing, Scale, label, padded, ticks

WIDTH, LEFT, RIGHT, ROW, TOP = 480, 130, 410, 30, 12


def dumbbells(arm: str, family: Family, tasks: Sequence[TaskChange], names: Sequence[str]) -> Markup:
    """Draw each benchmark's base score (ring) and tuned score (filled), with the tuned interval."""
    values = [value for task in tasks for value in (task.base.estimate, task.tuned.low, task.tuned.high)]
    low, high = padded(values)
    scale = Scale(max(0.0, low), min(1.0, high), LEFT, RIGHT)
    bottom = TOP + ROW * len(tasks)
    drawing = Drawing(WIDTH, bottom + 24)
    for value in ticks(scale.low, scale.high, 4):
        drawing.line(scale(value), TOP, scale(value), bottom, "grid")
        drawing.text(scale(value), bottom + 16, numbers.percent(value), "t small", "middle")
    for index, (task, name) in enumerate(zip(tasks, names, strict=True)):
        y = TOP + ROW * index + ROW / 2
        drawing.text(LEFT - 12, y + 4, label(name, LEFT - 16), "t", "end")
        drawing.whisker(family, scale(task.tuned.low), scale(task.tuned.high), y)
        drawing.line(scale(task.base.estimate), y, scale(task.tuned.estimate), y, f"dumbbell {family}")
        drawing.circle(scale(task.base.estimate), y, 5, "mark base hollow")
        drawing.marker(family, scale(task.tuned.estimate), y)
        change = task.tuned.estimate - task.base.estimate
        drawing.text(RIGHT + 14, y + 4, numbers.points(change), "t strong" + (" broken" if task.broken else ""))
    said = "; ".join(
        f"{name} {numbers.percent(task.base.estimate)} to {numbers.percent(task.tuned.estimate)}, n = {task.n}"
        for task, name in zip(tasks, names, strict=True)
    )
    return drawing.render(f"{arm}, base to tuned: {said}.")

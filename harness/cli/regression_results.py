"""How a regression check ends on the terminal: the verdict, a table, where the rest is."""

from pathlib import Path

from rich.markup import escape
from rich.table import Table

from harness.cli.printing import console
from harness.records import Interval, Regression

WIDTH = 80
_FLIPS = 10


def print_regression(found: Regression, out: Path) -> None:
    """Print what was measured, the lost items, and the verdict last, where it is read."""
    printed = console()
    printed.width = max(printed.width, WIDTH)
    printed.print(_table(found))
    for word, flips in (
        ("lost", [f for f in found.flips if f.is_loss]),
        ("won", [f for f in found.flips if not f.is_loss]),
    ):
        if flips:
            named = ", ".join(f"{flip.task} {flip.item}" for flip in flips[:_FLIPS])
            more = f" and {len(flips) - _FLIPS} more" if len(flips) > _FLIPS else ""
            printed.print(f"{word} ({len(flips)}): {named}{more}", markup=False)
    for text in found.remarks:
        printed.print(f"- {text}", markup=False)
    printed.print()
    printed.print(found.sentence, markup=False, style="bold")
    printed.print(f"reports: {out}", markup=False)


def _table(found: Regression) -> Table:
    table = Table(title=escape(f"{found.tuned} against {found.base}"), title_justify="left", box=None, pad_edge=False)
    table.add_column("measured", no_wrap=True)
    for name in ("change", "bounds", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    gate = found.gate
    _add(
        table,
        f"benchmarks: {gate.basis.removeprefix('the ')}" if gate.basis else "benchmarks",
        gate.change or gate.pooled,
    )
    for task in gate.tasks:
        _add(table, f"  {escape(task.task)}" + ("" if task.measurable else " (not judged)"), task.change)
    _add(table, "text loss, nats a token", gate.text_loss_change, times=1.0, places=3)
    _add(table, "unrelated questions turned, %", gate.off_task_rate)
    _add(table, "  under the task's prompt, %", gate.prompted_off_task_rate)
    if found.task_change is not None:
        _add(table, f"the task itself, {found.primary_metric}", found.task_change.difference)
    return table


def _add(table: Table, name: str, found: Interval | None, times: float = 100.0, places: int = 1) -> None:
    if found is None:
        table.add_row(name, "not measured", "", "")
        return
    estimate, low, high = (f"{times * value:+.{places}f}" for value in (found.estimate, found.low, found.high))
    table.add_row(name, estimate, f"{low} to {high}", str(found.n))

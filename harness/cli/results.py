"""The table and the verdict that end a run."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.api.summary import SMOKE, cells, heads, remarks, title
from harness.records import Run

WIDEST = 1000  # columns; a terminal that is narrower than the table wraps it, and nothing of it is dropped


def print_results(run: Run, report: Path) -> None:
    """Print every arm with its interval, then the verdict, then where the report is."""
    console = Console(highlight=False, soft_wrap=True)
    table = _table(run)
    console.width = max(console.width, console.measure(table, options=console.options.update(max_width=WIDEST)).maximum)
    console.print(table)
    for line in remarks(run):
        console.print(line, markup=False)
    if run.is_fast:
        console.print(SMOKE, style="bold")
    console.print()
    console.print(run.decision.sentence, markup=False, style="bold")
    console.print(f"report: {report}", markup=False)


def _table(run: Run) -> Table:
    table = Table(title=title(run), title_justify="left", box=None, pad_edge=False)
    first, *others = heads(run)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    for row in cells(run):
        table.add_row(*row)
    return table

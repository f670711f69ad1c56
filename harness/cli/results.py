"""The table and the verdict that end a run."""

from pathlib import Path

from rich.table import Table

from harness.api.summary import SMOKE, cells, heads, remarks, title
from harness.cli.printing import console
from harness.records import Run

WIDEST = 1000  # columns; a terminal that is narrower than the table wraps it, and nothing of it is dropped


def print_results(run: Run, report: Path) -> None:
    """Print every arm with its interval, then the verdict, then where the report is."""
    printed = console()
    table = _table(run)
    printed.width = max(printed.width, printed.measure(table, options=printed.options.update(max_width=WIDEST)).maximum)
    printed.print(table)
    for line in remarks(run):
        printed.print(line, markup=False)
    if run.is_fast:
        printed.print(SMOKE, style="bold")
    printed.print()
    printed.print(run.decision.sentence, markup=False, style="bold")
    printed.print(f"report: {report}", markup=False)


def _table(run: Run) -> Table:
    table = Table(title=title(run), title_justify="left", box=None, pad_edge=False)
    first, *others = heads(run)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    for row in cells(run):
        table.add_row(*row)
    return table

"""The table and the verdict that end a run, and what to do next."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from harness.api.summary import cells, heads, remarks, title
from harness.cli.printing import console
from harness.records import Run

MARK = "→ "  # before the arm that the verdict names
UNKNOWN = "harness compare TASK_FILE"  # of a run whose task file is no longer where it was
# Columns that are left out, in this order, where the table is wider than the terminal.
SPARED = ("tokens", "general", "training", "s/item")


def print_results(run: Run, report: Path, again: str | None = None, *, folder: Path | None = None) -> None:
    """Print every arm with its interval, then the verdict, then what to do, with commands that can be pasted.

    Args:
        run: A finished run.
        report: Where its report.html is.
        again: The command that made the run, without --fast; None where its task file is gone.
        folder: The run's, where the report lies elsewhere.
    """
    printed = console()
    _print_arms(run, printed.width)
    for line in remarks(run):
        printed.print(line, markup=False)
    printed.print()
    printed.print(run.decision.sentence, markup=False, style="bold")
    printed.print(f"report: {report}", markup=False)
    for what, command in next_commands(run, folder or report.parent, again or UNKNOWN):
        printed.print(f"{what}:\n  {command}", markup=False)


def next_commands(run: Run, folder: Path, again: str) -> list[tuple[str, str]]:
    """Say what to do after a run, each with its command; paths are quoted for a shell."""
    where = shlex.quote(str(folder))
    if run.is_fast:
        return [("the whole run, on which you can decide", again)]
    found = []
    if run.decision.arm is not None:
        found.append(("the recommended arm as something to run", f"harness export {where} --verify"))
    unfinished = {evidence.arm for evidence in run.evidence if evidence.status == "unfinished"}
    needless = {gone.arm for gone in run.decision.missing if not gone.matters}
    if unfinished - needless or any(evidence.status in ("failed", "invalid") for evidence in run.evidence):
        found.append(("arms that have no usable result; the others are kept", again))
    elif unfinished:
        found.append(("arms that were left out, as the verdict does not need them", again))
    if run.decision.action == "undecided" and run.decision.labels_needed:
        found.append(("after labelling more test items, the same task again", again))
    return found


def _print_arms(run: Run, width: int) -> None:
    """Print the table with as many columns as fit, or a list where not even the fewest do."""
    printed = console()
    spared: list[str] = []
    for name in ("", *SPARED):
        spared += [name] if name else []
        table = _table(run, spared)
        if printed.measure(table, options=printed.options.update(max_width=10 * width)).maximum <= width:
            printed.print(table)
            break
    else:
        _print_list(run)
        return
    if spared:
        printed.print(f"not shown for lack of width: {', '.join(spared)}; the report has them", markup=False)


def _table(run: Run, spared: Sequence[str]) -> Table:
    table = Table(title=title(run), title_justify="left", box=None, pad_edge=False)
    shown = [place for place, name in enumerate(heads(run)) if name not in spared]
    first, *others = shown
    table.add_column(heads(run)[first], no_wrap=True)
    for place in others:
        table.add_column(heads(run)[place], justify="right", no_wrap=True)
    for evidence, row in zip(run.evidence, cells(run), strict=True):
        name, *rest = (row[place] for place in shown)
        table.add_row(_marked(run, evidence.arm, name), *rest)
    return table


def _print_list(run: Run) -> None:
    printed = console()
    printed.print(title(run), markup=False)
    for evidence, row in zip(run.evidence, cells(run), strict=True):
        name, score, bounds, *others = row
        figure = f"{score} ({bounds})" if bounds else score
        printed.print(f"{_marked(run, evidence.arm, name)}: {figure}", markup=False)
        named = [f"{head} {cell}" for head, cell in zip(heads(run)[3:], others, strict=True) if cell]
        for start in range(0, len(named), 2):
            printed.print(f"    {', '.join(named[start : start + 2])}", markup=False)


def _marked(run: Run, arm: str, name: str) -> str:
    """Mark the arm that the verdict names, in runs that name one."""
    if run.decision.arm is None:
        return name
    return f"{MARK if arm == run.decision.arm else ' ' * len(MARK)}{name}"

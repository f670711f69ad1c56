"""How much a file may hold: looked at before it is made, so that a small file cannot fill the memory.

A row that is larger than any model reads is a fault of its own (`harness.task.cells`); these bound the whole.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from harness.task.faults import Faults
from harness.task.row import Row
from harness.task.text import MOST_BYTES, TOO_LARGE

MOST_ROWS = 1_000_000
MOST_COLUMNS = 2_000
MOST_CELLS = 10_000_000  # columns times rows, and what lists and objects in them hold
MOST_LEVELS = 100  # of lists and objects inside each other


def table_fault(rows: int, columns: int, cells: int, size: int = 0) -> str:
    """Say what a table has too much of; '' where nothing.

    Args:
        rows: How many there are.
        columns: How many there are.
        cells: What all rows hold.
        size: In bytes, as it is read.
    """
    counts = ((rows, MOST_ROWS, "rows"), (columns, MOST_COLUMNS, "columns"), (cells, MOST_CELLS, "cells"))
    for found, most, name in (*counts, (size, MOST_BYTES, "bytes")):
        if found > most:
            return f"stands for {found:,} {name}, and {most:,} are read at most; {TOO_LARGE}"
    return ""


def json_fault(text: str) -> str:
    """Say that a JSON text has too many values; '' where it has not. Commas in texts count, as a bound."""
    return table_fault(0, 0, (text.count(",") + text.count("[") + text.count("{")) // 2)


def check_levels(value: Any, written: str) -> None:
    """Refuse a JSON value whose lists and objects lie too deep inside each other.

    Args:
        value: What was read.
        written: Its text.

    Raises:
        ValueError: If they do.
    """
    if written.count("[") + written.count("{") <= MOST_LEVELS:
        return
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise ValueError(f"nests lists or objects more than {MOST_LEVELS} levels deep; no row needs that")


def _inside(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [one for one in value if isinstance(one, list | dict)] if isinstance(value, list) else ()


def within(rows: Iterator[Row], file: str, faults: Faults) -> list[Row]:
    """Return the rows of a file; where there are too many, or too many columns or cells, none and a fault."""
    found: list[Row] = []
    names: set[str] = set()
    cells = 0
    for row in rows:
        names.update(row.values)
        cells += len(row.values)
        if fault := table_fault(len(found) + 1, len(names), cells):
            faults.add(file, fault)
            return []
        found.append(row)
    return found

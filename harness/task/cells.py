"""Cells of a row as an item needs them."""

from collections.abc import Sequence

from harness.plugins import suggest
from harness.records import Message
from harness.task.row import Row
from harness.task.turns import text_of

LONGEST_ROW = 1_000_000  # characters


def check_length(messages: Sequence[Message], *answers: str) -> None:
    """Refuse a row that no model can read.

    Raises:
        ValueError: If it is too long.
    """
    length = sum(len(text) for text in (*answers, *(message.content for message in messages)))
    if length > LONGEST_ROW:
        raise ValueError(f"has {length:,} characters, and no model reads {LONGEST_ROW:,}; cut it or remove the row")


def check_system(messages: Sequence[Message], *, has_task_own: bool) -> None:
    """Refuse a row whose system turn is not the only one.

    Raises:
        ValueError: If the task has one too.
    """
    if messages[0].role == "system" and has_task_own:
        raise ValueError("has a system turn, and so has the task; remove the row's or prompt.system")


def check_present(row: Row, shape: str, names: Sequence[str]) -> None:
    """Refuse a row that lacks a column.

    Raises:
        ValueError: Naming the first one, with a guess.
    """
    for name in names:
        if name not in row.values:
            guess = suggest(name, row.values) if row.values else ""
            raise ValueError(f"has no '{name}'{guess}; rows of this file are read as {shape}")


def optional_text(row: Row, column: str | None) -> str | None:
    """Return a cell's text; None where there is none.

    Raises:
        ValueError: If it holds something else.
    """
    value = row.values.get(column) if column else None
    return None if value is None or value == "" else text_of(value, str(column))


def evidence_of(row: Row, column: str | None) -> tuple[str, ...]:
    """Return the ids in a cell: one, or a list of them.

    Raises:
        ValueError: If one is not text.
    """
    value = row.values.get(column) if column else None
    if isinstance(value, list):
        return tuple(text_of(item, f"{column}[{index}]") for index, item in enumerate(value))
    single = optional_text(row, column)
    return () if single is None else (single,)

"""What the values of a column look like."""

from collections.abc import Sequence
from typing import Any

NEARLY_ALL = 0.9  # of the values
SPLIT_NAMES = {"train", "training", "dev", "val", "valid", "validation", "eval", "test", "testing"}

Values = Sequence[dict[str, Any]]


def names_splits(rows: Values, name: str) -> bool:
    """Whether the values are names of splits, such as train and test."""
    values = {value.casefold() for value in distinct(rows, name)}
    return len(values) > 1 and values <= SPLIT_NAMES


def names_documents(rows: Values, name: str, documents: frozenset[str]) -> bool:
    """Whether nearly all values are ids of documents."""
    named = [str(item) for row in rows for item in as_list(row.get(name))]
    return bool(named) and sum(item in documents for item in named) >= NEARLY_ALL * len(named)


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, nothing as an empty one, and anything else as the one item."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def distinct(rows: Values, name: str) -> set[str]:
    """Return the column's values, as text."""
    return {str(row[name]) for row in rows if not is_empty(row, name)}


def count_empty(rows: Values, name: str) -> int:
    """Return how many rows have nothing in a column."""
    return sum(is_empty(row, name) for row in rows)


def is_empty(row: dict[str, Any], name: str) -> bool:
    """Whether a row has nothing in a column."""
    value = row.get(name)
    return value is None or (isinstance(value, str) and not value.strip())


def is_filled(rows: Values, name: str, share: float) -> bool:
    """Whether at least this share of the rows has a value."""
    return len(rows) - count_empty(rows, name) >= share * len(rows)


def is_unique(rows: Values, name: str) -> bool:
    """Whether every row has a plain value of its own."""
    return len(distinct(rows, name)) == len(rows) and not any(isinstance(row[name], list | dict) for row in rows)


def is_unique_code(rows: Values, name: str) -> bool:
    """Numbers or words without a space that never repeat: an id under another name."""
    return is_unique(rows, name) and all(" " not in str(row[name]) for row in rows)


def is_text(rows: Values, name: str) -> bool:
    """Whether all values are texts."""
    values = [row[name] for row in rows if not is_empty(row, name)]
    return bool(values) and all(isinstance(value, str) for value in values)


def nesting(rows: Values, name: str) -> str:
    """Say what a column with lists or objects holds; '' for any other."""
    values = [row[name] for row in rows if isinstance(row.get(name), list | dict)]
    if not values:
        return ""
    if not all(isinstance(value, dict) for value in values):
        return "lists"
    keys = next((list(value) for value in values if value), [])
    kind = "objects with lists" if has_only_lists(rows, name) else "objects"
    return f"{kind} ({', '.join(map(str, keys))})"


def has_only_lists(rows: Values, name: str) -> bool:
    """Objects whose every value is a list, as where several answers are stored by their parts."""
    inner = [part for row in rows if isinstance(value := row.get(name), dict) for part in value.values()]
    return bool(inner) and all(isinstance(part, list) for part in inner)


def is_long_text(rows: Values, name: str) -> bool:
    """Sentences that differ from row to row: content rather than a mark."""
    values = [str(row[name]) for row in rows if isinstance(row.get(name), str) and not is_empty(row, name)]
    return len(set(values)) > len(values) / 2 and sum(value.count(" ") for value in values) >= 3 * len(values) > 0

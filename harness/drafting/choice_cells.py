"""Choices that stand in one text: with letters in front of them, or with a sign between them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.columns import CHOICES
from harness.drafting.names import usual
from harness.drafting.option_columns import find_options, option_columns, refuse_choices_apart
from harness.drafting.options import listed, unlettered
from harness.drafting.targets import FILLED
from harness.drafting.values import NEARLY_ALL, is_filled
from harness.metrics.choices import read_choices
from harness.task.row import Row
from harness.task.written import literal

# The strongest first. Commas and slashes are in choices too: they separate where all rows have as many, and never
# between digits.
_SIGNS = (
    r"\s*<br\s*/?>\s*", r"\s*\n\s*", r"\s*\|\|\s*", r"\s*\|\s*", r"\s*[;；]\s*", r"\t", r"\s+/\s+",
    r"\s*(?:,\s+|[、，]|(?<!\d),|,(?!\d))\s*", r"(?<!\d)/|/(?!\d)",
)  # fmt: skip
_WEAK = _SIGNS[-2:]
_FEWEST = 2
_SPACED_MARK = re.compile(r"(?<![^\s(])([A-Za-z0-9])\s+([)\].:])(?=\s)")  # 'a ) 38 , b ) 27' as MathQA has it


def with_choices(rows: Sequence[Row], target: str | None, inputs: Sequence[str]) -> list[Row]:
    """Return rows whose choices are lists, where a column has them in one text each and another says which is right.

    Args:
        rows: The rows.
        target: The answer's column, where the user names it.
        inputs: The question's columns, where the user names them; they stay as they are written.

    Raises:
        InDoubt: If columns with names of answers name different choices in too many rows.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    for name in names:
        cells = [row.values.get(name) for row in rows]
        if usual(name) not in CHOICES or name in (target, *inputs) or not all(isinstance(c, str | None) for c in cells):
            continue
        separated = _split([cell or "" for cell in cells]) or ()
        split = (one if len(listed(one) or ()) >= _FEWEST else None for one in separated)
        read = [replace(row, values={**row.values, name: one}) for row, one in zip(rows, split, strict=False)]
        values = [row.values for row in read]
        if not option_columns(values, [name]):
            continue
        filled = [other for other in names if is_filled(values, other, FILLED)]
        if find_options(values, (name,), filled, target):
            return read
        if not target:
            refuse_choices_apart(values, (name,), filled)
    return list(rows)


def _split(cells: Sequence[str]) -> list[Any] | None:
    """Return the choices of each text by the one way that separates nearly all of them; None where there is none."""
    held = [cell for cell in cells if cell.strip()]
    if not held:
        return None
    if all(cell.lstrip().startswith(("[", "{")) for cell in held):
        found = [literal(cell) if cell.strip() else None for cell in cells]
        return found if sum(len(listed(one) or ()) >= _FEWEST for one in found) >= NEARLY_ALL * len(held) else None
    lettered = [list(read_choices(_SPACED_MARK.sub(r"\1\2", cell)).values()) for cell in cells]
    if _are_separated(lettered, len(held)):
        return [[text.strip(" \t\n,;|") for text in texts] for texts in lettered]
    for sign in _SIGNS:
        bare = [re.sub(rf"(?:{sign})$", "", cell.strip()) for cell in cells]
        if all(re.match(sign, cell) for cell in bare if cell):  # else a first choice is empty in some rows
            bare = [re.sub(sign, "", cell, count=1) for cell in bare]
        separated = [re.split(sign, cell) if cell else [] for cell in bare]
        counts = Counter(len(texts) for texts in separated if texts)
        is_even = max(counts.values(), default=0) >= NEARLY_ALL * len(held)
        if _are_separated(separated, len(held)) and (is_even or sign not in _WEAK):
            return list(map(unlettered, separated))
    return None


def _are_separated(separated: Sequence[Sequence[str]], count: int) -> bool:
    return sum(sum(map(bool, texts)) >= _FEWEST for texts in separated) >= NEARLY_ALL * count

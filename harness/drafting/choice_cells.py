"""Choices that stand in one text: with letters in front of them, or with a sign between them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.columns import CHOICES
from harness.drafting.names import usual
from harness.drafting.options import listed, unlettered
from harness.drafting.values import NEARLY_ALL
from harness.metrics.choices import read_choices
from harness.task.row import Row
from harness.task.written import literal

# The strongest first. Commas are in choices too: they separate where all rows have as many, and never between digits.
_SIGNS = (
    r"\s*<br\s*/?>\s*", r"\s*\n\s*", r"\s*\|+\s*", r"\s*[;；]\s*", r"\t", r"\s+/\s+",
    r"/", r"\s*(?:,\s+|[、，]|(?<!\d),|,(?!\d))\s*",
)  # fmt: skip
_WEAK = _SIGNS[-2:]
_FEWEST = 2
_SPACED_MARK = re.compile(r"(?<![^\s(])([A-Za-z0-9])\s+([)\].:])(?=\s)")  # 'a ) 38 , b ) 27' as MathQA has it


def with_choices(rows: Sequence[Row]) -> list[Row]:
    """Return rows whose choices are lists, where a column with a name of choices has them in one text each."""
    read: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for row in rows for name in row.values if usual(name) in CHOICES):
        cells = [row.values.get(name) for row in rows]
        if all(isinstance(cell, str | None) for cell in cells) and (found := _split([cell or "" for cell in cells])):
            read[name] = found
    own = [{name: cells[at] for name, cells in read.items()} for at in range(len(rows))]
    return [replace(row, values={**row.values, **more}) for row, more in zip(rows, own, strict=True)]


def _split(cells: Sequence[str]) -> list[Any] | None:
    """Return the choices of each text by the one way that parts nearly all of them; None where there is none."""
    held = [cell for cell in cells if cell.strip()]
    if not held:
        return None
    if all(cell.lstrip().startswith(("[", "{")) for cell in held):
        found = [literal(cell) if cell.strip() else None for cell in cells]
        return found if sum(len(listed(one) or ()) >= _FEWEST for one in found) >= NEARLY_ALL * len(held) else None
    lettered = [list(read_choices(_SPACED_MARK.sub(r"\1\2", cell)).values()) for cell in cells]
    if _are_parted(lettered, len(held)):
        return [[text.strip(" \t\n,;|") for text in texts] for texts in lettered]
    for sign in _SIGNS:
        parted = [re.split(sign, cell.strip()) if cell.strip() else [] for cell in cells]
        counts = Counter(len(texts) for texts in parted if texts)
        is_even = counts.most_common(1)[0][1] >= NEARLY_ALL * len(held)
        if _are_parted(parted, len(held)) and (is_even or sign not in _WEAK):
            return list(map(unlettered, parted))
    return None


def _are_parted(parted: Sequence[Sequence[str]], count: int) -> bool:
    return sum(sum(map(bool, texts)) >= _FEWEST for texts in parted) >= NEARLY_ALL * count

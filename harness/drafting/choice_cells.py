"""Choices that stand in one text: with letters in front of them, or with a separator between them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.columns import CHOICES
from harness.drafting.names import usual
from harness.drafting.option_columns import find_options, option_columns, refuse_choices_apart
from harness.drafting.options import LETTERS, Options, listed, unlettered
from harness.drafting.targets import FILLED
from harness.drafting.values import NEARLY_ALL, Values, is_filled, plain_text
from harness.metrics.choices import read_choices
from harness.task.row import Row
from harness.task.written import literal

# The strongest first. Commas and slashes are in choices too: they separate where all rows have as many, and never
# between digits.
_SEPARATORS = (
    r"\s*<br\s*/?>\s*", r"\s*\n\s*", r"\s*\|\|\s*", r"\s*\|\s*", r"\s*[;；]\s*", r"\t", r"\s+/\s+",
    r"\s*(?:,\s+|[、，]|(?<!\d),|,(?!\d))\s*", r"(?<!\d)/|/(?!\d)",
)  # fmt: skip
_WEAK = _SEPARATORS[-2:]
_FEWEST = 2
_HEADING = re.compile(r"\s*([^\W\d_]{2}[^\n:：]*[:：])(?=\s)")  # 'Choose one:'
_BULLETS = re.compile(r"^\s*[-*•·–]\s+", re.MULTILINE)
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
        separated, is_weak = _split([cell or "" for cell in cells])
        split = (one if len(listed(one) or ()) >= _FEWEST else None for one in separated)
        read = [replace(row, values={**row.values, name: one}) for row, one in zip(rows, split, strict=False)]
        values = [row.values for row in read]
        if not option_columns(values, [name]):
            continue
        filled = [other for other in names if is_filled(values, other, FILLED)]
        options = find_options(values, (name,), filled, target)
        if options and (not is_weak or _names_last_or_texts(options, values)):
            return read
        if not target:
            refuse_choices_apart(values, (name,), filled)
    return list(rows)


def _names_last_or_texts(options: Options, rows: Values) -> bool:
    """Whether some answer names its row's last choice, or is a choice's text.

    Else there may be fewer choices than parts: of 'May 3, 1902, July 3, 1903' no answer names a third or a fourth.
    """
    for row in rows:
        try:
            right = options.right(row).split(", ")
        except ValueError:
            continue
        texts = options.of(row)
        if LETTERS[len(texts) - 1] in right or plain_text(row.get(options.target)).strip() in texts:
            return True
    return False


def _split(cells: Sequence[str]) -> tuple[list[Any], bool]:
    """Return the choices of each text by the one way that separates nearly all of them, and whether that is a weak one.

    Nothing is returned where there is no such way.
    """
    held = [cell for cell in cells if cell.strip()]
    if not held:
        return [], False
    if all(cell.lstrip().startswith(("[", "{")) for cell in held):
        found = [literal(cell) if cell.strip() else None for cell in cells]
        are_read = sum(len(listed(one) or ()) >= _FEWEST for one in found) >= NEARLY_ALL * len(held)
        return (found, False) if are_read else ([], False)
    cells = _without_bullets(_without_heading(cells))
    lettered = [list(read_choices(_SPACED_MARK.sub(r"\1\2", cell)).values()) for cell in cells]
    if _are_separated(lettered, len(held)):
        return [[text.strip(" \t\n,;|") for text in texts] for texts in lettered], False
    for separator in _SEPARATORS:
        bare = [re.sub(rf"(?:{separator})$", "", cell.strip()) for cell in cells]
        if all(re.match(separator, cell) for cell in bare if cell):  # else a first choice is empty in some rows
            bare = [re.sub(separator, "", cell, count=1) for cell in bare]
        separated = [re.split(separator, cell) if cell else [] for cell in bare]
        counts = Counter(len(texts) for texts in separated if texts)
        is_even = max(counts.values(), default=0) >= NEARLY_ALL * len(held)
        is_weak = separator in _WEAK
        if _are_separated(separated, len(held)) and (is_even or not is_weak):
            return list(map(unlettered, separated)), is_weak
    return [], False


def _without_heading(cells: Sequence[str]) -> list[str]:
    """Return texts without the words that begin each of them and end with a colon, such as 'Choose one:'."""
    found = [_HEADING.match(cell) for cell in cells if cell.strip()]
    is_same = all(found) and len({match[1] for match in found if match}) == 1
    return [_HEADING.sub("", cell, count=1).lstrip() for cell in cells] if is_same else list(cells)


def _without_bullets(cells: Sequence[str]) -> list[str]:
    lines = [line for cell in cells for line in cell.splitlines() if line.strip()]
    return [_BULLETS.sub("", cell) for cell in cells] if all(map(_BULLETS.match, lines)) else list(cells)


def _are_separated(separated: Sequence[Sequence[str]], count: int) -> bool:
    return sum(sum(map(bool, texts)) >= _FEWEST for texts in separated) >= NEARLY_ALL * count

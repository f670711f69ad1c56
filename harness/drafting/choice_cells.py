"""Choices that stand in one text: with letters in front of them, or with a separator between them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.columns import CHOICES
from harness.drafting.names import usual
from harness.drafting.option_columns import find_options, option_columns, refuse_choices_apart
from harness.drafting.options import Options, listed, place_of_both, unlettered
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
_SELDOM = 0.02  # of the rows may be mistakes
_SPACED_MARK = re.compile(r"(?<![^\s(])([A-Za-z0-9])\s+([)\].:])(?=\s)")  # 'a ) 38 , b ) 27' as MathQA has it
_WORD_BEFORE_MARK = re.compile(r"\b(option|choice|answer) (?=[A-Ja-j1-9][)\].:]\s)", re.IGNORECASE)  # 'Option A: red'
_HEADING = re.compile(r"\s*([^\W\d_][^\n:：]*[:：])[ \t]*(\n\s*|)")  # 'Choose one:'
_BULLET = re.compile(r"[ \t]*([-*•·–])[ \t]+(?=\S)")
_NUMBER = re.compile(r"[\d.,/%\s]+")


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
        separated, separator = _split([cell or "" for cell in cells])
        split = (one if len(listed(one) or ()) >= _FEWEST else None for one in separated)
        read = [replace(row, values={**row.values, name: one}) for row, one in zip(rows, split, strict=False)]
        values = [row.values for row in read]
        if not option_columns(values, [name]):
            continue
        filled = [other for other in names if is_filled(values, other, FILLED)]
        options = find_options(values, (name,), filled, target)
        if options and (separator not in _WEAK or _are_whole(options, values)):
            return read
        if not target:
            refuse_choices_apart(values, (name,), filled)
    return list(rows)


def _are_whole(options: Options, rows: Values) -> bool:
    """Whether answers name choices of the second half of a list too, or are texts of choices.

    Else each choice may hold a separator: of the four parts of 'Bern, Switzerland, Rome, Italy' answers name two.
    """
    late = 0
    for row in rows:
        try:
            texts, right = options.of(row), options.right(row).split(", ")
        except ValueError:
            continue
        answer = plain_text(row.get(options.target)).strip()
        if answer in texts or place_of_both(answer, texts) is not None:
            return True
        late += any(ord(letter) - ord("A") >= len(texts) // 2 for letter in right)
    return late > _SELDOM * len(rows)


def _split(cells: Sequence[str]) -> tuple[list[Any], str]:
    """Return the choices of each text by the one way that separates nearly all of them, and the separator, if one does.

    Nothing is returned where there is no such way.
    """
    held = [cell for cell in cells if cell.strip()]
    if not held:
        return [], ""
    if all(cell.lstrip().startswith(("[", "{")) for cell in held):
        found = [literal(cell) if cell.strip() else None for cell in cells]
        are_read = sum(len(listed(one) or ()) >= _FEWEST for one in found) >= NEARLY_ALL * len(held)
        return (found if are_read else []), ""
    cells = _without_bullets(_without_heading(cells))
    marked = [_WORD_BEFORE_MARK.sub("", _SPACED_MARK.sub(r"\1\2", cell)) for cell in cells]
    lettered = [list(read_choices(cell).values()) for cell in marked]
    if _are_separated(lettered, len(held)):
        return [[text.strip(" \t\n,;|") for text in texts] for texts in lettered], ""
    for separator in _SEPARATORS:
        bare = [re.sub(rf"(?:{separator})$", "", cell.strip()) for cell in cells]
        if all(re.match(separator, cell) for cell in bare if cell):  # else a first choice is empty in some rows
            bare = [re.sub(separator, "", cell, count=1) for cell in bare]
        separated = [re.split(separator, cell) if cell else [] for cell in bare]
        counts = Counter(len(texts) for texts in separated if texts)
        is_even = max(counts.values(), default=0) >= NEARLY_ALL * len(held)
        if _are_separated(separated, len(held)) and (is_even or separator not in _WEAK):
            return list(map(unlettered, separated)), separator
    return [], ""


def _without_heading(cells: Sequence[str]) -> list[str]:
    """Return texts without the words with a colon that begin all of them: on a line of their own, or 'Options:'."""
    found = [_HEADING.match(cell) for cell in cells if cell.strip()]
    headings = {(match[1], bool(match[2])) if match else ("", False) for match in found}
    heading, has_line = next(iter(headings), ("", False))
    if len(headings) > 1 or not heading or not (has_line or usual(heading) in CHOICES):
        return list(cells)
    return [_HEADING.sub("", cell, count=1) for cell in cells]


def _without_bullets(cells: Sequence[str]) -> list[str]:
    """Return texts without the bullets that begin all of their lines, but a heading; a minus sign is no bullet."""
    listed_lines = [[line for line in cell.splitlines() if line.strip()] for cell in cells]
    if not any(_BULLET.match(lines[0]) for lines in listed_lines if lines):
        listed_lines = [lines[1:] for lines in listed_lines]
    lines = [line for lines in listed_lines for line in lines]
    found = [_BULLET.match(line) for line in lines]
    are_numbers = all(
        match and match[1] in "-–" and _NUMBER.fullmatch(line[match.end() :])
        for match, line in zip(found, lines, strict=True)
    )
    if not lines or not all(found) or are_numbers:
        return list(cells)
    return ["\n".join(_BULLET.sub("", line, count=1) for line in lines) for lines in listed_lines]


def _are_separated(separated: Sequence[Sequence[str]], count: int) -> bool:
    return sum(sum(map(bool, texts)) >= _FEWEST for texts in separated) >= NEARLY_ALL * count

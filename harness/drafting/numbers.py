"""Numbers in a column, read as the metrics read them: '45,000' is not 45."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from harness.drafting.names import shown_name
from harness.metrics.quantities import DecimalMark, read_quantity
from harness.metrics.units import CURRENCIES
from harness.task.row import Row

_PLAIN = re.compile(r"[-+]?\d+(?:\.\d+)?", re.ASCII)
_WHOLE = re.compile(r"-?\d+\.0", re.ASCII)
_CODE = re.compile(r"0\d+")  # leading zeros are those of a code: 08502 is not 8502
_LONGEST = 60  # characters; no longer text is a number alone
_WORD = re.compile(r"[^\W\d_]+")
_MOST_WORDS = 2  # beside a number: a currency, a scale, a unit such as km/h
_MORE = re.compile(r"[\\#:=\n]")  # what stands in front of a result, which is more than a number
# '3,5', '3,2500', '1.234,56' and '1.234.567' have a decimal comma; '1,234' may be read in two ways.
_COMMA = re.compile(r"\D*(?:\d{1,3}(?:[.' ]\d{3})+,\d+|\d+,(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3}){2,})\D*")
_POINT = re.compile(r"\D*(?:\d{1,3}(?:[,' ]\d{3})+\.\d+|\d+\.(?:\d{1,2}|\d{4,})|\d{1,3}(?:,\d{3}){2,})\D*")
_EITHER = re.compile(r"\D*\d{1,3}([.,])\d{3}\D*")
_SMALL = re.compile(r"\D*\d{1,3}\D*")


def decimal_mark_of(values: Iterable[Any]) -> DecimalMark:
    """Return the decimal mark of a column: a comma where some of its texts can be read in no other way."""
    texts = [value.strip() for value in values if isinstance(value, str)]
    is_comma = any(_COMMA.fullmatch(text) for text in texts) and not any(_POINT.fullmatch(text) for text in texts)
    return "," if is_comma else "."


def read_in_two_ways(values: Iterable[Any]) -> str:
    """Return the first text of a column whose decimal mark nothing tells, as of '1,234'; '' where it is told, or none.

    Where some numbers below a thousand have no comma, the others have one for the thousands.
    """
    texts = [value.strip() for value in values if isinstance(value, str)]
    if any(_COMMA.fullmatch(text) or _POINT.fullmatch(text) for text in texts):
        return ""
    either = [(text, match[1]) for text in texts if (match := _EITHER.fullmatch(text))]
    if {mark for _, mark in either} == {","} and any(_SMALL.fullmatch(text) for text in texts):
        return ""
    return either[0][0] if either else ""


def numbers_in(values: Sequence[Any], *, units: bool = False) -> list[Fraction] | None:
    """Return the numbers that all values of a column are; None where one of them is none.

    Args:
        values: Numbers, and texts of a number each, with separators, sign, currency and per cent.
        units: Whether a known unit may stand behind a number.
    """
    mark = decimal_mark_of(values)
    found: list[Fraction] = []
    for value in values:
        number = _number(value, mark, units)
        if number is None:
            return None
        found.append(number)
    return found


def with_whole_numbers(rows: Sequence[Row], name: str, doubts: list[str]) -> list[Row]:
    """Return a table's rows without '.0' behind a column's numbers, as pandas writes whole ones, where all have it."""
    cells = [row.values.get(name) or "" for row in rows]
    if not all(isinstance(cell, str) and (not cell or _WHOLE.fullmatch(cell)) for cell in cells):
        return list(rows)
    if any(cells):
        doubts.append(f"'.0' is removed from the numbers in {shown_name(name)}, which are all whole")
    whole = (cell.removesuffix(".0") for cell in cells)
    return [replace(row, values={**row.values, name: cell}) for row, cell in zip(rows, whole, strict=True)]


def _number(value: Any, mark: DecimalMark, units: bool) -> Fraction | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Fraction(str(value)) if math.isfinite(value) else None
    if not isinstance(value, str) or len(text := value.strip()) > _LONGEST or _CODE.fullmatch(text):
        return None
    if not any(map(str.isdigit, text)):  # number words may be names of columns, or labels
        return None
    if mark == "." and _PLAIN.fullmatch(text):
        return Fraction(text)
    if _MORE.search(text) or len(_WORD.findall(text)) > _MOST_WORDS:
        return None
    found = read_quantity(text, decimal_mark=mark)
    if found is None or not found.is_bare or found.word:
        return None
    is_plain = not found.per and (not found.unit or found.unit == "%" or found.unit in CURRENCIES)
    return found.value if units or is_plain else None

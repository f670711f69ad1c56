"""How calendar dates are read out of a text.

Read are year, month and day in figures (2024-05-01, 2024/5/1, 2024.5.1, 20240501, 2024\u5e745\u67081\u65e5), figures
with the year last (01/05/2024), and English names of months before or behind the day (1 May 2024, May 1st, 2024,
1-May-24), with digits of any script; a time of day behind them does not count. A day that no calendar has (2024-02-30)
is not a date.

Figures with the year last are day first where points separate them (1.5.2024), and where one of the two exceeds
12, which can only be the day. Else they have two readings unless `day_first` says which; equal ones (5/5/2024) have
one. A year of two digits is of 1969 to 2068.
"""

import calendar
import re
import unicodedata
from dataclasses import dataclass

from harness.metrics.normalisation import fold

_NAMES = (
    "january february march april may june july august september october november december".split()
)  # fmt: skip
_MONTHS = {form: number for number, name in enumerate(_NAMES, 1) for form in (name, name[:3])} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?P<year>\d{4}|'?\d{2}(?!\d|:))"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_FORMS = tuple(
    re.compile(rf"(?<![\w.]){form}(?!\d)", flags=re.ASCII)
    for form in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\w*(?P=mark)\d)",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4}) ?\u5e74 ?(?P<month>\d{1,2}) ?\u6708(?: ?(?P<day>\d{1,2}) ?\u65e5)?",
        r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})(?!(?P=mark)\d)",
        rf"{_DAY}(?: of)?[ .-]{{1,2}}(?P<name>{_MONTH})\b\.?(?:[ ,-]{{1,2}}{_YEAR})?",
        rf"(?P<name>{_MONTH})\b\.?[ -]{_DAY}(?:[ ,-]{{1,2}}{_YEAR}|(?!\d|[.,:]\d))",
        rf"(?P<name>{_MONTH})\b\.?,? (?P<year>\d{{4}})",
    )
)


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """A date as a text says it; None for the part that it leaves out."""

    year: int | None
    month: int
    day: int | None
    is_ambiguous: bool = False  # day and month may be meant the other way round

    def has_all_of(self, wanted: "CalendarDate") -> bool:
        """Whether each part of the wanted date is here and equal."""
        pairs = ((self.year, wanted.year), (self.month, wanted.month), (self.day, wanted.day))
        return all(theirs is None or ours == theirs for ours, theirs in pairs)


def read_dates(text: str, day_first: bool | None = None) -> list[CalendarDate]:
    """Return the different dates that a text says, in its order.

    Args:
        text: An answer or a target.
        day_first: Which of two figures is the day where either may be; None leaves such a date ambiguous, with the
            day first.
    """
    plain = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in fold(re.sub(r"[*`]+", "", text)))
    found: list[tuple[int, CalendarDate]] = []
    for form in _FORMS:
        for match in form.finditer(plain):
            if date := _date(match, day_first):
                found.append((match.start(), date))
        plain = form.sub(lambda match: "\u00a7" * len(match[0]), plain)  # read once, by the first form that fits
    return list(dict.fromkeys(date for _, date in sorted(found, key=lambda one: one[0])))


def _date(match: "re.Match[str]", day_first: bool | None) -> CalendarDate | None:
    parts = match.groupdict()
    year = _year(parts.get("year"))
    if name := parts.get("name"):
        return _checked(year, _MONTHS[name], parts.get("day"))
    if parts.get("first") is None:
        return _checked(year, int(parts["month"]), parts["day"])
    first, second = int(parts["first"]), int(parts["second"])
    is_ambiguous = day_first is None and parts["mark"] != "." and first != second and max(first, second) <= 12
    is_day_first = first > 12 or (second <= 12 and (parts["mark"] == "." or day_first is not False))
    day, month = (first, second) if is_day_first else (second, first)
    return _checked(year, month, str(day), is_ambiguous=is_ambiguous)


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.lstrip("'")
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (1900 if int(digits) >= 69 else 2000)


def _checked(year: int | None, month: int, day: str | None, *, is_ambiguous: bool = False) -> CalendarDate | None:
    """Return the date if a calendar has it; a leap day without a year is one."""
    if not 1 <= month <= 12 or year == 0:
        return None
    if day is not None and not 1 <= int(day) <= calendar.monthrange(2000 if year is None else year, month)[1]:
        return None
    return CalendarDate(year, month, None if day is None else int(day), is_ambiguous)

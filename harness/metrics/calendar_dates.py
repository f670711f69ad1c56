"""How calendar dates are read out of a text.

Read are year, month and day in figures (2024-05-01, 2024/5/1, 2024.5.1, 20240501, 2024\u5e745\u67081\u65e5), figures
with the year last (01/05/2024), a year and a month that are the whole text (2024-05; in prose it may be a season),
English names of months before or behind the day (1 May 2024, May 1st, 2024, 1-May-24), and those of the languages in
`calendar_names` behind it (1. Mai 2024, 1 de mayo de 2024), with digits of any script; a time of day behind them does
not count. A day that no calendar has (2024-02-30) is not a date, and a weekday in front of a date that falls on another
one makes it wrong.

Of '3-5 June 2020' and 'between 3 and 5 June 2020' no date is read.

Figures with the year last are day first where points separate them (1.5.2024), and where one of the two exceeds
12, which can only be the day. Else they have two readings unless `day_first` says which; equal ones (5/5/2024) have
one. A year of two digits is of 1969 to 2068.
"""

import calendar
import re
import unicodedata
from dataclasses import dataclass, replace

from harness.metrics.calendar_names import ENGLISH_MONTHS, MONTHS, WEEKDAYS
from harness.metrics.normalisation import fold

_ENGLISH, _MONTH, _WEEKDAY = (
    "|".join(sorted(names, key=len, reverse=True)) for names in (ENGLISH_MONTHS, MONTHS, WEEKDAYS)
)
_BEHIND_WEEKDAY = re.compile(rf"(?<!\w)({_WEEKDAY})\b\.?,?(?: (?:the|den|le|il|el))? $")
_END = "(?![\\w\u0131\u0400-\u04ff])"  # of a name; \w is of ASCII here
# In front of the second day of two, such as 'between 3 and 5 June' or '3-5 June'.
_DAY_BEFORE = re.compile(
    r"(?:\b(?:between|from|vom|zwischen|du|entre|del|van|dal|tra) (?:the |el |le )?(\d{1,2})(?:st|nd|rd|th|er|\.)?"
    r" (?:and|to|till|until|und|bis|et|au|y|al|tot|en|e)(?: (?:the|zum|el|le))? |(?:^|\b(?:on|of) )(\d{1,2})[-\u2013])$"
)
_NEAR = 30  # characters in front of a date, for its weekday
_YEAR = r"(?P<year>\d{4}|'?\d{2}(?!\d|:))"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\u00ba)?"
_OUTER = r"[\s.,:;!?()\[\]{}\"']*"  # marks around a text
_FORMS = tuple(
    re.compile(rf"(?<![\w.]){form}(?!\d)", flags=re.ASCII)
    for form in (
        r"(?P<year>\d{4})(?P<mark>[-/]|\. ?)(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\w*(?P=mark)\d)",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4}) ?[\u5e74\ub144] ?(?P<month>\d{1,2}) ?[\u6708\uc6d4](?: ?(?P<day>\d{1,2}) ?[\u65e5\uc77c])?",
        r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})(?!(?P=mark)\d)",
        rf"{_DAY}(?: of| de)?[ .-]{{1,2}}(?P<name>{_MONTH}){_END}\.?(?:(?:[ ,-]{{1,2}}| del? ){_YEAR})?",
        rf"(?P<name>{_ENGLISH}){_END}\.?[ -]{_DAY}(?:[ ,-]{{1,2}}{_YEAR}|(?!\d|[.,:]\d))",
        rf"(?P<name>{_MONTH}){_END}\.?,?(?: de)? (?P<year>\d{{4}})",
        rf"\A{_OUTER}(?P<year>\d{{4}})-(?P<month>\d{{2}}){_OUTER}\Z",
    )
)


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """A date as a text says it; None for the part that it leaves out."""

    year: int | None
    month: int
    day: int | None
    is_ambiguous: bool = False  # day and month may be meant the other way round
    is_other_weekday: bool = False  # it does not fall on the weekday that stands in front of it

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
    plain = _without_accents(plain)
    found: list[tuple[int, CalendarDate]] = []
    for form in _FORMS:
        for match in form.finditer(plain):
            before = plain[max(0, match.start() - _NEAR) : match.start()]
            if (date := _date(match, day_first)) and not _is_end_of_days(match, before):
                found.append((match.start(), _on_weekday(date, before)))
        plain = form.sub(lambda match: "\u00a7" * len(match[0]), plain)  # read once, by the first form that fits
    return list(dict.fromkeys(date for _, date in sorted(found, key=lambda one: one[0])))


def _date(match: "re.Match[str]", day_first: bool | None) -> CalendarDate | None:
    parts = match.groupdict()
    year = _year(parts.get("year"))
    if name := parts.get("name"):
        return _checked(year, MONTHS[name], parts.get("day"))
    if parts.get("first") is None:
        return _checked(year, int(parts["month"]), parts.get("day"))
    first, second = int(parts["first"]), int(parts["second"])
    is_ambiguous = day_first is None and parts["mark"] != "." and first != second and max(first, second) <= 12
    is_day_first = first > 12 or (second <= 12 and (parts["mark"] == "." or day_first is not False))
    day, month = (first, second) if is_day_first else (second, first)
    return _checked(year, month, str(day), is_ambiguous=is_ambiguous)


def _is_end_of_days(match: "re.Match[str]", before: str) -> bool:
    """Whether a date is the end of several days in one month."""
    found = _DAY_BEFORE.search(before)
    if found is None or not match.groupdict().get("name") or match.start("day") != match.start():
        return False
    return 0 < int(found[1] or found[2]) < int(match["day"])


def _on_weekday(date: CalendarDate, before: str) -> CalendarDate:
    """Note whether a date falls on another weekday than the text before it says."""
    said = _BEHIND_WEEKDAY.search(before)
    if said is None or date.year is None or date.day is None or date.is_ambiguous:
        return date
    is_other = calendar.weekday(date.year, date.month, date.day) != WEEKDAYS[said[1]]
    return replace(date, is_other_weekday=is_other)


def _without_accents(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", bare)


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

"""Date: the answer says the target's calendar date, in any usual form."""

from typing import ClassVar

from harness.metrics.calendar_dates import CalendarDate, read_dates
from harness.metrics.marks import behind_mark, without_refusals
from harness.metrics.normalisation import normalise
from harness.metrics.settings import RightOrWrong


class Date(RightOrWrong):
    """1 when the answer says the target's date and no other.

    `harness.metrics.calendar_dates` states which forms are read. What the target leaves out (the year of '3 May', the
    day of 'May 2024') does not count; what the answer leaves out is wrong. Several different dates are wrong too,
    unless one stands behind a mark of a result, such as 'Answer:' or '####'. A date that the answer says not to know
    ('I cannot say whether it was 3 May') is passed over.

    '03/04/2024' has two readings. Without `day_first` nothing is guessed: it is right only where the target is written
    in that way too, with the same figures in the same places. A target without a date is compared as exact match does;
    one that falls on another weekday than it says is a fault of its row.
    """

    name: ClassVar[str] = "date"

    day_first: bool | None = None  # of '03/04/2024': True is 3 April, False is March 4

    def is_right(self, answer: str, target: str) -> bool:
        """Whether an answer says what the target says."""
        wanted = self._read(target)
        if len(wanted) != 1:
            return normalise(answer) == normalise(target)
        said = self._read(without_refusals(answer))
        if len(said) != 1 or said[0].is_other_weekday:
            return False
        return said[0].is_ambiguous == wanted[0].is_ambiguous and said[0].has_all_of(wanted[0])

    def target_fault(self, target: str) -> str:
        """Say why a target cannot be scored; '' where it can."""
        is_other = any(date.is_other_weekday for date in self._read(target))
        return "has a date that falls on another weekday than it says" if is_other else ""

    def reads(self, text: str) -> bool:
        """Whether a text says one date."""
        return len(self._read(text)) == 1

    def _read(self, text: str) -> list[CalendarDate]:
        """Return the dates behind the last mark, or of the whole text."""
        return read_dates(behind_mark(text), self.day_first) or read_dates(text, self.day_first)

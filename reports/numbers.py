"""How figures are written, in every format: one decimal, true minus signs, nothing invented.

A figure that is missing or not finite reads "not measured"; it is never 0 and never blank.
"""

import math

from harness.decision.words import one_decimal, share
from harness.records import UNCORRECTED, Interval

NOT_MEASURED = "not measured"
MINUS = "−"


def is_measured(value: float | None) -> bool:
    """Whether there is a finite figure."""
    return value is not None and math.isfinite(value)


def percent(value: float | None) -> str:
    """Write a share as '96.5%'."""
    return share(value).replace("-", MINUS) if value is not None and math.isfinite(value) else NOT_MEASURED


def bounds(interval: Interval | None) -> str:
    """Write an interval of shares as '94.3 to 98.9', in percent; of a judge's word alone, that it is that."""
    if interval is not None and interval.is_uncorrected:
        return UNCORRECTED
    if interval is None or not (is_measured(interval.low) and is_measured(interval.high)):
        return NOT_MEASURED
    return f"{_fixed(100 * interval.low)} to {_fixed(100 * interval.high)}"


def rate(interval: Interval | None) -> str:
    """Write a share in a sentence: '96.5% (94.3 to 98.9, n = 200)'."""
    if interval is None or not is_measured(interval.estimate):
        return NOT_MEASURED
    return f"{percent(interval.estimate)} ({bounds(interval)}, n = {count(interval.n)})"


def is_share(interval: Interval) -> bool:
    """Whether an interval of a ratio says something of a share: bounded by less than the whole range."""
    return interval.high - interval.low < 1.0 and 0.0 <= interval.estimate <= 2.0


def points(value: float | None) -> str:
    """Write a difference of shares as '+11.5'; the unit, points, is the caller's to name."""
    return _signed(100 * value) if value is not None and math.isfinite(value) else NOT_MEASURED


def size(value: float) -> str:
    """Write an amount in points without a sign: '2.0'."""
    return one_decimal(100 * value).replace("-", MINUS)


def point_bounds(interval: Interval | None) -> str:
    """Write an interval of differences as '+7.6 to +15.4'; of a judge's word alone, that it is that."""
    if interval is not None and interval.is_uncorrected:
        return UNCORRECTED
    if interval is None or not (is_measured(interval.low) and is_measured(interval.high)):
        return NOT_MEASURED
    return f"{_signed(100 * interval.low)} to {_signed(100 * interval.high)}"


def gain(interval: Interval | None) -> str:
    """Write a difference in a sentence: '+11.5 points (+7.6 to +15.4, n = 200)'."""
    if interval is None or not is_measured(interval.estimate):
        return NOT_MEASURED
    return f"{points(interval.estimate)} points ({point_bounds(interval)}, n = {count(interval.n)})"


def seconds(value: float | None) -> str:
    """Write a duration with a unit that fits: '0.42 s', '14.2 min', '2.1 h'."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    if value < 10:
        return f"{value:.2f} s"
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.1f} min" if value < 7200 else f"{value / 3600:.1f} h"


def count(value: float | None) -> str:
    """Write a whole number with thousands marked: '12,345'."""
    return f"{value:,.0f}" if value is not None and math.isfinite(value) else NOT_MEASURED


def megabytes(value: float | None) -> str:
    """Write an amount of memory in megabytes."""
    return f"{value:,.0f} MB" if value is not None and math.isfinite(value) else NOT_MEASURED


def plain(value: float | None, digits: int = 3) -> str:
    """Write a loss or another plain number with fixed digits."""
    return _fixed(value, digits) if value is not None and math.isfinite(value) else NOT_MEASURED


def change(value: float | None, digits: int = 3) -> str:
    """Write a change of a plain number with its sign: '+0.031'."""
    return _signed(value, digits) if value is not None and math.isfinite(value) else NOT_MEASURED


def plain_bounds(interval: Interval | None, digits: int = 3) -> str:
    """Write an interval of plain numbers with their signs."""
    if interval is None or not (is_measured(interval.low) and is_measured(interval.high)):
        return NOT_MEASURED
    return f"{_signed(interval.low, digits)} to {_signed(interval.high, digits)}"


def money(value: float | None) -> str:
    """Write an amount: two decimals, or two figures that count below one; the currency is the user's."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    digits = 2 if abs(value) >= 1 or value == 0 else max(2, 1 - math.floor(math.log10(abs(value))))
    return _fixed(value, digits).replace("-", MINUS)


def rate_setting(value: float) -> str:
    """Write a learning rate: '0.001' or '2e-5'."""
    return f"{value:g}".replace("e-0", "e-")


def plural(number: int, noun: str, nouns: str = "") -> str:
    """Write a count with its noun: '1 arm', '8 arms'."""
    return f"{count(number)} {noun if number == 1 else nouns or noun + 's'}"


def _fixed(value: float, digits: int = 1) -> str:
    text = f"{value:,.{digits}f}"
    return (text[1:] if float(text.replace(",", "")) == 0 else MINUS + text[1:]) if text[0] == "-" else text


def _signed(value: float, digits: int = 1) -> str:
    text = _fixed(value, digits)
    is_zero = float(text.replace(",", "").replace(MINUS, "-")) == 0
    return text if text.startswith(MINUS) or is_zero else f"+{text}"

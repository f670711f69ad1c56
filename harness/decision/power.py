"""How many items would settle a question that the present ones leave open.

A forecast, not a bound: it takes the observed figures for the true ones and asks for 80% power.
"""

import math

from scipy import stats

from harness.decision.intervals import TAIL, wilson
from harness.records import Interval

POWER = 0.80
# A figure this close to its threshold is not worth labelling for; the text says so instead.
MOST_ITEMS = 100_000


def items_for_rate(score: Interval, threshold: float, tail: float = TAIL) -> int | None:
    """Return how many items put a Wilson bound on the far side of a threshold, at the observed rate.

    n = ((z_tail * sqrt(t (1 - t)) + z_power * sqrt(p (1 - p))) / (p - t))^2, times what an item is worth
    less than an independent one (grouped items, aggregates), read off the width of the interval.

    Args:
        score: The observed figure with its two-sided 95% interval.
        threshold: The rate to be told apart from, in (0, 1).
        tail: One-sided chance of the bound.

    Returns:
        None where no number of items of this kind would do: the rate is at the threshold, there are
        too few groups for any claim, or it would take more than `MOST_ITEMS`.
    """
    rate = score.estimate
    if (score.low, score.high) == (0.0, 1.0):
        return None
    worth = score.n / effective_items(score)
    spread = stats.norm.isf(tail) * math.sqrt(threshold * (1 - threshold))
    spread += stats.norm.ppf(POWER) * math.sqrt(rate * (1 - rate))
    return _round(worth * float(spread) ** 2, rate - threshold)


def effective_items(score: Interval) -> float:
    """Return how many independent items a figure is worth, read off its two-sided 95% interval; at most n.

    Grouped items and aggregates have wider intervals than Wilson's, and are worth fewer items.
    """
    width = wilson(score.estimate * score.n, score.n)
    return score.n * min(1.0, ((width.high - width.low) / (score.high - score.low)) ** 2)


def items_for_gain(difference: Interval | None, threshold: float, tail: float = TAIL) -> int | None:
    """Return how many pairs lift a gain's lower bound above a threshold, at the observed gain and spread.

    The half width h of the present interval shrinks with the square root of n, so
    n' = n * ((1 + z_power / z_tail) * h / (gain - threshold))^2.

    Args:
        difference: The observed gain, with bounds that leave `tail` on each side.
        threshold: What the lower bound must exceed.
        tail: One-sided chance of the bound.

    Returns:
        None where more items would not do: the observed gain is at or below the threshold, no claim can be
        made, or it would take more than `MOST_ITEMS`.
    """
    if difference is None or difference.estimate <= threshold:
        return None
    reach = (difference.high - difference.low) / 2
    reach *= 1 + float(stats.norm.ppf(POWER) / stats.norm.isf(tail))
    return _round(difference.n * reach**2, difference.estimate - threshold)


def _round(spread: float, gap: float) -> int | None:
    if abs(gap) < math.sqrt(spread / MOST_ITEMS):
        return None
    return math.ceil(spread / gap**2)

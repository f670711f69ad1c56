"""How many items would settle a question that the present ones leave open.

A forecast, not a bound: it takes the figures seen for the true ones, and asks that all the bounds which a verdict needs
lie on the right side of their thresholds in 80% of test sets. Bounds that must hold together are forecast together, as
they rest on the same items: a normal copula of one factor, with the mean correlation seen between them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts load at their first use: a worker, which imports this, needs none

from harness.decision.intervals import FEWEST_GROUPS, TAIL, Floats, Labels, exact, unseen_weight
from harness.decision.paired import GRADED_PAIRS, RATE_PAIRS, is_by_rate
from harness.records import Interval

POWER = 0.80
# A figure this close to its threshold is not worth labelling for; the text says so instead.
MOST_ITEMS = 100_000
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(31)  # of the common factor, a standard normal
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_GROUP_DRAWS = 500  # test sets of drawn groups
_MANY_GROUPS = 300


@dataclass(frozen=True)
class Hurdle:
    """A bound that must lie beyond a threshold."""

    chance: Callable[[int], float]  # that it does, on a test set of so many items
    parts: Floats | None  # what each item adds to the figure; None where it is not a mean of items


def items_needed(hurdles: Sequence[Hurdle], have: int) -> int | None:
    """Return the smallest number of items, above those at hand, with which all hurdles are taken in 80%.

    Returns:
        None where no number up to `MOST_ITEMS` would do, or there is no hurdle.
    """
    if not hurdles or min(hurdle.chance(MOST_ITEMS) for hurdle in hurdles) < POWER:
        return None
    shared = _mean_correlation([hurdle.parts for hurdle in hurdles if hurdle.parts is not None])

    def is_enough(items: int) -> bool:
        return _joint([hurdle.chance(items) for hurdle in hurdles], shared) >= POWER

    few, many = have, have + 1
    while not is_enough(many):
        if many >= MOST_ITEMS:
            return None
        few, many = many, min(MOST_ITEMS, math.ceil(1.25 * many))
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_enough(middle) else (middle, many)
    return many


def least_right(items: int, goal: float, tail: float) -> int | None:
    """Return the fewest right items whose exact bound reaches the goal; None where even all of them do not."""
    if exact(items, items, tail).low < goal:
        return None
    low, high = 0, items
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if exact(middle, items, tail).low >= goal else (middle, high)
    return high


def most_turned(asked: int, items: int, limit: float, tail: float) -> int:
    """Return how many of the questions asked may go wrong so that on other items a rate stays inside its limit in 80%.

    The forecast starts from a uniform prior, so that the count on the other items is beta-binomial.

    Args:
        asked: Questions whose answers are known.
        items: Other questions, on which the rate's upper bound must be at most `limit`.
        limit: A share.
        tail: Of the bound.

    Returns:
        0 where not even that is enough.
    """
    least = least_right(items, 1 - limit, tail)
    if least is None:
        return 0
    counts = np.arange(items - least + 1)
    ways = -scipy.special.betaln(counts + 1, items - counts + 1) - math.log(items + 1)  # log of n choose k
    found = 0
    for turned in range(1, asked + 1):
        right = asked - turned
        chances = ways + scipy.special.betaln(counts + turned + 1, items - counts + right + 1)
        if np.exp(chances - scipy.special.betaln(turned + 1, right + 1)).sum() < POWER:
            break
        found = turned
    return found


def rate_hurdle(values: Floats, labels: Labels | None, threshold: float, tail: float = TAIL, *, above: bool) -> Hurdle:
    """Forecast an arm's own bound: of the values seen, shape (items,), in [0, 1].

    Args:
        values: The arm's scores.
        labels: Group number of each item; None when items are independent.
        threshold: What the bound must reach (`above`), or lie below.
        tail: One-sided chance of the bound.
        above: Whether the lower bound must reach the threshold, or the upper one lie below it.
    """
    if not above:  # the upper bound of a rate is the lower bound of its complement
        return rate_hurdle(1 - values, labels, math.nextafter(1 - threshold, 2), tail, above=True)
    if labels is not None:
        return Hurdle(_grouped(values, labels, threshold, tail, unseen=0.0), values)
    mean, spread = float(values.mean()), float(values.std())
    is_rate = bool(np.isin(values, (0.0, 1.0)).all())

    def chance(items: int) -> float:
        enough = least_right(items, threshold, tail)
        if enough is None:
            return 0.0
        if is_rate:
            return float(scipy.special.bdtrc(enough - 1, items, mean))
        return _normal_chance(mean - enough / items, spread / math.sqrt(items))

    return Hurdle(chance, values)


def gain_hurdle(
    differences: Floats, labels: Labels | None, threshold: float, tail: float = TAIL, *, above: bool = True
) -> Hurdle:
    """Forecast the bound of a paired gain: of the differences seen, shape (items,), in [-1, 1].

    Args:
        differences: One arm's scores less another's.
        labels: Group number of each item; None when items are independent.
        threshold: What the lower bound must exceed (`above`), or the upper one lie below.
        tail: One-sided chance of the bound.
        above: Which of the two.
    """
    if not above:
        return gain_hurdle(-differences, labels, -threshold, tail)
    if labels is not None:
        return Hurdle(_grouped(differences, labels, threshold, tail, unseen=-1.0), differences)
    mean, variance = float(differences.mean()), float(differences.var())
    is_rate = bool(np.isin(differences, (-1.0, 0.0, 1.0)).all())

    def chance(items: int) -> float:
        is_normal = is_by_rate(items, is_rate=is_rate)
        pairs = RATE_PAIRS if is_normal else GRADED_PAIRS
        total = items + 2 * pairs
        center = items * mean / total
        added = pairs * ((1 - center) ** 2 + (1 + center) ** 2)
        error = math.sqrt(items * (variance + (mean - center) ** 2) + added) / total
        reach = scipy.special.ndtri(1 - tail) if is_normal else scipy.special.stdtrit(items - 1, 1 - tail)
        return _normal_chance(center - float(reach) * error - threshold, math.sqrt(variance * items) / total)

    return Hurdle(chance, differences)


def interval_hurdle(figure: Interval, threshold: float, tail: float = TAIL, *, above: bool) -> Hurdle:
    """Forecast a bound of which only the interval is known (an aggregate's): its reach falls with the root of n.

    Args:
        figure: The figure, with bounds that leave `tail` on each side.
        threshold: What the lower bound must reach (`above`), or the upper one lie below.
        tail: One-sided chance of the bound.
        above: Which of the two.
    """
    if figure.is_uncorrected:  # a judge's word: nothing tells where the figure lies
        return Hurdle(lambda _: 0.0, None)
    gap = figure.estimate - threshold if above else threshold - figure.estimate
    reach = figure.estimate - figure.low if above else figure.high - figure.estimate

    def chance(items: int) -> float:
        now = reach * math.sqrt(figure.n / items)
        return _normal_chance(gap - now, now / float(scipy.special.ndtri(1 - tail)))

    return Hurdle(chance, None)


def items_for_gain(difference: Interval, threshold: float, tail: float) -> int | None:
    """Return how many pairs lift a lower bound above a threshold, from its interval alone.

    The half width h of the present interval shrinks with the square root of n, so
    n' = n * ((1 + z_power / z_tail) * h / (gain - threshold))^2.

    Args:
        difference: The observed gain, with bounds that leave `tail` on each side.
        threshold: What the lower bound must exceed.
        tail: One-sided chance of the bound.

    Returns:
        None where the gain is at or below the threshold, or it would take more than `MOST_ITEMS`.
    """
    gap = difference.estimate - threshold
    reach = (
        (difference.high - difference.low) / 2 * (1 + float(scipy.special.ndtri(POWER) / scipy.special.ndtri(1 - tail)))
    )
    if gap <= 0 or difference.n * (reach / gap) ** 2 > MOST_ITEMS:
        return None
    return math.ceil(difference.n * (reach / gap) ** 2)


def effective_items(score: Interval) -> float:
    """Return how many independent items a figure is worth, read off its two-sided 95% interval; at most n.

    Grouped items and aggregates have wider intervals than the exact one, and are worth fewer items.
    """
    width = exact(score.estimate * score.n, score.n)
    return score.n * min(1.0, ((width.high - width.low) / (score.high - score.low)) ** 2)


def _grouped(values: Floats, labels: Labels, threshold: float, tail: float, *, unseen: float) -> Callable[[int], float]:
    """Forecast the lower bound of `intervals.group_moments` by drawing test sets from the groups seen.

    Few groups are drawn, since totals near their limits are skewed; of many the mean is as good as normal.
    """
    sizes = np.bincount(labels).astype(np.float64)
    totals = np.bincount(labels, values)
    mean, extra = float(values.mean()), float(sizes @ sizes) / values.size
    variance = float(((totals - mean * sizes) ** 2).mean())

    def chance(items: int) -> float:
        groups = round(items / float(sizes.mean()))
        if groups < FEWEST_GROUPS:
            return 0.0
        reach, weight = float(scipy.special.stdtrit(groups - 1, 1 - tail)), unseen_weight(groups, tail)
        if groups > _MANY_GROUPS:
            added = extra * weight
            center = (items * mean + added * unseen) / (items + added)
            squares = groups * variance + (added * (mean - unseen)) ** 2
            bound = center - reach * math.sqrt(squares) / (items + added)
            return _normal_chance(bound - threshold, math.sqrt(groups * variance) / (items + added))
        drawn = np.random.default_rng(groups).integers(sizes.size, size=(_GROUP_DRAWS, groups))
        size, total = sizes[drawn], totals[drawn]
        n = size.sum(axis=1)
        more = weight * (size**2).sum(axis=1) / n
        centers = (total.sum(axis=1) + more * unseen) / (n + more)
        sums = ((total - centers[:, None] * size) ** 2).sum(axis=1) + (more * (unseen - centers)) ** 2
        errors = np.sqrt(sums * (groups + 1) / groups) / (n + more)
        return float((centers - reach * errors > threshold).mean())

    return chance


def _normal_chance(margin: float, error: float) -> float:
    """Return the chance that a normal figure, `margin` beyond what is needed on average, is beyond it."""
    return float(margin > 0) if error == 0 else float(scipy.special.ndtr(margin / error))


def _mean_correlation(parts: Sequence[Floats]) -> float:
    """Return the mean correlation of the figures that rest on all items and vary, at least 0."""
    most = max((part.size for part in parts), default=0)
    varying = [part for part in parts if part.size == most and part.std() > 0]
    if len(varying) < 2:
        return 0.0
    matrix = np.corrcoef(varying)
    return min(0.99, max(0.0, (math.fsum(matrix.ravel()) - len(varying)) / (len(varying) * (len(varying) - 1))))


def _joint(chances: Sequence[float], shared: float) -> float:
    """Return the chance that all hurdles are taken, where so much of their figures' variance is shared."""
    reach = scipy.special.ndtri(np.clip(sorted(chances), 1e-12, 1 - 1e-12))
    given = scipy.special.ndtr((reach[:, None] + math.sqrt(shared) * _NODES) / math.sqrt(1 - shared))
    return float(given.prod(axis=0) @ _WEIGHTS)

"""Intervals for one arm's figure: rates, graded scores, grouped items and aggregates.

`tail` is the chance on each side: 0.025 gives the two-sided 95% interval, 0.05 the 95% one-sided
bounds, 0.025 / k Bonferroni's bounds over k arms. No interval has zero width.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from harness.decision.arms import Yardstick
from harness.records import Interval, Score

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]

TAIL = 0.025
FEWEST_GROUPS = 5
# Resampling moves the standard error by about 1 / sqrt(2 * 1000) = 2% of itself.
RESAMPLES = 1_000


def score_interval(scores: Sequence[Score], yardstick: Yardstick, tail: float = TAIL) -> Interval:
    """Return an arm's figure with its bounds, by the method that fits the metric and the groups.

    Args:
        scores: The arm's measured items, each value in [0, 1].
        yardstick: The metric's kind, its aggregate, and which items belong together.
        tail: Chance on each side, in (0, 0.5).

    Raises:
        ValueError: If there are no scores.
    """
    if not scores:
        raise ValueError("no scores, so there is no figure; leave the arm out")
    labels = group_labels([score.example_id for score in scores], yardstick)
    if yardstick.kind == "aggregate":
        return aggregate_interval(scores, yardstick, labels, tail)
    values = np.array([score.value for score in scores])
    if labels is None:
        return wilson(float(values.sum()), values.size, tail)
    return grouped_wilson(values, labels, tail)


def wilson(count: float, n: int, tail: float = TAIL) -> Interval:
    """Return Wilson's score interval for a rate, or for the mean of graded scores.

    A score in [0, 1] varies at most as much as a yes or no with the same mean, so for graded scores the
    interval is on the safe side. Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.

    Args:
        count: Number of right items, or the sum of graded scores; in [0, n].
        n: Number of items.
        tail: Chance on each side.
    """
    low, high = proportion_confint(count, n, alpha=2 * tail, method="wilson")
    return _interval(count / n, low, high, n, f"Wilson {percent(tail)}")


def grouped_wilson(values: Floats, labels: Labels, tail: float = TAIL) -> Interval:
    """Return Wilson's interval for items that come in groups, with Student's t on the group totals.

    The variance of the mean comes from the group totals (ratio estimator, as in cluster-robust standard
    errors: Miller 2024, arXiv:2411.00640); it says how many independent items the data are worth, never more
    than there are, and that number enters Wilson's formula with the t quantile at G - 1 degrees in place of z.
    Groups that are all right (or all wrong) say nothing about how items within one hang together, so
    each then counts as one item. Under five groups there is no claim: the bounds are 0 and 1. Weak spot: where groups
    answer almost as one and hardly any is wrong (97% right, 40 groups), the bounds hold the truth in 88%, not 95%.

    Args:
        values: Scores in [0, 1], shape (items,).
        labels: Group number of each item, shape (items,), 0 to G - 1.
        tail: Chance on each side.
    """
    groups = int(labels.max()) + 1
    rate = float(values.mean())
    if groups < FEWEST_GROUPS:
        return Interval(rate, 0.0, 1.0, values.size, f"no claim from {groups} groups")
    worth = values.size / design_effect(values, labels)
    normal_tail = float(stats.norm.sf(stats.t.isf(tail, groups - 1)))
    low, high = proportion_confint(rate * worth, worth, alpha=2 * normal_tail, method="wilson")
    return _interval(rate, low, high, values.size, f"Wilson {percent(tail)}, {groups} groups")


def design_effect(values: Floats, labels: Labels) -> float:
    """Return how many grouped items are worth one independent item; at least 1.

    Scores that are all 0 or all 1 give items per group, the most that grouping can cost.
    """
    groups = int(labels.max()) + 1
    rate = float(values.mean())
    if rate in (0.0, 1.0):
        return values.size / groups
    residuals = np.bincount(labels, values - rate)
    variance = groups / (groups - 1) * float(residuals @ residuals) / values.size
    return max(1.0, variance / (rate * (1 - rate)))


def aggregate_interval(
    scores: Sequence[Score], yardstick: Yardstick, labels: Labels | None, tail: float = TAIL
) -> Interval:
    """Return the interval of a figure that is no mean of items (macro-F1), by resampling the aggregate.

    Items (or groups) are redrawn, the aggregate is computed on each draw, and the spread of the draws is
    taken as the standard error, with Student's t. Resampling sees no error that the data do not hold, so the
    interval is never narrower than Wilson's for that rate: on n items, or on the number of groups
    when every draw gives the same figure. Under five groups there is no claim.
    """
    estimate = yardstick.aggregate(scores)
    units = len(scores) if labels is None else int(labels.max()) + 1
    if labels is not None and units < FEWEST_GROUPS:
        return Interval(estimate, 0.0, 1.0, len(scores), f"no claim from {units} groups")
    error = bootstrap_error([scores], labels, yardstick)
    reach = float(stats.t.isf(tail, units - 1)) * error
    floor = wilson(estimate * (worth := len(scores) if error > 0 else units), worth, tail)
    low, high = min(floor.low, estimate - reach), max(floor.high, estimate + reach)
    return _interval(estimate, low, high, len(scores), f"bootstrap {percent(tail)}")


def bootstrap_error(columns: Sequence[Sequence[Score]], labels: Labels | None, yardstick: Yardstick) -> float:
    """Return the standard deviation of the first column's aggregate less the second's, over resamples.

    Items are put in an order that depends on their scores alone, so that neither the order in which items
    were stored nor their names moves the result.
    """
    rows = list(zip(*columns, strict=True))
    content = [tuple((s.expected or "", s.predicted or "", s.value) for s in row) for row in rows]
    if labels is None:
        units = [[index] for index in sorted(range(len(rows)), key=lambda index: content[index])]
    else:
        members: list[list[int]] = [[] for _ in range(int(labels.max()) + 1)]
        for index in sorted(range(len(rows)), key=lambda index: content[index]):
            members[labels[index]].append(index)
        units = sorted(members, key=lambda indices: [content[index] for index in indices])
    random = np.random.default_rng(yardstick.seed)
    draws = random.integers(len(units), size=(RESAMPLES, len(units)))
    figures = np.empty(RESAMPLES)
    for draw, picks in enumerate(draws):
        drawn = [rows[index] for pick in picks for index in units[pick]]
        first, *second = (yardstick.aggregate([row[column] for row in drawn]) for column in range(len(columns)))
        figures[draw] = first - sum(second)
    return float(figures.std(ddof=1))


def group_labels(items: Sequence[str], yardstick: Yardstick) -> Labels | None:
    """Number the items' groups from 0, or return None when no group of the task holds two items."""
    if not yardstick.is_clustered:
        return None
    numbers: dict[tuple[str, str], int] = {}
    return np.array([numbers.setdefault(yardstick.group_of(item), len(numbers)) for item in items], dtype=np.intp)


def percent(tail: float) -> str:
    """Name the two-sided level that leaves `tail` on each side: 0.025 is '95%'."""
    return f"{100 * (1 - 2 * tail):.4g}%"


def _interval(estimate: float, low: float, high: float, n: int, method: str) -> Interval:
    """Clip to [0, 1] and keep the estimate inside, which rounding may leave just outside."""
    low, high = max(0.0, min(float(low), estimate)), min(1.0, max(float(high), estimate))
    return Interval(estimate, low, high, n, method)

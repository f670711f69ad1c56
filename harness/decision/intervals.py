"""Intervals for one arm's figure: rates, graded scores, grouped items and aggregates.

`tail` is the chance on each side: 0.025 gives the two-sided 95% interval, 0.05 the 95% one-sided
bounds, 0.025 / k Bonferroni's bounds over k arms. No interval has zero width.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from harness.decision.arms import MetricSpec
from harness.decision.asking import of_whole
from harness.decision.judged import corrected, single
from harness.decision.words import percent
from harness.records import Interval, Score

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]

TAIL = 0.025
FEWEST_GROUPS = 5
FEWEST_PER_LABEL = 5  # test items of the rarest label, below which an aggregate is not bounded
# Resampling moves the standard error by about 1 / sqrt(2 * 1000) = 2% of itself.
RESAMPLES = 1_000


def score_interval(scores: Sequence[Score], metric_spec: MetricSpec, tail: float = TAIL) -> Interval:
    """Return an arm's figure with its bounds, by the method that fits the metric and the groups.

    Args:
        scores: The arm's measured items, each value in [0, 1].
        metric_spec: The metric's kind, its aggregate, and which items belong together.
        tail: Chance on each side, in (0, 0.5).

    Raises:
        ValueError: If there are no scores.
    """
    if not scores:
        raise ValueError("no scores, so there is no figure; leave the arm out")
    if metric_spec.correction is not None:
        answers = single(scores, [metric_spec.group_of(score.example_id) for score in scores])
        return corrected(answers, metric_spec.correction, tail)
    labels = group_labels([score.example_id for score in scores], metric_spec)
    if metric_spec.kind == "aggregate":
        return aggregate_interval(scores, metric_spec, labels, tail)
    values = np.array([score.value for score in scores])
    if labels is None:
        return exact(float(values.sum()), values.size, tail)
    return grouped_mean(values, labels, tail)


def arm_interval(arm: str, scores: Mapping[str, Score], metric_spec: MetricSpec, tail: float = TAIL) -> Interval:
    """Return an arm's figure with its bounds, however many of the items it was asked.

    Args:
        arm: Its name.
        scores: Its measured items.
        metric_spec: How the figure is read.
        tail: Chance on each side.
    """
    asking = metric_spec.asking
    if asking is None:
        return score_interval(list(scores.values()), metric_spec, tail)
    of_all = score_interval(list(scores.values()), metric_spec, of_whole(tail)) if asking.is_whole(arm) else None
    if of_all is not None and "no claim" in of_all.method:  # of few groups the sequence may still claim something
        of_all = None
    return asking.bounded({item: score.value for item, score in scores.items()}, of_all, 0.0, tail)


def exact(count: float, n: int, tail: float = TAIL) -> Interval:
    """Return Clopper and Pearson's exact interval for a rate, or for the mean of graded scores.

    Each bound errs in at most `tail`, at every rate and every n. A score in [0, 1] varies at most as much as a yes or
    no with the same mean, so graded scores enter by their sum. Source: Clopper and Pearson 1934,
    doi:10.1093/biomet/26.4.404.

    Args:
        count: Number of right items, or the sum of graded scores; in [0, n].
        n: Number of items.
        tail: Chance on each side.
    """
    low = float(scipy.special.betaincinv(count, n - count + 1, tail)) if count > 0 else 0.0
    high = float(scipy.special.betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return _interval(count / n, low, high, n, f"Clopper-Pearson {percent(tail)}")


def wilson(count: float, n: int, tail: float = TAIL) -> Interval:
    """Return Wilson's score interval for a rate: its mean coverage is the level, at rates near 0 or 1 it is below.

    Where no claim rests on one rate alone. Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.

    Args:
        count: Number of right items, or the sum of graded scores; in [0, n].
        n: Number of items.
        tail: Chance on each side.
    """
    z, rate = -float(scipy.special.ndtri(tail)), count / n
    middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * math.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return _interval(rate, middle - reach, middle + reach, n, f"Wilson {percent(tail)}")


def grouped_mean(values: Floats, labels: Labels, tail: float = TAIL) -> Interval:
    """Return the interval of a mean whose items come in groups, with Student's t on the group totals.

    Under five groups there is no claim: the bounds are 0 and 1.

    Args:
        values: Scores in [0, 1], shape (items,).
        labels: Group number of each item, shape (items,), 0 to G - 1.
        tail: Chance on each side.
    """
    groups, rate = int(labels.max()) + 1, float(values.mean())
    if groups < FEWEST_GROUPS:
        return Interval(rate, 0.0, 1.0, values.size, _too_few(groups))
    reach = float(scipy.special.stdtrit(groups - 1, 1 - tail))
    low, high = (group_moments(values, labels, unseen, tail) for unseen in (0.0, 1.0))
    return _interval(
        rate,
        low.mean - reach * low.error,
        high.mean + reach * high.error,
        values.size,
        f"t on {groups} groups {percent(tail)}",
    )


@dataclass(frozen=True, slots=True)
class GroupMoments:
    """A mean of grouped items with one more group, and its standard error."""

    mean: float
    error: float


def group_moments(values: Floats, labels: Labels, unseen: float, tail: float = TAIL) -> GroupMoments:
    """Return the mean and its standard error with a group added whose items all have the value `unseen`.

    Groups that went wrong as a whole may be so rare that the sample holds none; then group totals hardly vary, and
    plain cluster-robust bounds (Miller 2024, arXiv:2411.00640) hold the truth in 16 to 94%. A bound on the low side
    therefore counts a group that nobody saw at the lowest possible value, one on the high side at the highest. Its size
    is that of the group of an item drawn at random, sum(size^2) / n, so that unequal groups cannot hide it, times
    `unseen_weight`, so that G groups which are all right get about the exact bound of G items.

    Args:
        values: One value an item, shape (items,).
        labels: Group number of each item, shape (items,), 0 to G - 1.
        unseen: The value of the added group's items.
        tail: Chance on the bound's side.
    """
    sizes = np.bincount(labels).astype(np.float64)
    totals = np.bincount(labels, values)
    groups = sizes.size + 1
    size = float(sizes @ sizes) / values.size * unseen_weight(sizes.size, tail)
    items = values.size + size
    center = (float(values.sum()) + size * unseen) / items
    residuals = totals - center * sizes
    squares = float(residuals @ residuals) + (size * (unseen - center)) ** 2
    return GroupMoments(center, math.sqrt(squares * groups / (groups - 1)) / items)


def unseen_weight(groups: int, tail: float) -> float:
    """Return how many groups the unseen one counts for: ln(1 / tail) / (1 + t).

    All of G groups are right in (1 - q)^G of samples where a share q goes wrong, so the bound must reach
    ln(1 / tail) / G below 1. A group of weight w moves the mean by w / G and adds an error of w / G, and so moves the
    bound by w (1 + t) / G.
    """
    return max(1.0, -math.log(tail) / (1 + float(scipy.special.stdtrit(groups - 1, 1 - tail))))


def aggregate_interval(
    scores: Sequence[Score], metric_spec: MetricSpec, labels: Labels | None, tail: float = TAIL
) -> Interval:
    """Return the interval of a figure that is not a mean of items (macro-F1), by resampling the aggregate.

    Items (or groups) are redrawn, the aggregate is computed on each draw, and the spread of the draws is
    taken as the standard error, with Student's t. Resampling sees no error that the data do not hold, so the
    interval is never narrower than the exact one for that rate on the number of items, or of groups. Where every item
    is right, or every one wrong, so is every draw, and the exact interval alone speaks. There is no claim
    under five groups, or where a label is rare: each label weighs the same, and nothing is known of one that stands in
    a handful of items.
    """
    estimate = metric_spec.aggregate(scores)
    units = len(scores) if labels is None else int(labels.max()) + 1
    if why := no_claim(scores, labels):
        return Interval(estimate, 0.0, 1.0, len(scores), why)
    is_constant = estimate in (0.0, 1.0) and all(score.value == estimate for score in scores)
    error = 0.0 if is_constant else bootstrap_error([scores], labels, metric_spec)
    reach = float(scipy.special.stdtrit(units - 1, 1 - tail)) * error
    floor = exact(estimate * units, units, tail)
    low, high = min(floor.low, estimate - reach), max(floor.high, estimate + reach)
    return _interval(estimate, low, high, len(scores), f"bootstrap {percent(tail)}")


def no_claim(scores: Sequence[Score], labels: Labels | None) -> str:
    """Say why an aggregate of these items supports no claim; empty where it does."""
    if labels is not None and (groups := int(labels.max()) + 1) < FEWEST_GROUPS:
        return _too_few(groups)
    # Items of one group may stand or fall together, so in groups a label counts the groups that it stands in.
    units = {
        (label, index if labels is None else int(labels[index]))
        for index, score in enumerate(scores)
        for label in _labels_of(score.expected)
    }
    counts = Counter(label for label, _ in units)
    label, fewest = min(counts.items(), key=lambda item: (item[1], item[0]), default=("", FEWEST_PER_LABEL))
    if fewest >= FEWEST_PER_LABEL:
        return ""
    seen = f"{fewest} {'test item' if labels is None else 'group'}{'s' * (fewest > 1)}"
    return f"no claim: the label '{label}' has {seen}, each label needs {FEWEST_PER_LABEL}"


def _labels_of(expected: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (expected,) if isinstance(expected, str) else expected or ()


def _too_few(groups: int) -> str:
    return f"no claim from {groups} group{'s' if groups > 1 else ''}"


def bootstrap_error(columns: Sequence[Sequence[Score]], labels: Labels | None, metric_spec: MetricSpec) -> float:
    """Return the standard deviation of the first column's aggregate less the second's, over resamples.

    Items are put in an order that depends on their scores alone, so that neither the order in which items
    were stored nor their names moves the result.
    """
    rows = list(zip(*columns, strict=True))
    content = [tuple((_labels_of(s.expected), _labels_of(s.predicted), s.value, s.parts) for s in row) for row in rows]
    if labels is None:
        units = [[index] for index in sorted(range(len(rows)), key=lambda index: content[index])]
    else:
        members: list[list[int]] = [[] for _ in range(int(labels.max()) + 1)]
        for index in sorted(range(len(rows)), key=lambda index: content[index]):
            members[labels[index]].append(index)
        units = sorted(members, key=lambda indices: [content[index] for index in indices])
    random = np.random.default_rng(metric_spec.seed)
    draws = random.integers(len(units), size=(RESAMPLES, len(units)))
    figures = np.empty(RESAMPLES)
    for draw, picks in enumerate(draws):
        drawn = [rows[index] for pick in picks for index in units[pick]]
        first, *second = (metric_spec.aggregate([row[column] for row in drawn]) for column in range(len(columns)))
        figures[draw] = first - sum(second)
    return float(figures.std(ddof=1))


def group_labels(items: Sequence[str], metric_spec: MetricSpec) -> Labels | None:
    """Number the items' groups from 0, or return None when no group of the task holds two items."""
    if not metric_spec.is_clustered:
        return None
    numbers: dict[tuple[str, str], int] = {}
    return np.array([numbers.setdefault(metric_spec.group_of(item), len(numbers)) for item in items], dtype=np.intp)


def _interval(estimate: float, low: float, high: float, n: int, method: str) -> Interval:
    """Clip to [0, 1] and keep the estimate inside, which rounding may leave just outside."""
    low, high = max(0.0, min(float(low), estimate)), min(1.0, max(float(high), estimate))
    return Interval(estimate, low, high, n, method)

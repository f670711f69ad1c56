"""Paired gains: how far one arm beats another on the items that both answered.

One construction serves every case: the observed differences, each in [-1, 1], are joined by whole gains
and whole losses that were not observed, and a studentised interval is put around the mean.

- Rates, independent items: one gain and one loss are added and z is used. That is Bonett and Price's
  adjusted Wald interval (2012, J. Educ. Behav. Stat. 37:479, doi:10.3102/1076998611411915).
- Graded scores: two gains and two losses, Student's t. A studentised mean fails when a loss of a whole
  point is so rare that the sample holds none: that has probability up to exp(-n q) for a loss of rate q, so
  the bound must reach ln(1 / tail) / n below the mean. z * sqrt(2 k) / n does so for every tail of 0.01
  or more from k = 2 pairs on (2.33 * 2 = 4.65 > ln 100 = 4.61); one pair does not. Distribution-free
  bounds (Hoeffding; empirical Bernstein, Maurer and Pontil 2009, arXiv:0907.3740) hold as well, but cost 10
  points of width at n = 200, and betting bounds depend on the order of the items (where items are asked in
  rounds they have one, and such bounds are used: `harness.decision.asking`). Coverage is
  measured in tests/decision/test_paired.py and bench/decision_calibration.py.
- Rates of fewer than 20 pairs: as graded scores. There z and one pair err in up to 7.6% instead of 2.5% (n = 4), and
  up to 6.3% at n = 8; two pairs and t in up to 2.3% (exact, over all trinomials; tests/decision/test_paired.py).
- Groups: Student's t on the group totals at G - 1 degrees, with a group that nobody saw at the worst value
  (`intervals.group_moments`); under five groups no claim.
- Aggregates (macro-F1): the difference of the aggregates, with the bootstrap's standard error and t;
  never narrower than the interval of a tie in all items.

The estimate that is reported is the plain observed difference; only the bounds are adjusted.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import scipy

from harness.decision.arms import MetricSpec
from harness.decision.asking import of_whole
from harness.decision.intervals import (
    FEWEST_GROUPS,
    TAIL,
    Floats,
    GroupMoments,
    Labels,
    bootstrap_error,
    group_labels,
    group_moments,
    no_claim,
)
from harness.decision.judged import corrected_gain
from harness.decision.words import percent
from harness.records import Comparison, Interval, Score

RATE_PAIRS = 1  # a whole gain and a whole loss, added to rates
GRADED_PAIRS = 2
FEW_PAIRS = 20


@dataclass(frozen=True)
class MeanDifference:
    """A mean of differences in [-1, 1], ready to be bounded or tested."""

    estimate: float  # as observed
    moments: Callable[[float, float], GroupMoments]  # by worst value and tail: center, with what was added, and error
    degrees: float  # of Student's t; infinite for z
    n: int
    method: str

    def interval(self, tail: float = TAIL) -> Interval:
        """Return the bounds that leave `tail` on each side, within [-1, 1]."""
        reach = self.quantile(tail)
        below, above = self.moments(-1.0, tail), self.moments(1.0, tail)
        low = max(-1.0, min(below.mean - reach * below.error, self.estimate))
        high = min(1.0, max(above.mean + reach * above.error, self.estimate))
        return Interval(self.estimate, low, high, self.n, f"{self.method} {percent(tail)}")

    def quantile(self, tail: float) -> float:
        """Return how many standard errors leave `tail` beyond them."""
        return float(
            scipy.special.ndtri(1 - tail) if math.isinf(self.degrees) else scipy.special.stdtrit(self.degrees, 1 - tail)
        )

    def chance_below(self, threshold: float) -> float:
        """Return the one-sided p-value against 'the true mean is at or above `threshold`'."""
        above = self.moments(1.0, TAIL)
        return float(scipy.special.stdtr(self.degrees, (above.mean - threshold) / above.error))


def mean_difference(differences: Floats, *, is_rate: bool, labels: Labels | None = None) -> MeanDifference | None:
    """Summarise paired differences; None where no claim can be made.

    Args:
        differences: One per pair, shape (pairs,), each in [-1, 1].
        is_rate: Whether each is -1, 0 or 1.
        labels: Group number of each pair; None when pairs are independent.

    Returns:
        None under two pairs, or under five groups.

    Raises:
        ValueError: If a difference lies outside [-1, 1].
    """
    n = differences.size
    if n < 2:
        return None
    if float(np.abs(differences).max()) > 1.0:
        raise ValueError(f"differences must lie in [-1, 1], got {float(np.abs(differences).max())}")
    if labels is None:
        return _independent(differences, is_rate=is_by_rate(n, is_rate=is_rate))
    groups = int(labels.max()) + 1
    if groups < FEWEST_GROUPS:
        return None
    moments = partial(group_moments, differences, labels)
    return MeanDifference(float(differences.mean()), moments, groups - 1, n, f"t on {groups} groups")


def is_by_rate(pairs: int, *, is_rate: bool) -> bool:
    """Whether differences are bounded as rates are, by one pair and z; few of them are as graded ones."""
    return is_rate and pairs >= FEW_PAIRS


def _independent(differences: Floats, *, is_rate: bool) -> MeanDifference:
    pairs = RATE_PAIRS if is_rate else GRADED_PAIRS
    n, total = differences.size, differences.size + 2 * pairs
    center = float(differences.sum()) / total
    added = pairs * ((1 - center) ** 2 + (1 + center) ** 2)
    squares = float(((differences - center) ** 2).sum()) + added
    moments = GroupMoments(center, math.sqrt(squares) / total)
    method, degrees = ("Bonett-Price", math.inf) if is_rate else ("adjusted t", n - 1)
    return MeanDifference(float(differences.mean()), lambda *_: moments, degrees, n, method)


@dataclass(frozen=True)
class BestConstant:
    """The best constant answer from train, scored on the test items: what guessing without reading earns."""

    scores: Mapping[str, Score]  # by item id
    name: str = "the best constant answer"


class Scored(Protocol):
    """What can be compared: a name, and scores by item id."""

    @property
    def name(self) -> str:
        """Who was scored."""

    @property
    def scores(self) -> Mapping[str, Score]:
        """The measured items."""


def compare(
    arm: Scored, against: Scored, metric_spec: MetricSpec, smallest_gain: float, *, tail: float = TAIL
) -> Comparison:
    """Compare two arms on the items measured in both, with bounds that leave `tail` on each side: 95% by default.

    Returns:
        `difference` is None when fewer than two pairs or five groups are left; then nothing is claimed.
    """
    shared = [item for item in arm.scores if item in against.scores]
    ours = [arm.scores[item] for item in shared]
    theirs = [against.scores[item] for item in shared]
    differences = np.array([a.value - b.value for a, b in zip(ours, theirs, strict=True)])
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    labels = group_labels(shared, metric_spec)
    if metric_spec.correction is not None and len(shared) > 1:
        clusters = [metric_spec.group_of(item) for item in shared]
        gain = corrected_gain(ours, theirs, clusters, metric_spec.correction, tail)
        return Comparison(arm.name, against.name, gain, wins, losses, gain.low > smallest_gain)
    if metric_spec.kind == "aggregate":
        mean = _difference_of_aggregates(ours, theirs, metric_spec, labels)
    else:
        mean = mean_difference(differences, is_rate=metric_spec.kind == "rate", labels=labels)
    if metric_spec.asking is not None and len(shared) > 1:
        of_all = mean.interval(of_whole(tail)) if mean and metric_spec.asking.is_whole(arm.name, against.name) else None
        by_item = dict(zip(shared, differences.tolist(), strict=True))
        gain = metric_spec.asking.bounded(by_item, of_all, -1.0, tail)
        return Comparison(arm.name, against.name, gain, wins, losses, gain.low > smallest_gain)
    interval = mean.interval(tail) if mean else None
    exceeds = interval is not None and interval.low > smallest_gain
    honest = honest_gain(mean, smallest_gain, tail) if mean is not None and exceeds else None
    return Comparison(arm.name, against.name, interval, wins, losses, exceeds, honest)


def honest_gain(mean: MeanDifference, smallest_gain: float, tail: float = TAIL) -> float:
    """Return the gain that a shown one stands for, free of the winner's curse.

    Among gains that are told because their lower bound exceeds a threshold, the observed ones are too large on average.
    This is the median-unbiased estimate given that the bound exceeds it: the true gain for which the observed one would
    be the median of those shown; never below the lower bound. After Zhong and Prentice 2008, Biostatistics 9:621.
    """
    below, reach = mean.moments(-1.0, tail), mean.quantile(tail)
    error = below.error
    seen = (below.mean - smallest_gain) / error  # in standard errors above the threshold; at least `reach`

    def beyond_the_median(true: float) -> float:
        return float(scipy.special.log_ndtr(true - seen) - scipy.special.log_ndtr(true - reach)) - math.log(0.5)

    if beyond_the_median(seen - reach) >= 0:
        return mean.interval(tail).low
    true = scipy.optimize.brentq(beyond_the_median, seen - reach, seen)
    return mean.estimate - (seen - true) * error


def _difference_of_aggregates(
    ours: Sequence[Score], theirs: Sequence[Score], metric_spec: MetricSpec, labels: Labels | None
) -> MeanDifference | None:
    units = len(ours) if labels is None else int(labels.max()) + 1 if len(ours) else 0
    if units < 2 or no_claim(theirs, labels):
        return None
    estimate = metric_spec.aggregate(ours) - metric_spec.aggregate(theirs)
    error = bootstrap_error([ours, theirs], labels, metric_spec)
    # A tie in every item has this standard error once a gain and a loss are added.
    tie = math.sqrt(2 * RATE_PAIRS) / ((len(ours) if error > 0 else units) + 2 * RATE_PAIRS)
    moments = GroupMoments(estimate, max(error, tie))
    return MeanDifference(estimate, lambda *_: moments, units - 1, len(ours), "bootstrap")

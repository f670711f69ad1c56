"""Estimates of a mean that a judge's errors touch, and their bounds; what `harness.decision.judged` rests on.

- powered: prediction-powered inference (Angelopoulos et al. 2023, arXiv 2301.09633). With labels Y on n rows and the
  judge's scores f on those and on N others,  theta = lambda mean_N(f) + mean_n(Y - lambda f),  and lambda is the one of
  least variance, Cov(Y, f) / ((1 + n / N) Var(f)), held in [0, 1] (PPI++, arXiv 2311.01453). With lambda 0 the judge is
  not used.
- transferred: what the judge says of good and of bad answers is learnt elsewhere, E[f | Y] = alpha + beta Y, and taken
  to hold here too:  theta = (mean(f) - alpha) / beta  (Rogan and Gladen 1978, doi:10.1093/oxfordjournals.aje.a112510,
  for a score in [0, 1]). alpha and beta are uncertain, so the bounds are Fieller's: all theta for which
  mean(f) - alpha - theta beta is within t standard errors of 0.

Rows of one group move together, in the test and in the labels. As everywhere here, whole scores that nobody saw are
added to each mean for the bounds alone (`harness.decision.paired`), since rare errors may not show in few labels.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from harness.records import Basis, LabelledJudgement

PAIRS = 2  # of the least and the most that a value can be, added to each mean
Floats = NDArray[np.float64]
Cluster = Hashable


@dataclass(frozen=True)
class Correction:
    """What is known of a judge's errors."""

    basis: Basis
    sample: tuple[LabelledJudgement, ...] = ()
    is_sure: bool = False  # as if labels were so many that what they say is sure: to see whether more would help


@dataclass(frozen=True)
class Answers:
    """What is averaged: an arm's items, or the differences of two arms' items. All arrays have shape (items,)."""

    values: Floats  # the judge's scores
    judged: Floats  # how much of an item the judge's errors touch: 1, 0 without an answer; for differences -1, 0 or 1
    labels: Floats  # people's; NaN where there are none
    clusters: Sequence[Cluster]
    low: float  # the least that an item can be worth: 0, or -1 for differences
    known: NDArray[np.bool_] | None = None  # items that are worth their value, whatever the judge does; None: no item

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Which items need neither judge nor label."""
        return np.zeros(self.values.size, dtype=bool) if self.known is None else self.known

    @property
    def open(self) -> "Answers":
        """The items that the judge's errors may touch."""
        kept = ~self.is_known
        clusters = [cluster for cluster, is_kept in zip(self.clusters, kept, strict=True) if is_kept]
        return Answers(self.values[kept], self.judged[kept], self.labels[kept], clusters, self.low)

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Which items people labelled."""
        return ~np.isnan(self.labels)


Errors = Sequence[tuple[Cluster, float]]  # what each cluster adds to the error of a figure


@dataclass(frozen=True)
class Ratio:
    """An estimate x / scale, whose parts have errors that are sums over clusters."""

    estimate: float
    x: float
    scale: float
    of_x: Errors
    of_scale: Errors
    degrees: float

    def bounds(self, tail: float) -> tuple[float, float] | None:
        """Return Fieller's bounds; None where the scale is not shown to be above 0."""
        t2 = float(scipy.special.stdtrit(self.degrees, 1 - tail)) ** 2
        xx, xs, ss = (
            _squares(one, other)
            for one, other in ((self.of_x, self.of_x), (self.of_x, self.of_scale), (self.of_scale, self.of_scale))
        )
        square, middle = self.scale**2 - t2 * ss, self.x * self.scale - t2 * xs
        if self.scale <= 0 or square <= 0:
            return None
        reach = math.sqrt(max(0.0, middle**2 - square * (self.x**2 - t2 * xx)))
        return (middle - reach) / square, (middle + reach) / square


def cluster_of(item: str, group: str | None) -> tuple[str, str]:
    """Name what an item moves together with: its group, else itself alone."""
    return ("item", item) if group is None else ("group", group)


def certain(answers: Answers) -> Ratio:
    """Return the mean of items that are all known."""
    mean = _mean(answers.values, answers.clusters, low=answers.low)
    return Ratio(mean.plain, mean.center, 1.0, mean.errors, (), max(len(set(answers.clusters)) - 1, 1))


def with_known(found: Ratio, answers: Answers) -> Ratio:
    """Put the estimate on the open items together with the known ones, by their shares of the items.

    theta = given + weight * x / scale, where `given` is what the known items add to the mean and `weight` the share of
    the open ones; both vary with the items that were drawn.
    """
    known, n = answers.is_known, answers.values.size
    worth = np.where(known, answers.values, 0.0)
    given, weight = float(worth.mean()), 1 - float(known.mean())
    moved = (found.scale * (worth - given) + found.x * (~known - weight)) / n
    of_x = [(cluster, weight * error) for cluster, error in found.of_x]
    of_x += [(cluster, given * error) for cluster, error in found.of_scale]
    of_x += [(cluster, float(error)) for cluster, error in zip(answers.clusters, moved, strict=True)]
    return Ratio(
        estimate=given + weight * found.estimate,
        x=given * found.scale + weight * found.x,
        scale=found.scale,
        of_x=of_x,
        of_scale=found.of_scale,
        degrees=found.degrees,
    )


@dataclass(frozen=True)
class _Mean:
    """A mean with two values added that nobody saw, and what each cluster adds to its error."""

    plain: float  # without them
    center: float
    errors: Errors


def _mean(values: Floats, clusters: Sequence[Cluster], low: float, high: float = 1.0) -> _Mean:
    weight = values.size / len(set(clusters))  # as large as a cluster is on average
    total = values.size + 2 * PAIRS * weight
    center = (float(values.sum()) + PAIRS * weight * (low + high)) / total
    seen = [(cluster, (float(value) - center) / total) for cluster, value in zip(clusters, values, strict=True)]
    added = [(_Unseen(), weight * (value - center) / total) for value in PAIRS * (low, high)]
    return _Mean(float(values.mean()), center, [*seen, *added])


class _Unseen:
    """The cluster of a value that nobody saw: equal to itself alone."""


def powered(answers: Answers, *, is_sure: bool = False) -> Ratio:
    """Prediction-powered mean: PPI++ with the lambda of least variance; `is_sure`: as if all items had labels."""
    chosen = answers.is_labelled
    clusters = list(answers.clusters)
    theirs = [cluster for cluster, is_chosen in zip(clusters, chosen, strict=True) if is_chosen]
    others = [cluster for cluster, is_chosen in zip(clusters, chosen, strict=True) if not is_chosen]
    labels, scores, rest = answers.labels[chosen], answers.values[chosen], answers.values[~chosen]
    power = tuned_lambda(labels, scores, rest)
    least, most = answers.low - power, 1 - power * answers.low  # of a label less so much of a score
    residual = _mean(labels - power * scores, theirs, low=least, high=most)
    errors, plain, center = list(residual.errors), residual.plain, residual.center
    if rest.size:
        predicted = _mean(rest, others, low=answers.low)
        errors += [(cluster, power * error) for cluster, error in predicted.errors]
        plain, center = plain + power * predicted.plain, center + power * predicted.center
    if is_sure:
        share = math.sqrt(labels.size / answers.values.size)
        errors = [(cluster, share * error) for cluster, error in _mean(labels, theirs, low=answers.low).errors]
    degrees = max(len(set(clusters if is_sure else theirs)) - 1, 1)
    few = math.sqrt((degrees + 1) / degrees)
    return Ratio(plain, center, 1.0, [(cluster, few * error) for cluster, error in errors], (), degrees)


def tuned_lambda(labels: Floats, scores: Floats, rest: Floats) -> float:
    """Return how much of the judge is used: 0 where it says nothing of the labels, or there is nothing to predict.

    Args:
        labels: People's, shape (labelled,).
        scores: The judge's on the same answers, shape (labelled,).
        rest: The judge's on the others, shape (others,).
    """
    spread = float(np.concatenate([scores, rest]).var())
    if not rest.size or spread == 0:
        return 0.0
    together = float(((labels - labels.mean()) * (scores - scores.mean())).mean())
    return min(max(together / ((1 + labels.size / rest.size) * spread), 0.0), 1.0)


def transferred(answers: Answers, correction: Correction) -> Ratio:
    """Mean corrected by what the judge says of good and of bad answers elsewhere."""
    sample = correction.sample
    clusters = [cluster_of(one.item, one.group) for one in sample]
    mean = _mean(answers.values, answers.clusters, low=answers.low)
    touched = float(answers.judged.mean())
    seen = _line_seen(sample)
    alpha, beta, errors = (*seen, []) if correction.is_sure else _line(sample, clusters)
    of_x = [*mean.errors, *((cluster, -touched * one) for cluster, one, _ in errors)]
    of_scale = [(cluster, one) for cluster, _, one in errors]
    x = mean.center - touched * alpha
    return Ratio(
        estimate=(mean.plain - touched * seen[0]) / seen[1] if seen[1] > 0 else mean.plain,
        x=x,
        scale=beta,
        of_x=of_x,
        of_scale=of_scale,
        degrees=max(len(set(answers.clusters if correction.is_sure else clusters)) - 2, 1),
    )


def _line_seen(sample: Sequence[LabelledJudgement]) -> tuple[float, float]:
    """Fit the judge's score to people's label by least squares: intercept and slope, of the labels alone."""
    x, y = (np.array(column) for column in zip(*((one.label, one.value) for one in sample), strict=True))
    beta = float(((x - x.mean()) * y).mean() / x.var()) if x.var() else 0.0
    return float(y.mean() - beta * x.mean()), beta


def _line(
    sample: Sequence[LabelledJudgement], clusters: Sequence[Cluster]
) -> tuple[float, float, list[tuple[Cluster, float, float]]]:
    """Fit the same line for the bounds; return intercept, slope, and each answer's errors.

    One answer of each kind is added that the judge gets right, and one that it gets wrong. Residuals are divided by one
    less their leverage (HC3: MacKinnon and White 1985), so that few labels are not too sure of themselves.
    """
    weight = len(sample) / len(set(clusters))
    added = [(label, value) for label in (0.0, 1.0) for value in (0.0, 1.0)]
    x = np.array([*(one.label for one in sample), *(label for label, _ in added)])
    y = np.array([*(one.value for one in sample), *(value for _, value in added)])
    weights = np.array([1.0] * len(sample) + [weight] * len(added))
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.inv(design.T @ (weights[:, None] * design))
    alpha, beta = inverse @ design.T @ (weights * y)
    leverage = weights * np.einsum("ij,jk,ik->i", design, inverse, design)
    residuals = weights * (y - alpha - beta * x) / (1 - np.minimum(leverage, 0.5))
    shares = (design * residuals[:, None]) @ inverse
    names = [*clusters, *(_Unseen() for _ in added)]
    return float(alpha), float(beta), [(name, float(a), float(b)) for name, (a, b) in zip(names, shares, strict=True)]


def _squares(first: Errors, second: Errors) -> float:
    """Sum the products of two errors' totals, cluster by cluster."""
    totals: dict[Cluster, list[float]] = {}
    for place, errors in enumerate((first, second)):
        for cluster, error in errors:
            totals.setdefault(cluster, [0.0, 0.0])[place] += error
    return sum(one * other for one, other in totals.values())

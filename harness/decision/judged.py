"""A judge's scores corrected for its errors, by answers that people labelled as well.

Two bases, and the report says which:

- own: people labelled the arms' own answers on some test rows, drawn at random. Then prediction-powered inference
  (Angelopoulos et al. 2023, arXiv 2301.09633) needs nothing else: with labels Y on n rows and the judge's scores f on
  those and on N others,  theta = lambda mean_N(f) + mean_n(Y - lambda f),  and lambda is the one of least variance,
  Cov(Y, f) / ((1 + n / N) Var(f)), held in [0, 1] (PPI++, arXiv 2311.01453). With lambda 0 the judge is not used.
- transferred: people labelled other answers (on dev, say). What the judge says of good and of bad answers is learnt
  there, E[f | Y] = alpha + beta Y, and taken to hold for the arms' answers too:  theta = (mean(f) - alpha) / beta
  (Rogan and Gladen 1978, doi:10.1093/oxfordjournals.aje.a112510, for a score in [0, 1]). alpha and beta are uncertain,
  so the bounds are Fieller's: all theta for which mean(f) - alpha - theta beta is within t standard errors of 0. A
  judge that is not shown to tell good from bad (beta above 0) supports no claim.

An answer that is none (empty, cut off, unread) is bad for certain, and no error of the judge enters there. Rows of one
group move together, in the test and in the labels. As everywhere here, whole scores that nobody saw are added to each
mean for the bounds alone (`harness.decision.paired`), since rare errors may not show in few labels; coverage is
measured in tests/decision/test_judged.py.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from harness.records import FEWEST_LABELS, Interval, LabelledJudgement, Score
from harness.records.judged import Basis

Floats = NDArray[np.float64]
Cluster = Hashable

FEWEST_OWN = 20  # test rows with labels of every arm's answer, from which on the arms' own labels are the basis


@dataclass(frozen=True)
class Correction:
    """What is known of a judge's errors."""

    basis: Basis
    sample: tuple[LabelledJudgement, ...] = ()


@dataclass(frozen=True)
class Answers:
    """What is averaged: an arm's items, or the differences of two arms' items. All arrays have shape (items,)."""

    values: Floats  # the judge's scores
    judged: Floats  # how much of an item the judge's errors touch: 1, 0 without an answer; for differences -1, 0 or 1
    labels: Floats  # people's; NaN where there are none
    clusters: Sequence[Cluster]
    low: float  # the least that an item can be worth: 0, or -1 for differences
    known: NDArray[np.bool_] | None = None  # items whose value is no judge's word but given; None: there are none

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Which items people labelled."""
        return ~np.isnan(self.labels)


@dataclass(frozen=True)
class _Ratio:
    """An estimate x / scale, whose parts have errors that are sums over clusters."""

    estimate: float
    x: float
    scale: float
    xx: float  # variance of x
    xs: float  # covariance of x and the scale
    ss: float  # variance of the scale
    degrees: float

    def bounds(self, tail: float) -> tuple[float, float] | None:
        """Return Fieller's bounds; None where the scale is not shown to be above 0."""
        t2 = float(scipy.special.stdtrit(self.degrees, 1 - tail)) ** 2
        square, middle = self.scale**2 - t2 * self.ss, self.x * self.scale - t2 * self.xs
        if self.scale <= 0 or square <= 0:
            return None
        reach = math.sqrt(max(0.0, middle**2 - square * (self.x**2 - t2 * self.xx)))
        return (middle - reach) / square, (middle + reach) / square


def cluster_of(item: str, group: str | None) -> tuple[str, str]:
    """Name what an item moves together with: its group, else itself alone."""
    return ("item", item) if group is None else ("group", group)


def single(scores: Sequence[Score], clusters: Sequence[Cluster]) -> Answers:
    """Gather one arm's items; `Score.parts` is whether the judge was asked, and people's label where there is one.

    A score without parts is known: an item that was lost, and is counted as right or wrong to see what that changes.
    """
    values = np.array([score.value for score in scores])
    return Answers(values, *_parts(scores), clusters, low=0.0, known=np.array([not score.parts for score in scores]))


def difference(ours: Sequence[Score], theirs: Sequence[Score], clusters: Sequence[Cluster]) -> Answers:
    """Gather the differences of two arms on the same items.

    Where one arm's item was lost, the difference counts as known, with what the judge says of the other's answer.
    """
    first, second = single(ours, clusters), single(theirs, clusters)
    return Answers(
        first.values - second.values,
        first.judged - second.judged,
        first.labels - second.labels,
        clusters,
        low=-1.0,
        known=np.array([not (one.parts and other.parts) for one, other in zip(ours, theirs, strict=True)]),
    )


def corrected(answers: Answers, correction: Correction, tail: float) -> Interval:
    """Return a mean corrected for the judge's errors, with bounds that leave `tail` on each side.

    Args:
        answers: What is averaged.
        correction: What is known of the judge.
        tail: Chance on each side.

    Returns:
        Bounds from the least possible figure to the greatest, and a method that says "no claim" and why, where labels
        are too few, the judge is not shown to tell good from bad, or all that it allows lies outside what is possible:
        then it does not err here as it did on the labelled answers, and nothing says how it does.
    """
    if answers.known is not None and answers.known.any():
        return _with_known(answers, answers.known, correction, tail)
    n = answers.values.size
    if correction.basis == "own" and answers.is_labelled.any():
        found, words = _powered(answers), f"PPI++ on {int(answers.is_labelled.sum())} labels"
    elif correction.basis == "transferred":
        found = _transferred(answers, correction.sample)
        words = f"Rogan-Gladen on {len(correction.sample)} labels"
    else:
        return _no_claim(answers, "no claim: too few labels of people's to correct the judge by")
    bounds = found.bounds(tail)
    if bounds is None:
        return _no_claim(answers, "no claim: by people's labels the judge is not shown to tell good answers from bad")
    if bounds[1] <= answers.low or bounds[0] >= 1.0:
        return _no_claim(answers, "no claim: what the judge says here contradicts how it judged the labelled answers")
    estimate = min(max(found.estimate, answers.low), 1.0)
    low, high = max(answers.low, min(bounds[0], estimate)), min(1.0, max(bounds[1], estimate))
    return Interval(estimate, low, high, n, f"{words} {100 * (1 - 2 * tail):.4g}%")


def _with_known(answers: Answers, known: NDArray[np.bool_], correction: Correction, tail: float) -> Interval:
    """Correct the mean of the items that the judge scored, and count the known ones by their share."""
    if known.all():
        return _no_claim(answers, "no claim: no item was judged")
    rest = Answers(
        answers.values[~known],
        answers.judged[~known],
        answers.labels[~known],
        [cluster for cluster, is_known in zip(answers.clusters, known, strict=True) if not is_known],
        answers.low,
    )
    found = corrected(rest, correction, tail)
    weight, given = 1 - float(known.mean()), float(answers.values[known].sum()) / known.size
    estimate, low, high = (given + weight * bound for bound in (found.estimate, found.low, found.high))
    return Interval(estimate, low, high, known.size, found.method)


def _no_claim(answers: Answers, why: str) -> Interval:
    return Interval(float(answers.values.mean()), answers.low, 1.0, answers.values.size, why)


def _parts(scores: Sequence[Score]) -> tuple[Floats, Floats]:
    judged = [score.parts[0] if score.parts else 0.0 for score in scores]
    return np.array(judged), np.array([score.parts[1] if score.parts[1:] else math.nan for score in scores])


@dataclass(frozen=True)
class _Mean:
    """A mean with two values added that nobody saw, and what each cluster adds to its error."""

    plain: float  # without them
    center: float
    errors: Sequence[tuple[Cluster, float]]


def _mean(values: Floats, clusters: Sequence[Cluster], low: float, high: float = 1.0) -> _Mean:
    weight = values.size / len(set(clusters))  # as large as a cluster is on average
    total = values.size + 2 * weight
    center = (float(values.sum()) + weight * (low + high)) / total
    seen = [(cluster, (float(value) - center) / total) for cluster, value in zip(clusters, values, strict=True)]
    added = [(_Unseen(), weight * (value - center) / total) for value in (low, high)]
    return _Mean(float(values.mean()), center, [*seen, *added])


class _Unseen:
    """The cluster of a value that nobody saw: equal to itself alone."""


def _powered(answers: Answers) -> _Ratio:
    """Prediction-powered mean: PPI++ with the lambda of least variance."""
    chosen = answers.is_labelled
    clusters = list(answers.clusters)
    theirs = [cluster for cluster, is_chosen in zip(clusters, chosen, strict=True) if is_chosen]
    others = [cluster for cluster, is_chosen in zip(clusters, chosen, strict=True) if not is_chosen]
    labels, scores, rest = answers.labels[chosen], answers.values[chosen], answers.values[~chosen]
    power = tuned_lambda(labels, scores, rest)
    residual = _mean(labels - power * scores, theirs, low=-1.0)
    errors, plain, center = list(residual.errors), residual.plain, residual.center
    if rest.size:
        predicted = _mean(rest, others, low=answers.low)
        errors += [(cluster, power * error) for cluster, error in predicted.errors]
        plain, center = plain + power * predicted.plain, center + power * predicted.center
    degrees = max(len(set(theirs)) - 1, 1)
    variance = _squares(errors, errors) * (degrees + 1) / degrees
    return _Ratio(plain, center, 1.0, variance, 0.0, 0.0, degrees)


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


def _transferred(answers: Answers, sample: Sequence[LabelledJudgement]) -> _Ratio:
    """Mean corrected by what the judge says of good and of bad answers elsewhere."""
    clusters = [cluster_of(one.item, one.group) for one in sample]
    mean = _mean(answers.values, answers.clusters, low=answers.low)
    touched = float(answers.judged.mean())
    alpha, beta, errors = _line(sample, clusters)
    of_x = [*mean.errors, *((cluster, -touched * one) for cluster, one, _ in errors)]
    of_scale = [(cluster, one) for cluster, _, one in errors]
    x = mean.center - touched * alpha
    plain = mean.plain - touched * alpha
    return _Ratio(
        estimate=plain / beta if beta > 0 else plain,
        x=x,
        scale=beta,
        xx=_squares(of_x, of_x),
        xs=_squares(of_x, of_scale),
        ss=_squares(of_scale, of_scale),
        degrees=max(len(set(clusters)) - 2, 1),
    )


def _line(
    sample: Sequence[LabelledJudgement], clusters: Sequence[Cluster]
) -> tuple[float, float, list[tuple[Cluster, float, float]]]:
    """Fit the judge's score to people's label by least squares; return intercept, slope, and each answer's errors.

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


def _squares(first: Sequence[tuple[Cluster, float]], second: Sequence[tuple[Cluster, float]]) -> float:
    """Sum the products of two errors' totals, cluster by cluster."""
    totals: dict[Cluster, list[float]] = {}
    for place, errors in enumerate((first, second)):
        for cluster, error in errors:
            totals.setdefault(cluster, [0.0, 0.0])[place] += error
    return sum(one * other for one, other in totals.values())


def basis_of(arms: Sequence[Mapping[str, Score]], sample: Sequence[LabelledJudgement]) -> Basis:
    """Say what the correction rests on.

    Args:
        arms: The judge's scores of each arm, by item.
        sample: All answers that people labelled.
    """
    shared = set.intersection(*(set(scores) for scores in arms)) if arms else set()
    own = [item for item in shared if all(scores[item].parts[1:] for scores in arms)]
    if len(own) >= FEWEST_OWN:
        return "own"
    good, bad = sum(one.label > 0.5 for one in sample), sum(one.label < 0.5 for one in sample)
    return "transferred" if min(good, bad) >= FEWEST_LABELS else "none"

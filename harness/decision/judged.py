"""A judge's scores corrected for its errors, by answers that people labelled as well.

Two bases, and the report says which:

- own: people labelled the arms' own answers on some test rows, drawn at random: on every test row with labels they
  labelled what each arm answered there, so that no answer chose which rows count. Then prediction-powered inference
  (Angelopoulos et al. 2023, arXiv 2301.09633) needs nothing else: with labels Y on n rows and the judge's scores f on
  those and on N others,  theta = lambda mean_N(f) + mean_n(Y - lambda f),  and lambda is the one of least variance,
  Cov(Y, f) / ((1 + n / N) Var(f)), held in [0, 1] (PPI++, arXiv 2311.01453). With lambda 0 the judge is not used.
- transferred: people labelled other answers (on dev, say). What the judge says of good and of bad answers is learnt
  there, E[f | Y] = alpha + beta Y, and taken to hold for the arms' answers too:  theta = (mean(f) - alpha) / beta
  (Rogan and Gladen 1978, doi:10.1093/oxfordjournals.aje.a112510, for a score in [0, 1]). alpha and beta are uncertain,
  so the bounds are Fieller's: all theta for which mean(f) - alpha - theta beta is within t standard errors of 0. A
  judge that is not shown to tell good from bad (beta above 0) supports no claim.

An answer that is none (empty, cut off, unread) is bad for certain: no label is needed there, and no error of the judge
enters. The estimate is made on the other rows, and what they weigh is an uncertain share as well. Rows of one group
move together, in the test and in the labels. As everywhere here, whole scores that nobody saw are added to each mean
for the bounds alone (`harness.decision.paired`), since rare errors may not show in few labels; coverage is measured in
tests/decision/test_judged.py.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from harness.records import FEWEST_LABELS, UNCORRECTED, Basis, Interval, LabelledJudgement, Score

UNASKED = "nothing was left to the judge"  # the method where no answer was any
Floats = NDArray[np.float64]
Cluster = Hashable

NO_CLAIM = "no claim: "
# Chance on each side at which what a judge says is held to contradict its labels, however strict the bounds asked for
# are: stricter ones reach further, and would turn a contradiction into a claim.
CONTRADICTION = 0.025
FEWEST_OWN = 20  # test rows with labels of every arm's answer, from which on they are the basis


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
class _Ratio:
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


def single(scores: Sequence[Score], clusters: Sequence[Cluster]) -> Answers:
    """Gather one arm's items; `Score.parts` is whether the judge was asked, and people's label where there is one.

    A score without parts is of an item that was lost, and is counted as right or wrong to see what that changes.
    """
    judged = np.array([score.parts[0] if score.parts else 0.0 for score in scores])
    labels = np.array([score.parts[1] if score.parts[1:] else math.nan for score in scores])
    values = np.array([score.value for score in scores])
    return Answers(values, judged, labels, clusters, low=0.0, known=judged == 0)


def difference(ours: Sequence[Score], theirs: Sequence[Score], clusters: Sequence[Cluster]) -> Answers:
    """Gather the differences of two arms on the same items.

    Where one arm's item was lost, the difference counts as known, with what the judge says of the other's answer.
    """
    first, second = single(ours, clusters), single(theirs, clusters)
    is_lost = np.array([not (one.parts and other.parts) for one, other in zip(ours, theirs, strict=True)], dtype=bool)
    return Answers(
        first.values - second.values,
        first.judged - second.judged,
        first.labels - second.labels,
        clusters,
        low=-1.0,
        known=(first.is_known & second.is_known) | is_lost,
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
    rest = answers.open
    labels = int(rest.is_labelled.sum()) if correction.basis == "own" else len(correction.sample)
    if correction.basis == "none" or (rest.values.size and not labels):
        return _no_claim(answers, "too few labels of people's to correct the judge by")
    if not rest.values.size:
        found, words = _certain(answers), UNASKED
    elif correction.basis == "own":
        found, words = _powered(rest, is_sure=correction.is_sure), f"PPI++ on {labels} labels"
    else:
        found, words = _transferred(rest, correction), f"Rogan-Gladen on {labels} labels"
    found = _with_known(found, answers) if rest.values.size else found
    bounds, inner = found.bounds(tail), found.bounds(max(tail, CONTRADICTION))
    if bounds is None or inner is None:
        return _no_claim(answers, "by people's labels the judge is not shown to tell good answers from bad")
    if not correction.is_sure and (inner[1] <= answers.low or inner[0] >= 1.0):
        return _no_claim(answers, "what the judge says here contradicts how it judged the labelled answers")
    estimate = min(max(found.estimate, answers.low), 1.0)
    low, high = max(answers.low, min(bounds[0], estimate)), min(1.0, max(bounds[1], estimate))
    return Interval(estimate, low, high, answers.values.size, f"{words} {100 * (1 - 2 * tail):.4g}%")


def corrected_gain(
    ours: Sequence[Score], theirs: Sequence[Score], clusters: Sequence[Cluster], correction: Correction, tail: float
) -> Interval:
    """Return how far one arm is above another; no claim where there is none of either's own figure.

    A gain rests on the same errors of the judge, and does not show by itself that they are others here.
    """
    gain = corrected(difference(ours, theirs, clusters), correction, tail)
    for scores in (ours, theirs):
        figure = corrected(single(scores, clusters), correction, tail)
        if figure.is_uncorrected:
            return _no_claim(difference(ours, theirs, clusters), figure.method.removeprefix(NO_CLAIM).split(";")[0])
    return gain


def _no_claim(answers: Answers, why: str) -> Interval:
    method = f"{NO_CLAIM}{why}; the figure is {UNCORRECTED}"
    return Interval(float(answers.values.mean()), answers.low, 1.0, answers.values.size, method)


def _certain(answers: Answers) -> _Ratio:
    """Return the mean of items that are all known."""
    mean = _mean(answers.values, answers.clusters, low=answers.low)
    return _Ratio(mean.plain, mean.center, 1.0, mean.errors, (), max(len(set(answers.clusters)) - 1, 1))


def _with_known(found: _Ratio, answers: Answers) -> _Ratio:
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
    return _Ratio(
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
    total = values.size + 2 * weight
    center = (float(values.sum()) + weight * (low + high)) / total
    seen = [(cluster, (float(value) - center) / total) for cluster, value in zip(clusters, values, strict=True)]
    added = [(_Unseen(), weight * (value - center) / total) for value in (low, high)]
    return _Mean(float(values.mean()), center, [*seen, *added])


class _Unseen:
    """The cluster of a value that nobody saw: equal to itself alone."""


def _powered(answers: Answers, *, is_sure: bool = False) -> _Ratio:
    """Prediction-powered mean: PPI++ with the lambda of least variance; `is_sure`: as if all items had labels."""
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
    if is_sure:
        share = math.sqrt(labels.size / answers.values.size)
        errors = [(cluster, share * error) for cluster, error in _mean(labels, theirs, low=answers.low).errors]
    degrees = max(len(set(clusters if is_sure else theirs)) - 1, 1)
    few = math.sqrt((degrees + 1) / degrees)
    return _Ratio(plain, center, 1.0, [(cluster, few * error) for cluster, error in errors], (), degrees)


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


def _transferred(answers: Answers, correction: Correction) -> _Ratio:
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
    return _Ratio(
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


def basis_of(arms: Sequence[Mapping[str, Score]], sample: Sequence[LabelledJudgement]) -> Basis:
    """Say what the correction rests on.

    Own labels are a sample of an arm's answers only where every row that has labels has one of its answer: rows whose
    labels happen to be of what it answered were chosen by its answer. Rows on which nobody answered need no label.

    Args:
        arms: The judge's scores of each arm, by item; `Score.parts` as in `single`, with NaN for the label on rows
            where people labelled other answers alone.
        sample: All answers that people labelled.
    """
    shared = set.intersection(*(set(scores) for scores in arms)) if arms else set()
    rows = [[scores[item].parts for scores in arms] for item in shared]
    labelled = [row for row in rows if any(parts[1:] and parts[0] for parts in row)]
    is_whole = all(parts[1:] and not math.isnan(parts[1]) for row in labelled for parts in row)
    if is_whole and len(labelled) >= FEWEST_OWN:
        return "own"
    good, bad = sum(one.label > 0.5 for one in sample), sum(one.label < 0.5 for one in sample)
    return "transferred" if min(good, bad) >= FEWEST_LABELS else "none"

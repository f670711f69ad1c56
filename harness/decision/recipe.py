"""What another run of the same recipe would reach, from an arm's fits with several seeds.

A verdict is about one adapter, the one that is shipped. Whether the recipe (data, method, options) would reach that
figure again is another question: the seed moves the figure too, as it does where an arm draws its answers. The scores
are a table of seeds by items, and the figure of a new run differs from the mean of the table by the error of the items,
and by what seeds differ in, which counts once more for the new seed: Var = V_items + V_seeds (1 + 1/S). Reporting the
variance between seeds beside that between items follows Bouthillier et al. 2021 (arXiv 2103.03098).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import special

from harness.decision.arms import FEWEST_ITEMS, MetricSpec, measured_scores
from harness.decision.intervals import (
    FEWEST_GROUPS,
    TAIL,
    Floats,
    Labels,
    bootstrap_error,
    exact,
    group_labels,
    no_claim,
)
from harness.decision.words import percent
from harness.records import Evidence, Interval, Recipe

FEWEST_SEEDS = 2


@dataclass(frozen=True, slots=True)
class _Variances:
    """Variances of figures, in squared shares."""

    items: float  # of the mean over seeds, from the choice of items
    seeds: float  # seen between the figures of the seeds
    rest: float  # of those, what items explain: the seeds' own luck with them


def recipe_of(fits: Sequence[Evidence], metric_spec: MetricSpec) -> Recipe | None:
    """Return what a new training run of an arm, or a new draw of its answers, would reach.

    Args:
        fits: The arm's fits; those that did not end well do not count.
        metric_spec: How the primary metric is read.

    Returns:
        None with fewer than two good fits, too few items or groups for a claim, or scores of a judge.
    """
    good = [fit for fit in fits if fit.status == "ok"]
    if len(good) < FEWEST_SEEDS or metric_spec.correction is not None:
        return None
    found = [measured_scores(fit, metric_spec.metric) for fit in good]
    items = [item for item in found[0] if all(item in scores for scores in found)]
    labels = group_labels(items, metric_spec)
    units = len(items) if labels is None else int(labels.max(initial=-1)) + 1
    if units < (FEWEST_ITEMS if labels is None else FEWEST_GROUPS):
        return None
    columns = [[scores[item] for item in items] for scores in found]
    if metric_spec.kind == "aggregate" and no_claim(columns[0], labels):
        return None
    figures = [metric_spec.aggregate(column) for column in columns]
    if metric_spec.kind == "aggregate":
        errors = [bootstrap_error([column], labels, metric_spec) for column in columns]
        variances = _Variances(float(np.mean(np.square(errors))), float(np.var(figures, ddof=1)), 0.0)
    else:
        variances = _variances(np.array([[score.value for score in column] for column in columns]), labels)
    seeds = tuple(fit.fit.seed for fit in good)
    between = math.sqrt(max(0.0, variances.seeds - variances.rest))
    new = _new_run(float(np.mean(figures)), variances, len(good), units, len(items))
    return Recipe(good[0].arm, seeds, tuple(figures), between, math.sqrt(variances.items), new)


def lost_seeds(fits: Mapping[str, Sequence[Evidence]]) -> list[str]:
    """Say which arms have seeds that did not end well: their figures are of the others."""
    found = []
    for arm, of_arm in fits.items():
        lost = [fit for fit in of_arm if fit.status in ("failed", "invalid")]
        if lost and len(lost) < len(of_arm):
            why = "; ".join(f"seed {fit.fit.seed} {fit.status}: {fit.reason}" for fit in lost)
            found.append(
                f"{arm}: {len(lost)} of {len(of_arm)} seeds did not end well ({why}); its figures are of the rest"
            )
    return found


def _variances(values: Floats, labels: Labels | None) -> _Variances:
    """Take a table of scores apart, shape (seeds, items)."""
    pairs = [_of_mean(a - b, labels) / 2 for a, b in combinations(values, 2)]
    return _Variances(
        items=_of_mean(values.mean(axis=0), labels),
        seeds=float(values.mean(axis=1).var(ddof=1)),
        rest=float(np.mean(pairs)),
    )


def _of_mean(values: Floats, labels: Labels | None) -> float:
    """Return the variance of a mean, by groups where items come in groups (Miller 2024, arXiv 2411.00640)."""
    numbers = np.arange(values.size) if labels is None else labels
    sizes = np.bincount(numbers)
    residuals = np.bincount(numbers, values) - values.mean() * sizes
    return float(residuals @ residuals) * sizes.size / (sizes.size - 1) / values.size**2


def _new_run(mean: float, variances: _Variances, seeds: int, units: int, items: int) -> Interval:
    """Return the prediction interval of a new run's figure, with Satterthwaite's degrees of freedom.

    Never narrower than the exact interval of that rate on so many items or groups, as resampled or averaged figures
    hold no error that was not seen. Source of the degrees of freedom: Satterthwaite 1946, doi:10.2307/3002019.
    """
    more = 1 + 1 / seeds
    total = variances.items + more * max(0.0, variances.seeds - variances.rest)
    parts = (variances.items**2 + (more * variances.rest) ** 2) / (units - 1)
    parts += (more * variances.seeds) ** 2 / (seeds - 1)
    degrees = units - 1.0 if parts == 0 else min(max(total**2 / parts, seeds - 1.0), units - 1.0)
    reach = float(special.stdtrit(degrees, 1 - TAIL)) * math.sqrt(total)
    floor = exact(mean * units, units)
    low, high = min(floor.low, mean - reach), max(floor.high, mean + reach)
    method = f"seeds and items, t {percent(TAIL)}"
    return Interval(mean, max(0.0, low), min(1.0, high), items, method)

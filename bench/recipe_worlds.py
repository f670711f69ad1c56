"""Worlds of an arm trained with several seeds: does the prediction interval hold the next training run?"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from decision_worlds import evidence_of
from scipy import special

from harness.decision.arms import MetricSpec
from harness.decision.recipe import recipe_of
from harness.planning.worlds import Floats
from harness.planning.worlds import mean as mean_score
from harness.records import Fit

SHARED = 0.4  # of the latent variance of an answer, by what all seeds share on an item
NEAR_ALL, NEAR_NONE = 0.999, 0.001


def new_run_coverage(runs: int, seed: int) -> Iterator[tuple[str, float, float]]:
    """Yield settings, the share of worlds whose next run lies inside, and the intervals' mean width."""
    for seeds in (2, 3, 5):
        for items, size in ((100, 1), (200, 1), (1000, 1), (200, 5)):
            for mean in (0.5, 0.92):
                for between in (0.0, 0.01, 0.03, 0.08):
                    random = np.random.default_rng((seed, seeds, items, size, round(1000 * (mean + between))))
                    found = [_world(random, seeds, items, size, mean, between) for _ in range(runs)]
                    name = f"{seeds} seeds, {mean:.2f}, sd {between:.2f}, n={items}{f' in {size}s' if size > 1 else ''}"
                    held = float(np.mean([low <= truth <= high for low, high, truth in found]))
                    yield name, held, float(np.mean([high - low for low, high, _ in found]))


def _world(
    random: np.random.Generator, seeds: int, items: int, size: int, mean: float, between: float
) -> tuple[float, float, float]:
    """Draw one world; return the interval's bounds and the true rate of the next run."""
    rates = np.clip(mean + between * random.standard_normal(seeds + 1), NEAR_NONE, NEAR_ALL)
    values = answers(random, rates[:-1], items, size)
    fits = [
        replace(evidence_of("arm", "tune", row, 0.5), fit=Fit("arm", seed=number)) for number, row in enumerate(values)
    ]
    groups = {str(index): f"g{index // size}" if size > 1 else None for index in range(items)}
    recipe = recipe_of(fits, MetricSpec(next(iter(fits[0].scores)), "rate", mean_score, groups))
    assert recipe is not None
    return recipe.new_run.low, recipe.new_run.high, float(rates[-1])


def answers(random: np.random.Generator, rates: Floats, items: int, size: int) -> Floats:
    """Draw right (1) and wrong (0) answers of fits with these true rates, shape (seeds, items)."""
    shared = np.repeat(random.standard_normal(items // size), size) * np.sqrt(SHARED)
    own = random.standard_normal((rates.size, items)) * np.sqrt(1 - SHARED)
    return np.asarray(shared + own < special.ndtri(rates)[:, None], dtype=np.float64)

"""Bounds of a mean that hold however often one looks, and whenever one stops: a betting confidence sequence.

Who holds that the mean is at most m offers a fair bet on each item; a gambler who bets a fraction of all they have
multiplies it by 1 - f + f x / m. If the claim is true, the gambler's capital is a supermartingale, and ever reaches
1 / tail with a chance of at most `tail` (Ville 1939). So every m is rejected at which it did. The capital is the mean
of gamblers who bet a tenth, two tenths, up to nine tenths; none looks ahead, and none has to know the variance.
Source: Waudby-Smith and Ramdas 2024, J. R. Stat. Soc. B 86:1, arXiv:2010.09686.

Groups are bet on whole: a group of s items, t of them right, moves the capital by 1 + f (t - s m) / (S m), S being the
largest group of the test. That is fair at every size, since a group's deviation s m - t is at most S m. Of larger
groups, which nobody saw, it knows nothing, as the usual interval does not.
"""

import math

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Small bets find small gains on many items, large ones large gains on few. None is below a tenth, so that however many
# items there are, a bound stays some points from the mean (docs/decision.md). Twice as many fractions ask no fewer
# items; bets by the items before (aGRAPA) mostly ask 3 to 5 points of the items more (bench/betting_choices.py).
FRACTIONS = np.arange(1, 10) / 10
PRECISION = 1e-5


def lower_bound(totals: Floats, sizes: Floats, largest: float, tail: float) -> float:
    """Return the highest mean that the capital rejected at any moment, or just below it.

    Args:
        totals: Sum of each group's values, each in [0, 1], in the order in which they were asked; shape (groups,).
        sizes: Items of each group.
        largest: Items of the largest group of the whole test, asked or not.
        tail: Chance that the bound ever lies above the true mean, in (0, 1).
    """
    needed = -math.log(tail)

    def beyond(mean: float) -> float:
        return float(log_capital(totals, sizes, largest, mean).max(initial=0.0)) - needed

    # the capital falls as the mean rises, and nobody gains by a bet against a mean of 1
    below = 0.5
    while beyond(below) < 0:
        below /= 2
        if below < PRECISION:
            return 0.0
    root = float(scipy.optimize.brentq(beyond, below, 2 * below, xtol=PRECISION / 4))
    return max(0.0, root - PRECISION)


def upper_bound(totals: Floats, sizes: Floats, largest: float, tail: float) -> float:
    """Return the lowest mean that was rejected from above, or just above it; arguments as of `lower_bound`."""
    return 1.0 - lower_bound(sizes - totals, sizes, largest, tail)


def log_capital(totals: Floats, sizes: Floats, largest: float, mean: float) -> Floats:
    """Return the logarithm of the capital after each group, of who bets against a mean of at most `mean`, in (0, 1]."""
    moves = np.log1p(FRACTIONS[:, None] * (totals / mean - sizes) / largest)
    logs = np.cumsum(moves, axis=1)  # (fractions, groups)
    most = logs.max(axis=0)
    return np.asarray(most + np.log(np.exp(logs - most).mean(axis=0)), dtype=np.float64)

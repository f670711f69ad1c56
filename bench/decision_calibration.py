"""Does the decision keep its promises? Synthetic worlds, the real decision code, no model.

    OMP_NUM_THREADS=1 python bench/decision_calibration.py

Prints three tables: false recommendations, coverage of every interval method, and power at the sample size that
the tool itself names. The gate has a script of its own (gate_calibration.py). About 6 minutes on one thread. Small runs
of the same functions are part of the tests (tests/decision/test_calibration.py).
"""

from collections.abc import Callable, Iterable

import numpy as np
from decision_worlds import (
    climbs_at_named_size,
    coverage,
    false_recommendations,
    graded_intervals,
    grouped_rate_intervals,
    macro_f1_intervals,
    paired_intervals,
    rate_intervals,
    worlds,
)
from scipy import stats

from harness.records import Interval


def binomial_limit(runs: int, rate: float = 0.05) -> int:
    """Return the count that a process of exactly this rate exceeds in under 5% of tables."""
    return int(stats.binom.ppf(0.95, runs, rate))


def print_false_recommendations(runs: int) -> None:
    """Table 1."""
    limit = binomial_limit(runs)
    print(f"1. False recommendations, {runs} runs a cell; a 5% process stays at or below {limit} ({limit / runs:.1%})")
    worst = total = 0
    for arms, size in ((2, 1), (4, 1), (8, 1), (8, 5)):
        for items in (40, 100, 200, 500):
            cells = []
            for index, (_, world) in enumerate(worlds(arms, items, size)):
                false, _ = false_recommendations(world, runs, seed=1000 * arms + items + index)
                cells.append(f"{false / runs:6.1%}")
                worst, total = max(worst, false), total + false
            kind = f"{arms} arms, n={items}" + (f", groups of {size}" if size > 1 else "")
            print(f"  {kind:32s} {' '.join(cells)}")
    print("  columns:", "; ".join(name for name, _ in worlds(2, 40)))
    print(f"  worst cell {worst / runs:.1%}, mean {total / runs / 96:.2%}, limit {limit / runs:.1%}\n")


def print_coverage(runs: int) -> None:
    """Table 2."""
    print(f"2. Coverage of the 95% intervals, {runs} runs a cell (Monte Carlo error {np.sqrt(0.0475 / runs):.2%})")
    print(f"  {'method':58s} covers  above  width")
    random = np.random.default_rng(2)
    for name, truth, make in coverage_cells(random):
        held, above, width = coverage(runs if "macro" not in name else runs // 10, truth, make)
        print(f"  {name:58s} {held:6.1%} {above:6.1%} {width:6.3f}")
    print()


def coverage_cells(
    random: np.random.Generator,
) -> Iterable[tuple[str, float, Callable[[], Interval | None]]]:
    """List every interval method with the settings it is tried in."""
    for n in (20, 100, 200):
        for rate in (0.5, 0.9, 0.98):
            yield f"Wilson, rate {rate:.2f}, n={n}", rate, rate_intervals(rate, n, random)
    for n, size, within in ((200, 5, 0.0), (200, 5, 0.3), (200, 5, 0.9), (50, 5, 0.3)):
        for rate in (0.5, 0.9, 0.97):
            name = f"grouped Wilson, rate {rate:.2f}, {n // size} groups of {size}, r={within}"
            yield name, rate, grouped_rate_intervals(rate, n, size, within, random)
    for n in (20, 40, 200):
        for rates in ((0.5, 0.5), (0.9, 0.9), (0.6, 0.8), (0.9, 0.97)):
            name = f"Bonett-Price, {rates[0]:.2f} to {rates[1]:.2f}, n={n}"
            yield name, rates[1] - rates[0], paired_intervals(rates, n, random)
    for n, size, within in ((200, 5, 0.0), (200, 5, 0.3), (50, 5, 0.3)):
        for rates in ((0.6, 0.6), (0.6, 0.8)):
            name = f"paired groups, {rates[0]:.2f} to {rates[1]:.2f}, {n // size} groups of {size}, r={within}"
            yield name, rates[1] - rates[0], paired_intervals(rates, n, random, size=size, within=within)
    for n in (20, 50, 200):
        for kind in ("smooth", "many ties", "rare whole loss"):
            truth, make = graded_intervals(kind, n, random)
            yield f"graded gain, {kind}, n={n}", truth, make
    for n in (50, 200):
        truth, make_f1 = macro_f1_intervals(n, random)
        yield f"macro-F1 bootstrap, n={n}", truth, make_f1


def print_power(runs: int) -> None:
    """Table 3."""
    print(f"3. Power at the size that the tool names (80% asked, {runs} runs), gain to be shown above 2 points")
    for gain in (0.05, 0.10, 0.20):
        named, shown = climbs_at_named_size(gain, pilot=100, runs=runs, seed=3)
        print(f"  true gain {gain:.0%}: {named} items named, shown in {shown:.1%}")
    print()


if __name__ == "__main__":
    print_false_recommendations(runs=300)
    print_coverage(runs=4_000)
    print_power(runs=4_000)

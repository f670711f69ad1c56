"""What tuning did to general ability, measured on items that the base and the tuned weights both answered.

An item that one side could not answer (or whose score is not finite) has no change. It is not left out in silence: a
claim of safety counts it at its worst for the tuned weights, a claim of harm at its best.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import scipy  # its parts load at their first use: a worker, which imports this, needs none

from harness.decision.intervals import TAIL, Floats, wilson
from harness.decision.paired import GRADED_PAIRS, RATE_PAIRS, MeanDifference, mean_difference
from harness.decision.words import percent
from harness.records import BenchmarkItem, GeneralAbility, Interval, TaskChange

# A base this far above chance (chance-corrected lower bound) has an ability that can be lost.
CLEARLY_ABOVE_CHANCE = 0.10

Fill = Literal["none", "worst", "best"]  # what stands for the side that an item lacks


@dataclass(frozen=True)
class Pairs:
    """One measure of benchmark items on both weights, column by column, each of shape (pairs,), in [0, 1]."""

    base: Floats
    tuned: Floats
    chance: Floats  # what blind guessing earns; 0 for items without options

    @property
    def is_rate(self) -> bool:
        """Whether every value is 0 or 1."""
        return all(bool(np.isin(column, (0.0, 1.0)).all()) for column in (self.base, self.tuned))

    @cached_property
    def change(self) -> MeanDifference | None:
        """Mean of tuned less base."""
        return mean_difference(self.tuned - self.base, is_rate=self.is_rate)

    @property
    def above_chance(self) -> float:
        """How far the base's mean lies above chance."""
        return float((self.base - self.chance).mean()) if self.base.size else 0.0

    def surely_above_chance(self, tail: float) -> float:
        """Return the lower bound of `above_chance`; -1 from fewer than two pairs."""
        found = mean_difference(self.base - self.chance, is_rate=False)
        return found.interval(tail).low if found else -1.0

    def kept(self, share: float) -> MeanDifference | None:
        """Return the mean of tuned less a share of the base, both above chance: below 0, less is kept."""
        lost = (self.tuned - self.chance) - share * (self.base - self.chance)
        return mean_difference(lost, is_rate=False)


@dataclass(frozen=True)
class Benchmark:
    """One general benchmark before and after tuning."""

    task: str
    scores: Pairs
    probabilities: Pairs | None  # given to right answers; None where some item has none

    @property
    def base(self) -> Interval:
        """The base's score."""
        return wilson(float(self.scores.base.sum()), self.scores.base.size)

    @property
    def is_measurable(self) -> bool:
        """Whether the base is clearly above chance here, so that something can be lost."""
        chance = float(self.scores.chance.mean())
        return chance < 1 and (self.base.low - chance) / (1 - chance) >= CLEARLY_ABOVE_CHANCE

    def describe(self, broken: str) -> TaskChange:
        """Write the benchmark down; `broken` says why it fails the gate."""
        n, change = self.scores.base.size, self.scores.change
        moved = self.probabilities.change if self.probabilities else None
        retention = None
        if self.is_measurable:
            above = (self.scores.tuned - self.scores.chance).sum()
            retention = float(above / (self.scores.base - self.scores.chance).sum())
        return TaskChange(
            task=self.task,
            n=n,
            base=self.base,
            tuned=wilson(float(self.scores.tuned.sum()), n),
            change=change.interval() if change else None,
            probability_change=moved.interval() if moved else None,
            retention=retention,
            measurable=self.is_measurable,
            broken=broken,
        )


@dataclass(frozen=True)
class PairedBenchmarks:
    """The benchmark items of one tuned arm beside its reference's."""

    benchmarks: tuple[Benchmark, ...]  # by name
    judged: frozenset[str]  # benchmarks on which the base has something to lose
    incomplete: int  # items that one side lacks
    lost: int  # of these, items that the base answered
    unanswered: int  # items that both sides lack
    unscaled: tuple[str, ...]  # benchmarks scored outside [0, 1] (perplexities), which no gain here can bound

    @cached_property
    def scores(self) -> Pairs:
        """The scores on all judged benchmarks, one weight an item."""
        return _stack([item.scores for item in self.benchmarks if item.task in self.judged])

    @cached_property
    def probabilities(self) -> Pairs | None:
        """The probabilities given to right answers on the same items; None where some item has none."""
        parts = [item.probabilities for item in self.benchmarks if item.task in self.judged]
        return None if not parts or None in parts else _stack([part for part in parts if part is not None])

    def retention(self, tail: float = TAIL) -> Interval | None:
        """Return chance-corrected tuned / base over the judged benchmarks."""
        return ratio_interval(self.scores, tail) if self.judged and self.scores.base.size else None


def pair_items(base: GeneralAbility, tuned: GeneralAbility, fill: Fill = "none") -> PairedBenchmarks:
    """Pair what the tuned weights did with what their reference did, item by item.

    Which benchmarks are judged, and which have a scale, is read off the base alone: weights that lost a benchmark
    cannot take it out of the verdict. An item that the tuned weights have scored outside [0, 1], or by another metric,
    counts as one that they lack.
    """
    unscaled = {item.task for item in base.items if math.isfinite(item.score) and not _is_share(item)}
    before = {(item.task, item.item): item for item in base.items if item.task not in unscaled and _is_whole(item)}
    after = {
        (item.task, item.item): item
        for item in tuned.items
        if item.task not in unscaled and _is_whole(item) and _is_share(item) and _is_same_measure(item, before)
    }
    asked = {(item.task, item.item) for side in (base, tuned) for item in side.items if item.task not in unscaled}
    rows = [(before[key], after[key]) for key in sorted(before.keys() & after.keys())]
    halves = sorted(before.keys() ^ after.keys())
    judged = frozenset(
        item.task for item in _benchmarks([(known, known) for known in before.values()]) if item.is_measurable
    )
    if fill != "none":
        rows += [_filled(before.get(key), after.get(key), fill) for key in halves]
    unanswered = len(asked) - len(before.keys() | after.keys())
    lost = len(before.keys() - after.keys())
    return PairedBenchmarks(_benchmarks(rows), judged, len(halves), lost, unanswered, tuple(sorted(unscaled)))


def ratio_interval(pairs: Pairs, tail: float = TAIL) -> Interval | None:
    """Return (tuned - chance) / (base - chance) by Fieller's theorem; None when the base may be at chance.

    The interval holds every ratio r for which the mean of x - r y, with x = tuned - chance and
    y = base - chance, cannot be distinguished from 0: (sum x - r sum y)^2 <= z^2 times its variance. Whole gains and
    losses join the variance, so that the width is never zero; bases that few items place above chance have no ratio.
    Source: Fieller 1954, doi:10.1111/j.2517-6161.1954.tb00159.x.
    """
    x, y = pairs.tuned - pairs.chance, pairs.base - pairs.chance
    added = RATE_PAIRS if pairs.is_rate else GRADED_PAIRS
    total = x.size + 2 * added
    z = -float(scipy.special.ndtri(tail))
    # |M|^2 (1 + z^2 / N) <= z^2 S / N^2, with M and S quadratic in r: a r^2 - 2 b r + c <= 0
    scale = 1 + z**2 / total
    a = float(y.sum()) ** 2 * scale - z**2 * float(y @ y)
    b = float(x.sum()) * float(y.sum()) * scale - z**2 * float(x @ y)
    c = float(x.sum()) ** 2 * scale - z**2 * (float(x @ x) + 2 * added)
    if a <= 0 or float(y.sum()) <= 0:
        return None
    root = math.sqrt(max(b * b - a * c, 0.0))
    estimate = float(x.sum() / y.sum())
    low, high = min((b - root) / a, estimate), max((b + root) / a, estimate)
    return Interval(estimate, low, high, x.size, f"Fieller {percent(tail)}")


def _is_share(item: BenchmarkItem) -> bool:
    return 0.0 <= item.score <= 1.0


def _is_whole(item: BenchmarkItem) -> bool:
    """Whether an item was answered: NaN and infinities are not answers."""
    return math.isfinite(item.score) and (item.probability is None or math.isfinite(item.probability))


def _is_same_measure(item: BenchmarkItem, before: Mapping[tuple[str, str], BenchmarkItem]) -> bool:
    known = before.get((item.task, item.item))
    return known is None or known.metric == item.metric


def _filled(
    before: BenchmarkItem | None, after: BenchmarkItem | None, fill: Fill
) -> tuple[BenchmarkItem, BenchmarkItem]:
    """Put the worst or the best for the tuned weights instead of the side that an item lacks."""
    known = before or after
    assert known is not None
    good = (fill == "best") == (known is before)  # the worst: the tuned side wrong, or the base right
    probability = None if known.probability is None else float(good)
    assumed = BenchmarkItem(known.task, known.item, float(good), probability, known.chance, known.metric)
    return (known, assumed) if known is before else (assumed, known)


def _benchmarks(rows: Sequence[tuple[BenchmarkItem, BenchmarkItem]]) -> tuple[Benchmark, ...]:
    by_task: dict[str, list[tuple[BenchmarkItem, BenchmarkItem]]] = {}
    for row in rows:
        by_task.setdefault(row[0].task, []).append(row)
    return tuple(_benchmark(task, by_task[task]) for task in sorted(by_task))


def _benchmark(task: str, rows: Sequence[tuple[BenchmarkItem, BenchmarkItem]]) -> Benchmark:
    chance = np.array([before.chance or 0.0 for before, _ in rows])
    scores = Pairs(np.array([a.score for a, _ in rows]), np.array([b.score for _, b in rows]), chance)
    given = [(a.probability, b.probability) for a, b in rows if a.probability is not None and b.probability is not None]
    if len(given) < len(rows):
        return Benchmark(task, scores, None)
    return Benchmark(task, scores, Pairs(np.array([a for a, _ in given]), np.array([b for _, b in given]), chance))


def _stack(parts: Sequence[Pairs]) -> Pairs:
    columns: Mapping[str, list[Floats]] = {name: [getattr(part, name) for part in parts] for name in _COLUMNS}
    return Pairs(**{name: np.concatenate([*found, np.empty(0)]) for name, found in columns.items()})


_COLUMNS = ("base", "tuned", "chance")

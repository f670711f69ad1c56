"""What tuning did to general ability, measured on items that the base and the tuned weights both answered."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from harness.decision.intervals import TAIL, Floats, percent, wilson
from harness.decision.paired import GRADED_PAIRS, RATE_PAIRS, MeanDifference, mean_difference
from harness.records import BenchmarkItem, GeneralAbility, Interval, TaskChange

# A base this far above chance (chance-corrected lower bound) has an ability that can be lost.
CLEARLY_ABOVE_CHANCE = 0.10
# Equal weights differ by no more than this from run to run (the engine's own tolerance, nats per token).
LOSS_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Pairs:
    """Benchmark items answered by both weights, column by column, each of shape (pairs,)."""

    base: Floats  # scores in [0, 1]
    tuned: Floats
    chance: Floats  # score of blind guessing; 0 for items without options

    @property
    def is_rate(self) -> bool:
        """Whether every score is 0 or 1."""
        return all(bool(np.isin(column, (0.0, 1.0)).all()) for column in (self.base, self.tuned))

    @property
    def change(self) -> MeanDifference | None:
        """Mean of tuned less base."""
        return mean_difference(self.tuned - self.base, is_rate=self.is_rate)


@dataclass(frozen=True)
class Benchmark:
    """One general benchmark before and after tuning."""

    task: str
    pairs: Pairs

    @property
    def base(self) -> Interval:
        """The base's score."""
        return wilson(float(self.pairs.base.sum()), self.pairs.base.size)

    @property
    def is_measurable(self) -> bool:
        """Whether the base is clearly above chance here, so that something can be lost."""
        chance = float(self.pairs.chance.mean())
        return chance < 1 and (self.base.low - chance) / (1 - chance) >= CLEARLY_ABOVE_CHANCE

    def describe(self, broken: str) -> TaskChange:
        """Write the benchmark down; `broken` says why it fails the gate."""
        n, change = self.pairs.base.size, self.pairs.change
        retention = None
        if self.is_measurable:
            above = (self.pairs.tuned - self.pairs.chance).sum()
            retention = float(above / (self.pairs.base - self.pairs.chance).sum())
        return TaskChange(
            task=self.task,
            n=n,
            base=self.base,
            tuned=wilson(float(self.pairs.tuned.sum()), n),
            change=change.interval() if change else None,
            retention=retention,
            measurable=self.is_measurable,
            broken=broken,
        )


@dataclass(frozen=True)
class Forgetting:
    """All paired measurements of one tuned arm against its reference."""

    pooled: Pairs  # every benchmark item, one weight each
    benchmarks: tuple[Benchmark, ...]  # by name
    probability: MeanDifference | None  # change of the probability given to right answers
    unpaired: int  # benchmark items that only one side answered
    unscaled: tuple[str, ...]  # benchmarks scored outside [0, 1] (perplexities), which no gain here can bound
    text_changes: Floats  # nats per token, one per text

    def retention(self, tail: float = TAIL) -> Interval | None:
        """Return chance-corrected tuned / base over the measurable benchmarks."""
        measurable = [benchmark.pairs for benchmark in self.benchmarks if benchmark.is_measurable]
        return ratio_interval(_stack(measurable), tail) if measurable else None

    def text_loss(self, tail: float = TAIL) -> Interval | None:
        """Return the mean change of the loss on general texts: Student's t over the texts, nats per token."""
        n = self.text_changes.size
        if n < 2:
            return None
        error = float(self.text_changes.std(ddof=1)) / math.sqrt(n)
        reach = max(float(stats.t.isf(tail, n - 1)) * error, LOSS_TOLERANCE)
        mean = float(self.text_changes.mean())
        return Interval(mean, mean - reach, mean + reach, n, f"t {percent(tail)}")


def measure(base: GeneralAbility, tuned: GeneralAbility) -> Forgetting:
    """Pair what the tuned weights did with what their reference did, item by item.

    Raises:
        ValueError: If a text has another length for the two.
    """
    unscaled = {item.task for item in (*base.items, *tuned.items) if not 0.0 <= item.score <= 1.0}
    before = {(item.task, item.item): item for item in base.items if item.task not in unscaled}
    after = {(item.task, item.item): item for item in tuned.items if item.task not in unscaled}
    shared = [key for key in before if key in after]
    columns = [(before[key], after[key]) for key in shared]
    tasks = sorted({task for task, _ in shared})
    return Forgetting(
        pooled=_pairs(columns),
        benchmarks=tuple(Benchmark(task, _pairs([c for c in columns if c[0].task == task])) for task in tasks),
        probability=_probability_change(columns),
        unpaired=len(before) + len(after) - 2 * len(shared),
        unscaled=tuple(sorted(unscaled)),
        text_changes=_text_changes(base, tuned),
    )


def ratio_interval(pairs: Pairs, tail: float = TAIL) -> Interval | None:
    """Return (tuned - chance) / (base - chance) by Fieller's theorem; None when the base may be at chance.

    The interval holds every ratio r for which the mean of x - r y, with x = tuned - chance and
    y = base - chance, cannot be told from 0: (sum x - r sum y)^2 <= z^2 times its variance. As for every
    paired gain here, whole gains and losses join the variance, so that the width is never zero.
    Source: Fieller 1954, doi:10.1111/j.2517-6161.1954.tb00159.x.
    """
    x, y = pairs.tuned - pairs.chance, pairs.base - pairs.chance
    added = RATE_PAIRS if pairs.is_rate else GRADED_PAIRS
    total = x.size + 2 * added
    z = float(stats.norm.isf(tail))
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


def _pairs(columns: Sequence[tuple[BenchmarkItem, BenchmarkItem]]) -> Pairs:
    return Pairs(
        base=np.array([before.score for before, _ in columns]),
        tuned=np.array([after.score for _, after in columns]),
        chance=np.array([before.chance or 0.0 for before, _ in columns]),
    )


def _stack(parts: Sequence[Pairs]) -> Pairs:
    return Pairs(
        base=np.concatenate([part.base for part in parts]),
        tuned=np.concatenate([part.tuned for part in parts]),
        chance=np.concatenate([part.chance for part in parts]),
    )


def _probability_change(columns: Sequence[tuple[BenchmarkItem, BenchmarkItem]]) -> MeanDifference | None:
    changes = [
        after.probability - before.probability
        for before, after in columns
        if before.probability is not None and after.probability is not None
    ]
    return mean_difference(np.array(changes), is_rate=False)


def _text_changes(base: GeneralAbility, tuned: GeneralAbility) -> Floats:
    before = {text.item: text for text in base.texts}
    changes: list[float] = []
    for text in tuned.texts:
        if text.item not in before:
            continue
        if text.tokens != before[text.item].tokens:
            raise ValueError(
                f"text '{text.item}' has {before[text.item].tokens} tokens for {base.weights} and {text.tokens} for "
                f"{tuned.weights}; losses per token compare only under one tokenizer"
            )
        changes.append((text.loss - before[text.item].loss) / text.tokens)
    return np.array(changes)

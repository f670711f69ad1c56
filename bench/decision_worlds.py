"""Synthetic worlds for the decision: arms, intervals and tunings whose truth is known."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.decision import decide
from harness.decision.arms import Yardstick
from harness.decision.intervals import aggregate_interval, grouped_wilson, wilson
from harness.decision.paired import mean_difference
from harness.decision.power import items_for_gain
from harness.records import (
    Decision,
    Evidence,
    Family,
    Interval,
    Limits,
    Outcome,
    Prediction,
    Score,
)

Floats = NDArray[np.float64]
METRIC = "exact_match"
LIMITS = Limits()
FAMILIES: dict[int, tuple[Family, ...]] = {
    2: ("prompt", "tune"),
    4: ("prompt", "prompt", "rag", "tune"),
    8: ("prompt", "prompt", "prompt", "rag", "tune", "tune", "tune", "combine"),
}


@dataclass(frozen=True)
class World:
    """True rates of the arms, and how their errors hang together."""

    families: tuple[Family, ...]
    rates: tuple[float, ...]  # true rate of each arm
    items: int
    shared: float = 0.4  # part of the latent variance that all arms share on an item: hard items are hard for all
    group_size: int = 1
    grouped: float = 0.0  # part that an arm's answers share within a group
    both: float = 0.0  # part that all arms share within a group


def draw(world: World, random: np.random.Generator, items: int | None = None) -> Floats:
    """Draw every arm's right and wrong answers, shape (arms, items), each arm with exactly its rate."""
    n = items or world.items
    arms = len(world.rates)
    group = np.arange(n) // world.group_size
    groups = int(group[-1]) + 1
    latent = np.sqrt(world.shared) * random.standard_normal(n)
    latent = latent + np.sqrt(world.both) * random.standard_normal(groups)[group]
    own = np.sqrt(world.grouped) * random.standard_normal((arms, groups))[:, group]
    rest = np.sqrt(1 - world.shared - world.grouped - world.both) * random.standard_normal((arms, n))
    threshold = np.asarray(stats.norm.ppf(world.rates))[:, None]
    return np.asarray(latent + own + rest < threshold, dtype=np.float64)


def evidence_of(name: str, family: Family, values: Floats, dev_score: float) -> Evidence:
    """Wrap an arm's item scores as evidence."""
    items = [str(index) for index in range(values.size)]
    return Evidence(
        arm=name,
        baseline=name,
        family=family,
        status="ok",
        dev_score=dev_score,
        predictions=tuple(Prediction(item, "", "", Outcome.SCORED, "stop", 0, 0, 0.0) for item in items),
        scores={METRIC: tuple(Score(item, float(value)) for item, value in zip(items, values, strict=True))},
    )


def mean(scores: Sequence[Score]) -> float:
    """Aggregate of a rate."""
    return sum(score.value for score in scores) / len(scores)


def decide_world(world: World, random: np.random.Generator) -> Decision:
    """Run a comparison in a world: dev names the candidates, test decides."""
    dev, test = draw(world, random, items=60), draw(world, random)
    names = [f"arm{index}" for index in range(len(world.rates))]
    arms = [
        evidence_of(name, family, values, float(dev_values.mean()))
        for name, family, values, dev_values in zip(names, world.families, test, dev, strict=True)
    ]
    return decide(
        arms,
        [],
        LIMITS,
        primary_metric=METRIC,
        metric_kind="rate",
        aggregate=mean,
        groups={str(index): str(index // world.group_size) for index in range(world.items)},
        constant_scores=None,
        planned_arms=names,
    )


def is_false(decision: Decision, world: World) -> bool:
    """Whether a verdict claims what is not so in its world; `undecided` claims nothing."""
    goal, margin = LIMITS.goal, LIMITS.smallest_gain
    if decision.action == "undecided":
        return False
    if decision.arm is None:  # rethink
        return max(world.rates) >= goal
    index = int(decision.arm.removeprefix("arm"))
    rate, family = world.rates[index], world.families[index]
    if family == "prompt":
        return rate < goal
    order = ("prompt", "rag", "tune", "combine")
    cheaper = [r for r, f in zip(world.rates, world.families, strict=True) if order.index(f) < order.index(family)]
    gains = rate - max(cheaper) > margin + 1e-9
    return not gains and not rate >= goal > max(cheaper)


def false_recommendations(world: World, runs: int, seed: int) -> tuple[int, int]:
    """Count false verdicts, and verdicts that are not `undecided`."""
    random = np.random.default_rng(seed)
    decisions = [decide_world(world, random) for _ in range(runs)]
    return sum(is_false(d, world) for d in decisions), sum(d.action != "undecided" for d in decisions)


def worlds(arms: int, items: int, group_size: int = 1) -> Iterable[tuple[str, World]]:
    """Name the worlds in which a climb would be false, or only just."""
    families = FAMILIES[arms]
    grouped = {"group_size": group_size, "grouped": 0.15, "both": 0.15} if group_size > 1 else {}

    def world(rates: Sequence[float]) -> World:
        return World(families, tuple(rates), items, **grouped)  # type: ignore[arg-type]

    rank = {"prompt": 0, "rag": 1, "tune": 1, "combine": 1}
    yield "all equal at 50%", world([0.5] * arms)
    yield "all equal at 85%", world([0.85] * arms)
    yield "all equal just below the goal", world([0.899] * arms)
    yield "all equal at the goal", world([0.9] * arms)
    yield "higher rungs gain exactly the margin", world([0.7 + 0.02 * rank[f] for f in families])
    yield "half null: RAG +20, tuning adds nothing", world([0.6 + 0.2 * rank[f] for f in families])


# ---- coverage -----------------------------------------------------------------------------


def coverage(runs: int, truth: float, make: Callable[[], Interval | None]) -> tuple[float, float, float]:
    """Return the share of intervals that hold the truth, that lie above it, and their mean width."""
    found = [interval for _ in range(runs) if (interval := make()) is not None]
    held = sum(item.low <= truth <= item.high for item in found)
    above = sum(item.low > truth for item in found)
    return held / len(found), above / len(found), float(np.mean([item.high - item.low for item in found]))


def rate_intervals(rate: float, n: int, random: np.random.Generator) -> Callable[[], Interval]:
    """Wilson on independent items."""
    return lambda: wilson(float(random.binomial(n, rate)), n)


def grouped_rate_intervals(
    rate: float, n: int, size: int, within: float, random: np.random.Generator
) -> Callable[[], Interval]:
    """Wilson on grouped items; `within` is the latent correlation in a group."""
    world = World(("prompt",), (rate,), n, shared=0.0, group_size=size, grouped=within)
    labels = (np.arange(n) // size).astype(np.intp)
    return lambda: grouped_wilson(draw(world, random)[0], labels)


def paired_intervals(
    rates: tuple[float, float], n: int, random: np.random.Generator, *, size: int = 1, within: float = 0.0
) -> Callable[[], Interval | None]:
    """Gain of the second arm over the first; grouped when `size` is above 1."""
    world = World(("prompt", "tune"), rates, n, group_size=size, grouped=within)
    labels = (np.arange(n) // size).astype(np.intp) if size > 1 else None

    def make() -> Interval | None:
        first, second = draw(world, random)
        difference = mean_difference(second - first, is_rate=True, labels=labels)
        return difference.interval() if difference else None

    return make


def graded_intervals(kind: str, n: int, random: np.random.Generator) -> tuple[float, Callable[[], Interval | None]]:
    """Graded gains: smooth ones, and the worst case for a studentised mean, a rare loss of a whole point."""
    sample: Callable[[], np.ndarray]
    if kind == "smooth":
        truth = 0.0
        sample = lambda: random.beta(4, 2, n) - random.beta(4, 2, n)  # noqa: E731
    elif kind == "many ties":
        truth = 0.15 * 0.5
        sample = lambda: (random.random(n) < 0.15) * random.random(n)  # noqa: E731
    else:
        loss = 3.0 / n
        truth = 0.05 * (1 - loss) - loss
        sample = lambda: np.where(random.random(n) < loss, -1.0, 0.05)  # noqa: E731

    def make() -> Interval | None:
        difference = mean_difference(sample(), is_rate=False)
        return difference.interval() if difference else None

    return truth, make


def macro_f1(scores: Sequence[Score]) -> float:
    """Macro-F1 over the labels that occur."""
    table: dict[str, list[int]] = {}
    for score in scores:
        expected, predicted = score.expected or "", score.predicted or ""
        table.setdefault(expected, [0, 0, 0])[2] += 1
        table.setdefault(predicted, [0, 0, 0])[1] += 1
        table[expected][0] += expected == predicted
    return sum(2 * hit / (said + meant) for hit, said, meant in table.values()) / len(table)


def macro_f1_intervals(n: int, random: np.random.Generator) -> tuple[float, Callable[[], Interval]]:
    """Macro-F1 of four labels, one of them rare, answered right in 80% of items."""
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    yardstick = Yardstick("macro_f1", "aggregate", macro_f1, {})
    said = 0.8 * shares + 0.2 / 4  # a quarter of the guesses hits by luck
    truth = float(np.mean(2 * 0.85 * shares / (shares + said)))

    def make() -> Interval:
        meant = random.choice(4, n, p=shares)
        answered = np.where(random.random(n) < 0.8, meant, random.integers(4, size=n))
        rows = [
            Score(str(index), float(a == m), str(a), str(m))
            for index, (a, m) in enumerate(zip(answered, meant, strict=True))
        ]
        return aggregate_interval(rows, yardstick, None)

    return truth, make


# ---- power ----------------------------------------------------------------------------------


def climbs_at_named_size(gain: float, pilot: int, runs: int, seed: int) -> tuple[int, float]:
    """Return the size that the tool names after a typical pilot, and how often the gain is shown at that size."""
    rates = (0.6, 0.6 + gain)
    random = np.random.default_rng(seed)
    world = World(("prompt", "tune"), rates, 20_000)
    first, second = draw(world, random)
    spread = mean_difference(second - first, is_rate=True)
    assert spread is not None
    reach = stats.norm.isf(0.025) * spread.error * np.sqrt(20_000 / pilot)
    named = items_for_gain(Interval(gain, gain - reach, gain + reach, pilot, ""), LIMITS.smallest_gain)
    assert named is not None
    make = paired_intervals(rates, named, random)
    shown = sum((interval := make()) is not None and interval.low > LIMITS.smallest_gain for _ in range(runs))
    return named, shown / runs

"""Synthetic worlds for the decision: arms, intervals and tunings whose truth is known."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.decision import decide
from harness.decision.arms import LADDER, JudgedArms, MetricKind, MetricSpec, read_arms
from harness.decision.intervals import aggregate_interval, exact, grouped_mean
from harness.decision.ladder import ArmScores
from harness.decision.paired import honest_gain, mean_difference
from harness.decision.power import gain_hurdle, items_needed, rate_hurdle
from harness.decision.verdict import MOST_TO_RULE_OUT, Verdict, judge
from harness.planning.worlds import Floats, latent_scores, mean
from harness.records import (
    Decision,
    Evidence,
    Family,
    Fit,
    Gate,
    Interval,
    Limits,
    Outcome,
    Prediction,
    Score,
)

METRIC = "exact_match"
LIMITS = Limits()
FAMILIES: dict[int, tuple[Family, ...]] = {
    2: ("prompt", "tune"),
    4: ("prompt", "prompt", "rag", "tune"),
    8: ("prompt", "prompt", "prompt", "rag", "tune", "tune", "tune", "combine"),
}


NO_GATE = Gate("", "not_measured", (), None, None, None, (), None, None, None, None)


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
    sizes: tuple[int, ...] = ()  # of the groups, where they are unequal; they sum to `items`
    is_graded: bool = False  # scores in [0, 1] with these means instead of right and wrong
    goal: float = 0.9

    def group_numbers(self, items: int) -> NDArray[np.intp]:
        """Return the group of each item."""
        if not self.sizes:
            return (np.arange(items) // self.group_size).astype(np.intp)
        numbers = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return np.resize(numbers, items) + len(self.sizes) * (np.arange(items) // numbers.size)

    @property
    def limits(self) -> Limits:
        """The user's thresholds."""
        return Limits(goal=self.goal)


def draw(world: World, random: np.random.Generator, items: int | None = None) -> Floats:
    """Draw every arm's right and wrong answers, shape (arms, items), each arm with exactly its rate."""
    n = items or world.items
    arms = len(world.rates)
    parts = {"shared": world.shared, "within": world.grouped, "between": world.both}
    uniform = stats.norm.cdf(latent_scores(arms, n, world.group_numbers(n), random, **parts))
    rates = np.asarray(world.rates)[:, None]
    if world.is_graded:  # beta scores with these means: a third of the variance that a yes or no would have
        return np.asarray(stats.beta.isf(uniform, 2 * rates, 2 * (1 - rates)), dtype=np.float64)
    return np.asarray(uniform < rates, dtype=np.float64)


def evidence_of(name: str, family: Family, values: Floats, dev_score: float) -> Evidence:
    """Wrap an arm's item scores as evidence."""
    predictions = _answered(values.size)
    return Evidence(
        fit=Fit(name),
        baseline=name,
        family=family,
        status="ok",
        dev_score=dev_score,
        predictions=predictions,
        scores={METRIC: tuple(_score(p.example_id, v) for p, v in zip(predictions, values.tolist(), strict=True))},
    )


@cache
def _answered(count: int) -> tuple[Prediction, ...]:
    return tuple(Prediction(str(index), "", "", Outcome.SCORED, "stop", 0, 0, 0.0) for index in range(count))


@lru_cache(maxsize=100_000)  # most worlds know right and wrong alone
def _score(item: str, value: float) -> Score:
    return Score(item, value)


def decide_world(world: World, random: np.random.Generator) -> Decision:
    """Run a whole comparison in a world: dev names the candidates, test decides, and says so in words."""
    judged_arms, metric_spec = field_of(world, random)
    return decide(
        [arm.evidence for arm in judged_arms.judged],
        [],
        world.limits,
        primary_metric=METRIC,
        metric_kind=metric_spec.kind,
        aggregate=mean,
        groups=metric_spec.groups,
        constant_scores=None,
        planned_arms=[arm.name for arm in judged_arms.judged],
    )


def judge_world(world: World, random: np.random.Generator, failing: Collection[int] = ()) -> Verdict:
    """Run the rules alone, in a world where the arms of these numbers fail the gate."""
    judged_arms, metric_spec = field_of(world, random)
    names = [f"arm{index}" for index in failing]
    gates = {name: replace(NO_GATE, arm=name, state="fail") for name in names}
    return judge(ArmScores(replace(judged_arms, blocked=frozenset(names)), metric_spec, world.limits), gates, None)


def field_of(world: World, random: np.random.Generator) -> tuple[JudgedArms, MetricSpec]:
    """Draw a comparison: 60 dev items name the candidates."""
    dev, test = draw(world, random, items=60), draw(world, random)
    names = [f"arm{index}" for index in range(len(world.rates))]
    arms = [
        evidence_of(name, family, values, float(dev_values.mean()))
        for name, family, values, dev_values in zip(names, world.families, test, dev, strict=True)
    ]
    groups = {str(index): str(group) for index, group in enumerate(world.group_numbers(world.items))}
    kind: MetricKind = "graded" if world.is_graded else "rate"
    return read_arms(arms, names, METRIC, world.limits), MetricSpec(METRIC, kind, mean, groups)


@dataclass(frozen=True)
class Falsehoods:
    """What a verdict claims that is not so in its world."""

    recommendation: bool  # a climb that gains at most the margin, nor reaches the goal alone
    stop: bool  # a prompt below the goal
    goal: bool  # a goal met by an arm below it, or missed by one that reaches it
    rethink: bool  # although an arm reaches the goal, or tuning gains what was ruled out

    @property
    def any(self) -> bool:
        """Whether anything is."""
        return self.recommendation or self.stop or self.goal or self.rethink


def falsehoods(verdict: Verdict, world: World) -> Falsehoods:
    """Compare a verdict with its world; `undecided` claims nothing."""
    goal, margin = world.goal, world.limits.smallest_gain
    best = max(world.rates)
    if verdict.action in ("undecided", "rethink"):
        prompts = [rate for rate, family in zip(world.rates, world.families, strict=True) if family == "prompt"]
        reach = min((goal - max(prompts)) / 2, MOST_TO_RULE_OUT)
        is_wrong = best >= goal or best - max(prompts) > reach
        return Falsehoods(False, False, False, verdict.action == "rethink" and is_wrong)
    assert verdict.arm is not None
    index = int(verdict.arm.name.removeprefix("arm"))
    rate, family = world.rates[index], world.families[index]
    is_wrong_of_goal = {"met": rate < goal, "missed": rate >= goal, "not_shown": False}[verdict.goal]
    if family == "prompt":
        return Falsehoods(False, rate < goal, False, False)
    cheaper = [r for r, f in zip(world.rates, world.families, strict=True) if LADDER.index(f) < LADDER.index(family)]
    gains = rate - max(cheaper) > margin + 1e-9
    return Falsehoods(not gains and not rate >= goal > max(cheaper), False, is_wrong_of_goal, False)


def false_verdicts(world: World, runs: int, seed: int) -> dict[str, int]:
    """Count each kind of false verdict."""
    random = np.random.default_rng(seed)
    found = [falsehoods(judge_world(world, random), world) for _ in range(runs)]
    return {name: sum(getattr(item, name) for item in found) for name in ("recommendation", "stop", "goal", "rethink")}


def right_verdicts(
    world: World, action: str, runs: int, seed: int, *, arm: str | None = None, failing: Collection[int] = ()
) -> float:
    """Return the share of runs with this action (and arm)."""
    random = np.random.default_rng(seed)
    found = [judge_world(world, random, failing) for _ in range(runs)]
    return float(np.mean([v.action == action and (arm is None or (v.arm and v.arm.name) == arm) for v in found]))


SHAPES: dict[str, tuple[int, ...]] = {
    "10 x 50": (50,) * 10,
    "20 x 10": (10,) * 20,
    "40 x 5": (5,) * 40,
    "40 unequal": (1, 2, 3, 5, 9, 14, 20, 30) * 5,
}
RANK = {"prompt": 0, "rag": 1, "tune": 1, "combine": 1}


def worlds(arms: int) -> Iterable[tuple[str, World]]:
    """Name worlds in which a false claim is easy: climbs are possible, rates are near the goal."""
    families = FAMILIES[arms]

    def world(rates: Sequence[float]) -> World:
        return World(families, tuple(rates), 0)

    yield "just below goal", world([0.89] * arms)
    yield "at margin", world([0.85 + 0.02 * RANK[f] for f in families])
    yield "goal is near", world([0.80 + 0.095 * RANK[f] for f in families])
    yield "RAG only", world([0.70 + (0.15 if f != "prompt" else 0.0) for f in families])
    if arms > 2:
        yield "one prompt near", world([0.895 if i == 1 else 0.7 for i in range(arms)])


# ---- coverage -----------------------------------------------------------------------------


@dataclass(frozen=True)
class CoverageCell:
    """An interval method in one setting."""

    name: str
    truth: float
    make: Callable[[], Interval | None]
    is_exact: bool = False
    is_slow: bool = False

    def runs(self, asked: int) -> int:
        """Return how many intervals to make."""
        return asked if self.is_slow else 10 * asked

    def coverage(self, runs: int) -> tuple[float, float]:
        """Return the share of intervals that hold the truth, and the share that claim anything."""
        found = [self.make() for _ in range(runs)]
        held = sum(item is None or item.low <= self.truth <= item.high for item in found)
        return held / runs, sum(item is not None and "no claim" not in item.method for item in found) / runs


def coverage_cells(random: np.random.Generator) -> Iterable[CoverageCell]:
    """List every interval method with the settings it is tried in."""
    for n in (20, 100, 500):
        for rate in (0.05, 0.5, 0.9, 0.95, 0.99):
            yield CoverageCell(f"exact, {rate:.2f}, n={n}", rate, rate_intervals(rate, n, random), is_exact=True)
    for shape, sizes in SHAPES.items():
        for within in (0.1, 0.5, 0.9, 1.0):  # 0.83 and 0.91: just below the bounds of 20 and 40 groups all right
            for rate in (0.5, 0.83, 0.91, 0.97):
                part = {"shared": 0.0, "grouped": within}
                world = World(("prompt",), (rate,), sum(sizes), sizes=sizes, **part)  # type: ignore[arg-type]
                yield CoverageCell(f"grouped, {rate:.2f}, {shape}, r={within}", rate, grouped_rates(world, random))
            yield CoverageCell(
                f"paired groups, rare whole losses, {shape}, r={within}", *rare_group_losses(sizes, within, random)
            )
    for n in (20, 40, 200):
        for rates in ((0.5, 0.5), (0.9, 0.9), (0.6, 0.8), (0.9, 0.97), (0.98, 0.99)):
            name = f"paired, {rates[0]:.2f} to {rates[1]:.2f}, n={n}"
            yield CoverageCell(name, rates[1] - rates[0], paired_intervals(rates, n, random))
    for n in (20, 50, 200):
        for kind in ("smooth", "many ties", "rare whole loss"):
            yield CoverageCell(f"graded gain, {kind}, n={n}", *graded_intervals(kind, n, random))
        for mean_score in (0.5, 0.95):
            name = f"graded score, {mean_score}, n={n}"
            yield CoverageCell(name, mean_score, graded_scores(mean_score, n, random))
    for n, labels in ((50, 4), (200, 4), (100, 20), (1000, 20)):
        truth, make_f1 = macro_f1_intervals(n, random, labels)
        yield CoverageCell(f"macro-F1 of {labels} labels, n={n}", truth, make_f1, is_slow=True)


def coverage(runs: int, truth: float, make: Callable[[], Interval | None]) -> tuple[float, float, float]:
    """Return the share of intervals that hold the truth, that lie above it, and their mean width."""
    found = [interval for _ in range(runs) if (interval := make()) is not None]
    held = sum(item.low <= truth <= item.high for item in found)
    above = sum(item.low > truth for item in found)
    return held / len(found), above / len(found), float(np.mean([item.high - item.low for item in found]))


def grouped_rates(world: World, random: np.random.Generator) -> Callable[[], Interval]:
    """Grouped items of one arm."""
    labels = world.group_numbers(world.items)
    return lambda: grouped_mean(draw(world, random)[0], labels)


def rare_group_losses(
    sizes: Sequence[int], rate: float, random: np.random.Generator
) -> tuple[float, Callable[[], Interval | None]]:
    """Small gains in most groups, and here and there a group that is lost whole."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    lost_share = 0.02 + 0.3 * rate

    def make() -> Interval | None:
        lost = (random.random(len(sizes)) < lost_share)[group]
        found = mean_difference(
            np.where(lost, -1.0, random.random(group.size) < 0.15).astype(np.float64), is_rate=True, labels=group
        )
        return found.interval() if found else None

    return (1 - lost_share) * 0.15 - lost_share, make


def graded_scores(mean_score: float, n: int, random: np.random.Generator) -> Callable[[], Interval]:
    """One arm's graded scores: nothing, half or all of it."""
    half = 0.1 * mean_score
    parts = [1 - mean_score - half / 2, half, mean_score - half / 2]
    return lambda: exact(float(random.choice([0.0, 0.5, 1.0], n, p=parts).sum()), n)


def rate_intervals(rate: float, n: int, random: np.random.Generator) -> Callable[[], Interval]:
    """The exact interval on independent items."""
    return lambda: exact(float(random.binomial(n, rate)), n)


def grouped_rate_intervals(
    rate: float, n: int, size: int, within: float, random: np.random.Generator
) -> Callable[[], Interval]:
    """Grouped items; `within` is the latent correlation in a group."""
    world = World(("prompt",), (rate,), n, shared=0.0, group_size=size, grouped=within)
    labels = (np.arange(n) // size).astype(np.intp)
    return lambda: grouped_mean(draw(world, random)[0], labels)


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
        expected, predicted = str(score.expected or ""), str(score.predicted or "")
        table.setdefault(expected, [0, 0, 0])[2] += 1
        table.setdefault(predicted, [0, 0, 0])[1] += 1
        table[expected][0] += expected == predicted
    return sum(2 * hit / (said + meant) for hit, said, meant in table.values()) / len(table)


def macro_f1_intervals(n: int, random: np.random.Generator, labels: int = 4) -> tuple[float, Callable[[], Interval]]:
    """Macro-F1 of skewed labels, answered right in 80% of items."""
    weights = np.arange(labels, 0, -1.0) ** (1 if labels == 4 else 2)
    shares = weights / weights.sum()
    metric_spec = MetricSpec("macro_f1", "aggregate", macro_f1, {})
    said = 0.8 * shares + 0.2 / labels  # some of the guesses hit by luck
    truth = float(np.mean(2 * (0.8 + 0.2 / labels) * shares / (shares + said)))

    def make() -> Interval:
        meant = random.choice(labels, n, p=shares)
        answered = np.where(random.random(n) < 0.8, meant, random.integers(labels, size=n))
        rows = [
            Score(str(index), float(a == m), str(a), str(m))
            for index, (a, m) in enumerate(zip(answered, meant, strict=True))
        ]
        return aggregate_interval(rows, metric_spec, None)

    return truth, make


# ---- sizes and estimates ---------------------------------------------------------------------

NAMED: dict[str, World] = {
    "gain of 5 points": World(("prompt", "tune"), (0.6, 0.65), 0),
    "gain of 10 points": World(("prompt", "tune"), (0.6, 0.7), 0),
    "gain of 10 points over two equal prompts": World(("prompt", "prompt", "tune"), (0.6, 0.6, 0.7), 0),
    "gain of 20 points": World(("prompt", "tune"), (0.6, 0.8), 0),
    "gain of 10 points, groups of 5": World(("prompt", "tune"), (0.6, 0.7), 0, 0.3, 5, 0.15, 0.15),
    "prompt at 94%": World(("prompt", "tune"), (0.94, 0.94), 0),
    "prompt at 97%, groups of 5": World(("prompt", "tune"), (0.97, 0.97), 0, 0.3, 5, 0.15, 0.15),
}


def settled_at_named_size(runs: int, seed: int) -> Iterable[tuple[str, float, int]]:
    """Name the items for each world from its own figures; return how often so many give the verdict they are for."""
    random = np.random.default_rng(seed)
    for name, world in NAMED.items():
        named = named_size(world, random)
        assert named is not None
        at_size = replace(world, items=-(-named // world.group_size) * world.group_size)
        found = [judge_world(at_size, random) for _ in range(runs)]
        action = "prompt" if world.rates[0] > world.goal else "fine_tune"
        yield name, sum(verdict.action == action for verdict in found) / runs, at_size.items


def named_size(world: World, random: np.random.Generator) -> int | None:
    """Forecast from the world's own figures, taken from a sample so large that they are hardly uncertain."""
    *simpler, last = draw(world, random, items=400_000)
    labels = world.group_numbers(400_000) if world.group_size > 1 else None
    if world.rates[0] > world.goal:
        return items_needed([rate_hurdle(simpler[0], labels, world.goal, above=True)], 20)
    gains = [last - values for values in simpler]
    return items_needed([gain_hurdle(gain, labels, world.limits.smallest_gain) for gain in gains], 20)


@dataclass(frozen=True)
class ShownGains:
    """Gains that were shown, as seen and as corrected."""

    truth: float
    seen: Floats
    honest: Floats


def gain_when_shown(runs: int, seed: int) -> Iterable[tuple[float, ShownGains]]:
    """Draw comparisons of a known gain and keep those whose gain is shown."""
    random = np.random.default_rng(seed)
    for items in (40, 60, 120, 250):
        world = World(("prompt", "tune"), (0.5, 0.7), items)
        every = [
            mean_difference(second - first, is_rate=True)
            for first, second in (draw(world, random) for _ in range(10 * runs))
        ]
        shown = [m for m in every if m is not None and m.interval().low > world.limits.smallest_gain]
        honest = np.array([honest_gain(mean, world.limits.smallest_gain) for mean in shown])
        yield len(shown) / len(every), ShownGains(0.2, np.array([mean.estimate for mean in shown]), honest)

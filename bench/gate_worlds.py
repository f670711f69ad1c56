"""Synthetic tunings for the gate: a base as the embedded one is, and tuned weights whose true loss is known.

Each option of an item has a latent score in nats; the highest is the answer, a softmax gives the probabilities. The
right option's scores lie `lead` above the others', `spread` says how far items differ. Tuning moves each score
without changing its distribution (so that nothing is lost, and answers flip), and lowers the lead for a loss.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from harness.decision.gate import FAMILY_ERROR, judge_abilities
from harness.general.benchmark_tasks import WEIGHTS
from harness.records import BenchmarkItem, GeneralAbility, Limits, OffTaskAnswer, TextLoss

Floats = NDArray[np.float64]
LIMITS = Limits()
TEXTS, QUESTIONS = 40, 128


@dataclass(frozen=True)
class BenchmarkWorld:
    """One benchmark and how the base does on it."""

    name: str
    options: int  # 1: a word is asked for, and blind guessing earns nothing
    score: float  # true rate of the base
    spread: float  # nats; sets how far its probabilities are from its answers
    mass: float = 1.0  # share of the probability that goes to the options and not to other words

    @property
    def chance(self) -> float:
        """What blind guessing earns."""
        return 1 / self.options if self.options > 1 else 0.0


# About the embedded base on the gate's items of `core` (docs/measurements.md has what was measured).
EMBEDDED = (
    BenchmarkWorld("piqa", 2, 0.64, 3.0),
    BenchmarkWorld("openbookqa", 4, 0.30, 3.0),
    BenchmarkWorld("social_iqa", 3, 0.40, 2.0),
    BenchmarkWorld("commonsense_qa", 5, 0.32, 2.0),
    BenchmarkWorld("boolq", 2, 0.40, 1.0),
    BenchmarkWorld("continuation", 4, 0.77, 6.0),
    BenchmarkWorld("next_word", 1, 0.47, 3.0, mass=0.64),
)
# A base that can do none of them, on which nothing can be judged.
BLIND_WORLD = tuple(
    BenchmarkWorld(world.name, world.options, world.chance + 0.03, world.spread) for world in EMBEDDED[:5]
)


@dataclass(frozen=True)
class Tuning:
    """What tuning truly did."""

    flips: float = 0.12  # share of answers of a two-option benchmark that it flips without any loss
    drop: float = 0.0  # loss of score on every benchmark above chance
    only: str = ""  # the one benchmark that loses; all where empty
    is_blind: bool = False  # answers at random, with the base's confidence
    text_loss: float = 0.01  # nats per token, mean over texts
    text_spread: float = 0.04  # nats per token, between texts
    off_task: float = 0.01  # share of unrelated questions that get the task's answer


def abilities(
    tuning: Tuning, random: np.random.Generator, items: int, world: tuple[BenchmarkWorld, ...] = EMBEDDED
) -> tuple[GeneralAbility, GeneralAbility]:
    """Draw what a base and the tuned weights did on the gate's material."""
    sides: tuple[list[BenchmarkItem], list[BenchmarkItem]] = ([], [])
    weights = [WEIGHTS.get(f"core_{benchmark.name}", 1) for benchmark in world]
    for benchmark, weight in zip(world, weights, strict=True):
        count = items * weight // sum(weights)
        for side, column in zip(sides, _answers(benchmark, tuning, count, random), strict=True):
            side.extend(
                BenchmarkItem(benchmark.name, str(index), float(score), float(probability), benchmark.chance or None)
                for index, (score, probability) in enumerate(column)
            )
    changes = random.normal(tuning.text_loss, tuning.text_spread, TEXTS)
    texts = [
        tuple(TextLoss(str(i), 100 * loss, 100) for i, loss in enumerate(row)) for row in (3 + 0 * changes, 3 + changes)
    ]
    turned = random.random((2, QUESTIONS)) < tuning.off_task
    questions = [_questions(np.zeros((2, QUESTIONS), dtype=bool)), _questions(turned)]
    return (
        GeneralAbility("base", tuple(sides[0]), texts[0], questions[0]),
        GeneralAbility("tuned", tuple(sides[1]), texts[1], questions[1]),
    )


def _questions(turned: NDArray[np.bool_]) -> tuple[OffTaskAnswer, ...]:
    return tuple(
        OffTaskAnswer(f"{name}-{index}", "", "", bool(hit), name == "prompted")
        for name, row in zip(("alone", "prompted"), turned, strict=True)
        for index, hit in enumerate(row)
    )


def _answers(
    benchmark: BenchmarkWorld, tuning: Tuning, count: int, random: np.random.Generator
) -> tuple[list[tuple[bool, float]], list[tuple[bool, float]]]:
    """Draw base and tuned answers to the items of one benchmark: whether right, and the right answer's probability."""
    options = max(benchmark.options, 2)
    lead = lead_for(benchmark.score, options)
    loses = tuning.drop and (tuning.only in ("", benchmark.name)) and benchmark.score > benchmark.chance
    after = lead_for(benchmark.score - tuning.drop, options) if loses else lead
    kept = 0.0 if tuning.is_blind else float(np.cos(np.pi * tuning.flips))  # Sheppard: a sign flips with acos(r) / pi
    before = random.standard_normal((count, options))
    moved = kept * before + np.sqrt(1 - kept**2) * random.standard_normal((count, options))
    if tuning.is_blind:
        after = 0.0 if benchmark.options > 1 else -5.0
    return _read(before, lead, benchmark), _read(moved, after, benchmark)


def _read(latent: Floats, lead: float, benchmark: BenchmarkWorld) -> list[tuple[bool, float]]:
    scores = latent.copy()
    scores[:, 0] += lead
    scaled = np.exp(benchmark.spread * (scores - scores.max(axis=1, keepdims=True)))
    probabilities = benchmark.mass * scaled[:, 0] / scaled.sum(axis=1)
    return list(zip(scores.argmax(axis=1) == 0, probabilities, strict=True))


@cache
def lead_for(rate: float, options: int) -> float:
    """Return the lead, in standard deviations, with which the right one of so many options wins at this rate."""
    grid = np.linspace(-12, 12, 2401)

    def wins(lead: float) -> float:
        return float(np.trapezoid(stats.norm.pdf(grid - lead) * stats.norm.cdf(grid) ** (options - 1), grid)) - rate

    return float(optimize.brentq(wins, -5, 5))


def states(
    tuning: Tuning,
    runs: int,
    seed: int,
    items: int = 750,
    world: tuple[BenchmarkWorld, ...] = EMBEDDED,
    error: float = FAMILY_ERROR,
) -> dict[str, float]:
    """Return the share of each state over repeated tunings; `error` is the chance that a harmless one fails."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(runs):
        base, tuned = abilities(tuning, random, items, world)
        found.append(judge_abilities("tuned", base, tuned, LIMITS, family_error=error).state)
    return {state: found.count(state) / runs for state in ("pass", "inconclusive", "fail", "cannot_judge")}

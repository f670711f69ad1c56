"""Benchmark items for the gate of general ability: how many let a tuning that lost nothing pass.

Tuning flips answers without losing ability, and how many is a guess before it is done; so the figure is a range. The
gate's own code judges simulated benchmarks of four options: each option has a latent score, the highest is the answer,
a softmax gives the probabilities. Tuning moves the scores and leaves their distribution as it is.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import optimize, special

from harness.decision.gate import judge_abilities
from harness.decision.power import POWER
from harness.planning.items import SEED
from harness.planning.record import GateItems
from harness.planning.worlds import Floats
from harness.records import BenchmarkItem, GeneralAbility, Limits, OffTaskAnswer, TextLoss

# Shares of answers that a harmless tuning flips, on a benchmark of two options.
FLIPS = (0.05, 0.20)
OPTIONS = 4
BASE_SCORE = 0.50  # assumed; nearer chance more items are needed, and at chance nothing can be judged
SPREAD = 3.0  # nats; how sure the base is of its answers
WORLDS = 30
MOST_ITEMS = 20_000  # of benchmarks; no run asks more
SIZES = (75, 150, 300, 600, 1200)
ENOUGH = 0.90  # beyond it the curve is flat, and more items only cost time
TEXTS = QUESTIONS = 40  # clean ones: what is planned here are the benchmark items


def gate_items(limits: Limits, limit: int) -> GateItems:
    """Say how many benchmark items the gate needs, and how often `limit` of them are enough.

    Args:
        limits: Largest loss and the rest of the gate's thresholds.
        limit: Items that the task asks for (`general.limit`).
    """
    few, many = (Power.fitted(flips, limits) for flips in FLIPS)
    return GateItems(limit, few.items, many.items, FLIPS, (few.at(limit), many.at(limit)))


@dataclass(frozen=True)
class Power:
    """How often a harmless tuning passes, over the number of items: probit(share) = intercept + slope * sqrt(items).

    The distance of a bound from its limit, in standard errors, grows with the square root of the items.
    """

    intercept: float
    slope: float

    @classmethod
    def fitted(cls, flips: float, limits: Limits) -> "Power":
        """Fit the curve through simulated tunings."""
        known: dict[int, float] = {}
        for items in SIZES:
            known[items] = pass_share(flips, items, limits)
            if known[items] > ENOUGH:
                break
        powers = np.clip(list(known.values()), 0.5 / WORLDS, 1 - 0.5 / WORLDS)
        slope, intercept = np.polyfit(np.sqrt(list(known)), special.ndtri(powers), 1)
        return cls(float(intercept), float(slope))

    def at(self, items: int) -> float:
        """Return the share of passes with so many items."""
        return float(special.ndtr(self.intercept + self.slope * math.sqrt(items)))

    @property
    def items(self) -> int | None:
        """Items with which 80% pass; None where more than `MOST_ITEMS` would be needed."""
        if self.slope <= 0:
            return None
        needed = math.ceil((max(0.0, special.ndtri(POWER) - self.intercept) / self.slope) ** 2)
        return needed if needed <= MOST_ITEMS else None


def pass_share(flips: float, items: int, limits: Limits) -> float:
    """Return the share of tunings that lost nothing and pass the gate on so many items."""
    random = np.random.default_rng(SEED)
    passed = sum(_state(flips, items, limits, random) == "pass" for _ in range(WORLDS))
    return passed / WORLDS


def _state(flips: float, items: int, limits: Limits, random: np.random.Generator) -> str:
    base, tuned = abilities(flips, items, random)
    return judge_abilities("tuned", base, tuned, limits).state


def abilities(flips: float, items: int, random: np.random.Generator) -> tuple[GeneralAbility, GeneralAbility]:
    """Draw what a base and a harmless tuning of it do on so many benchmark items."""
    before = random.standard_normal((items, OPTIONS))
    kept = math.cos(math.pi * flips)  # Sheppard: a sign flips with probability acos(r) / pi
    after = kept * before + math.sqrt(1 - kept**2) * random.standard_normal((items, OPTIONS))
    changes = random.normal(0.0, 0.02, TEXTS)
    return _ability("base", before, np.zeros(TEXTS)), _ability("tuned", after, changes)


def _ability(name: str, latent: Floats, changes: Floats) -> GeneralAbility:
    scores = latent.copy()
    scores[:, 0] += _lead()
    right = scores.argmax(axis=1) == 0
    given = special.softmax(SPREAD * scores, axis=1)[:, 0]
    found = tuple(
        BenchmarkItem("benchmark", str(number), float(hit), float(probability), 1 / OPTIONS)
        for number, (hit, probability) in enumerate(zip(right, given, strict=True))
    )
    texts = tuple(TextLoss(str(number), 300.0 + 100 * change, 100) for number, change in enumerate(changes))
    return GeneralAbility(name, found, texts, _clean_questions())


@cache
def _clean_questions() -> tuple[OffTaskAnswer, ...]:
    """Return unrelated questions, asked both ways, of which none gets the task's answer."""
    return tuple(
        OffTaskAnswer(f"{how}-{number}", "", "", is_task_answer=False, is_prompted=how == "prompted")
        for how in ("alone", "prompted")
        for number in range(QUESTIONS)
    )


@cache
def _lead() -> float:
    """Return the lead, in standard deviations, with which the right option wins at the base's score."""
    grid = np.linspace(-10, 10, 801)

    def wins(lead: float) -> float:
        density = np.exp(-0.5 * (grid - lead) ** 2) / math.sqrt(2 * math.pi) * special.ndtr(grid) ** (OPTIONS - 1)
        return float(np.trapezoid(density, grid)) - BASE_SCORE

    return float(optimize.brentq(wins, -5, 5))

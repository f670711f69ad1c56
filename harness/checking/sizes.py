"""Splits too small for what they are to show."""

import math

from harness.checking.findings import Finding, Hit, gathered
from harness.checking.reading import Material

FEWEST_DEV = 20
Z = 1.959963984540054  # two-sided 95%
Z_POWER = 0.8416212335729143  # 80%
STRICTEST = 0.02  # one-sided chance of error at which the best of several prompts is tested against the goal


def find_small_splits(material: Material) -> list[Finding]:
    """Find a dev too small to choose on, a train smaller than test, and a test that hardly shows the goal."""
    train, dev, test = (len(material.splits[name]) for name in ("train", "dev", "test"))
    found: list[Finding] = []
    if 0 < dev < FEWEST_DEV:
        hit = Hit((), f"dev has {dev} rows, so one row moves a dev score by {100 / dev:.0f} points")
        remedy = f"give at least {FEWEST_DEV} dev rows"
        found += gathered("few_dev", "warning", "too few rows to choose settings on", remedy, [hit])
    if 0 < train < test:
        hit = Hit((), f"train has {train} rows, test {test}")
        remedy = "fine for prompt and RAG arms; give more training rows before judging tuned ones"
        found += gathered("small_train", "note", "train is smaller than test", remedy, [hit])
    return found + (_against_goal(test, material.content.settings.goal.at_least) if test else [])


def bound_all_right(n: int, tail: float = STRICTEST) -> float:
    """Return Clopper and Pearson's lower bound when all `n` independent answers are right."""
    return float(tail ** (1 / n))


def items_to_show(rate: float, goal: float) -> int:
    """Return about how many items let an arm of this true rate be shown to reach the goal, with 80% power.

    n = ((z sqrt(g (1 - g)) + z_power sqrt(p (1 - p))) / (p - g))^2; `harness plan` counts exactly.
    """
    spread = Z * math.sqrt(goal * (1 - goal)) + Z_POWER * math.sqrt(rate * (1 - rate))
    return math.ceil((spread / (rate - goal)) ** 2)


def _against_goal(n: int, goal: float) -> list[Finding]:
    """Note that more rows would show the goal better; that none of so few could is for `harness.planning.perfect`."""
    if bound_all_right(n) < goal:
        return []
    rate = (1 + goal) / 2
    needed = items_to_show(rate, goal)
    if n >= needed:
        return []
    text = f"an arm that is right {rate:.4g} of the time needs about {needed} test rows to be shown above {goal:.4g}"
    remedy = f"there are {n}; more make the verdict surer, and `harness plan` says how many"
    return gathered("small_test", "note", "what so many test rows can show of the goal", remedy, [Hit((), text)])

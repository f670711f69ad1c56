"""Splits too small for what they are to show."""

import math

from harness.task.check.findings import Finding, Hit, Severity, gathered
from harness.task.check.reading import Material

Z = 1.959963984540054  # two-sided 95%
Z_POWER = 0.8416212335729143  # 80%
FEWEST_DEV = 20


def find_small_splits(material: Material) -> list[Finding]:
    """Find a dev too small to choose on, a train smaller than test, and a test too small for the goal."""
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
    return found + (_against_goal(test, material.settings.goal.at_least) if test else [])


def lower_bound_all_right(n: int) -> float:
    """Return Wilson's lower bound (two-sided 95%) when all `n` answers are right."""
    return n / (n + Z**2)


def items_to_show(rate: float, goal: float) -> int:
    """Return how many items let an arm of this true rate be shown to reach the goal, with 80% power.

    n = ((z sqrt(g (1 - g)) + z_power sqrt(p (1 - p))) / (p - g))^2, as in harness.decision.power.
    """
    spread = Z * math.sqrt(goal * (1 - goal)) + Z_POWER * math.sqrt(rate * (1 - rate))
    return math.ceil((spread / (rate - goal)) ** 2)


def _against_goal(n: int, goal: float) -> list[Finding]:
    bound = lower_bound_all_right(n)
    title = "what so many test rows can show of the goal"
    if bound < goal:
        need = f"{math.ceil(Z**2 * goal / (1 - goal))} rows at least" if goal < 1 else "a goal below 1"
        text = f"with {n} test rows all answered rightly the lower bound is {bound:.1%}, below the goal of {goal:.0%}"
        return gathered(
            "small_test", "warning", title, f"no arm can be shown to reach it: give {need}", [Hit((), text)]
        )
    rate = (1 + goal) / 2
    needed = items_to_show(rate, goal)
    if n >= needed:
        return []
    text = f"an arm that is right {rate:.0%} of the time needs about {needed} test rows to be shown above {goal:.0%}"
    severity: Severity = "note"
    return gathered("small_test", severity, title, f"there are {n}; more make the verdict surer", [Hit((), text)])

"""Comparisons whose test items are asked in rounds, in worlds whose truth is known; the real decision code."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from decision_worlds import World, draw, falsehoods, field_of

from harness.decision.arms import JudgedArms
from harness.decision.asking import Asking, first, in_order, rounds
from harness.decision.ladder import ArmScores
from harness.decision.power import POWER, gain_hurdle
from harness.decision.questions import asked_of
from harness.decision.verdict import Verdict, judge

KINDS = ("recommendation", "stop", "goal", "rethink")


@dataclass(frozen=True)
class Outcome:
    """One comparison, asked in rounds and whole, on the same answers."""

    by_rounds: Verdict
    whole: Verdict
    shares: Mapping[str, float]  # of the items, that each arm was asked


def compare_both(world: World, random: np.random.Generator) -> Outcome:
    """Draw a comparison, judge it whole, and ask it in rounds as `harness.evidence.adaptive` does."""
    judged_arms, metric_spec = field_of(world, random)
    whole = judge(ArmScores(judged_arms, metric_spec, world.limits), {}, None)
    clusters = in_order(metric_spec.groups, metric_spec.seed)
    asked = {arm.name: 0 for arm in judged_arms.judged}
    waiting = set(asked)
    verdict = whole
    for limit in rounds(clusters):
        if not waiting:
            break
        asked |= dict.fromkeys(waiting, limit)
        spec = replace(metric_spec, asking=Asking(clusters, dict(asked)))
        arm_scores = ArmScores(_first(judged_arms, spec.asking), spec, replace(world.limits, is_adaptive=True))
        verdict = judge(arm_scores, {}, None)
        waiting = {one.arm for one in asked_of(arm_scores, verdict, None) if one.is_open}
    return Outcome(verdict, whole, {name: count / world.items for name, count in asked.items()})


def _first(judged_arms: JudgedArms, asking: Asking | None) -> JudgedArms:
    """Keep of every arm the items that it was asked."""
    assert asking is not None
    arms = []
    for arm in judged_arms.judged:
        kept = first(asking.clusters, asking.asked[arm.name])
        arms.append(replace(arm, scores={item: arm.scores[item] for item in kept}))
    return replace(judged_arms, judged=tuple(arms))


def false_by_rounds(world: World, runs: int, seed: int) -> tuple[dict[str, int], float]:
    """Count each kind of false verdict; return the mean share of the items too."""
    random = np.random.default_rng(seed)
    found = [compare_both(world, random) for _ in range(runs)]
    wrong = [falsehoods(one.by_rounds, world) for one in found]
    counts = {kind: sum(getattr(one, kind) for one in wrong) for kind in KINDS}
    return counts, float(np.mean([share for one in found for share in one.shares.values()]))


@dataclass(frozen=True)
class Spent:
    """What asking in rounds takes, and what it still shows."""

    power: float  # share of runs that recommend the better arm
    whole_power: float
    share: Mapping[str, float]  # of the items, on average, by arm
    discordant: float  # share of runs in which one of the two ways recommends it and the other does not

    @property
    def pair(self) -> tuple[str, str]:
        """The last arm, and the first."""
        names = tuple(self.share)
        return names[0], names[-1]


def spent(world: World, runs: int, seed: int) -> Spent:
    """Compare in rounds and whole, where the last arm gains."""
    random = np.random.default_rng(seed)
    found = [compare_both(world, random) for _ in range(runs)]
    best = f"arm{len(world.rates) - 1}"
    by_rounds, whole = (
        np.array([verdict.arm is not None and verdict.arm.name == best for verdict in verdicts])
        for verdicts in ([one.by_rounds for one in found], [one.whole for one in found])
    )
    return Spent(
        power=float(by_rounds.mean()),
        whole_power=float(whole.mean()),
        share={name: float(np.mean([one.shares[name] for one in found])) for name in found[0].shares},
        discordant=float((by_rounds != whole).mean()),
    )


def smallest_detectable(base: float, world: World, seed: int) -> float:
    """Return the true gain of the last arm over one with the rate `base` that a whole run shows in 80% of test sets."""
    low, high = world.limits.smallest_gain, 1 - base
    for _ in range(12):
        middle = (low + high) / 2
        drawn = replace(world, families=world.families[-2:], rates=(base, base + middle))
        first_arm, last = draw(drawn, np.random.default_rng(seed), items=100_000)
        chance = gain_hurdle(last - first_arm, None, world.limits.smallest_gain).chance(world.items)
        low, high = (low, middle) if chance >= POWER else (middle, high)
    return high

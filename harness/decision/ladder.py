"""The ladder: prompt, RAG, tune, combine; who climbs, and against whom.

Dev names one candidate a rung. It climbs when it beats *every* arm of the cheaper rungs (rule (b) of the
design). Requiring all of them is an intersection-union test (Berger 1982, Technometrics 24:295): each comparison
keeps its own 2.5% and none needs a correction.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.decision.arms import LADDER, Absent, Arm, JudgedArms, MetricSpec
from harness.decision.asking import of_whole
from harness.decision.intervals import TAIL, Floats, Labels, arm_interval, group_labels, score_interval
from harness.decision.paired import BestConstant, Scored, compare
from harness.decision.words import join, points, share, share_beside
from harness.records import Comparison, Family, Gate, Interval, Limits, Rung

OTHER_PROMPTS_TAIL = 0.005  # of the rung's 2.5%, for the prompts that dev did not name


class ArmScores:
    """The figures of the judged arms: scores, and gains on shared items. Each is computed once."""

    def __init__(self, judged_arms: JudgedArms, metric_spec: MetricSpec, limits: Limits) -> None:
        self.judged_arms = judged_arms
        self.metric_spec = metric_spec
        self.limits = limits
        self.scores: Mapping[str, Interval] = {
            arm.name: arm_interval(arm.name, arm.scores, metric_spec) for arm in judged_arms.judged
        }
        self._gains: dict[tuple[str, str], Comparison] = {}
        self._bounds: dict[tuple[str, float], Interval] = {}
        longest = max(judged_arms.judged, key=lambda arm: len(arm.scores), default=None)
        self.items = tuple(longest.scores) if longest is not None else ()

    def gain(self, arm: Arm, against: Arm) -> Comparison:
        """Return how far one arm beats another."""
        key = (arm.name, against.name)
        if key not in self._gains:
            self._gains[key] = compare(arm, against, self.metric_spec, self.limits.smallest_gain)
        return self._gains[key]

    def is_at_goal(self, arm: Arm, tail: float = TAIL) -> bool:
        """Whether the arm's lower bound reaches the goal; `tail` is its one-sided chance of error."""
        return self.bounds(arm, tail).low >= self.limits.goal

    def is_below_goal(self, arm: Arm) -> bool:
        """Whether the arm's upper bound is below the goal."""
        return self.scores[arm.name].high < self.limits.goal

    def constant_bounds(self, constant: BestConstant) -> Interval | None:
        """Return the best constant answer's figure on the items that arms are judged on; None where it has none.

        Where arms are asked in rounds, on all items: nothing is asked for it, and one look at all of them errs once.
        """
        if (constant.name, TAIL) not in self._bounds:
            items = self.items if self.metric_spec.asking is None else constant.scores
            scores = [constant.scores[item] for item in items if item in constant.scores]
            if not scores:
                return None
            self._bounds[constant.name, TAIL] = score_interval(scores, self.metric_spec)
        return self._bounds[constant.name, TAIL]

    def is_constant_below_goal(self, constant: BestConstant | None) -> bool:
        """Whether the best constant answer is shown below the goal; without one nothing stands in the way."""
        bounds = self.constant_bounds(constant) if constant is not None else None
        return bounds is None or bounds.high < self.limits.goal

    def values(self, scored: Scored) -> Floats:
        """Return the scores of the judged items, in one order for all."""
        return np.array([scored.scores[item].value for item in self.items if item in scored.scores])

    def labels(self, scored: Scored) -> Labels | None:
        """Return the group number of each of `values`; None where items are independent."""
        return group_labels([item for item in self.items if item in scored.scores], self.metric_spec)

    def bounds(self, arm: Arm, tail: float) -> Interval:
        """Return an arm's figure with bounds that leave `tail` on each side."""
        if tail == TAIL:
            return self.scores[arm.name]
        if (arm.name, tail) not in self._bounds:
            self._bounds[arm.name, tail] = arm_interval(arm.name, arm.scores, self.metric_spec, tail)
        return self._bounds[arm.name, tail]

    def tail_of_whole(self, tail: float) -> float:
        """Return the chance of error that the interval of all items leaves on each side."""
        return tail if self.metric_spec.asking is None else of_whole(tail)

    @property
    def prompt_tails(self) -> Mapping[str, float]:
        """One-sided chance of error at which each prompt is tested against the goal, 2.5% over the rung.

        Dev's candidate has 2%, and the others share 0.5%, so that a weak pick on dev does not cost the rung.
        """
        prompts, candidate = self.judged_arms.of("prompt"), self.judged_arms.candidate("prompt")
        if len(prompts) < 2 or candidate is None:
            return {arm.name: TAIL for arm in prompts}
        share = OTHER_PROMPTS_TAIL / (len(prompts) - 1)
        return {arm.name: TAIL - OTHER_PROMPTS_TAIL if arm is candidate else share for arm in prompts}

    def prompt_at_goal(self) -> Arm | None:
        """Return the prompt that is shown to reach the goal: dev's candidate if it is, else the first that is."""
        candidate, tails = self.judged_arms.candidate("prompt"), self.prompt_tails
        prompts = sorted(self.judged_arms.of("prompt"), key=lambda arm: arm is not candidate)
        return next((arm for arm in prompts if self.is_at_goal(arm, tails[arm.name])), None)


@dataclass(frozen=True)
class Climb:
    """One candidate's attempt at rule (b)."""

    arm: Arm
    comparisons: tuple[Comparison, ...]  # against every judged arm of the cheaper rungs, and the best constant answer
    by_gain: bool  # every gain's lower bound exceeds the smallest gain
    by_goal: bool  # every cheaper arm and the best constant answer are below the goal, and this one reaches it
    missing_parents: tuple[Family, ...]  # of `combine`: rungs without a candidate to gain over
    in_the_way: tuple[Absent, ...]  # cheaper arms that failed, are invalid or did not run
    gate: Gate | None  # of a tuned arm

    @property
    def has_support(self) -> bool:
        """Whether the figures support the climb, whatever else stands in its way."""
        return bool(self.comparisons) and not self.missing_parents and (self.by_gain or self.by_goal)

    @property
    def is_gated(self) -> bool:
        """Whether the arm fails a gate of general ability that blocks, so that it cannot be recommended."""
        return self.gate is not None and self.gate.state == "fail" and self.gate.blocks

    @property
    def succeeded(self) -> bool:
        """Whether the arm climbed."""
        return self.has_support and not self.in_the_way and not self.is_gated

    @property
    def closest(self) -> Comparison | None:
        """The comparison with the smallest observed gain: the cheaper arm that is hardest to beat."""
        known = [item for item in self.comparisons if item.difference]
        return min(known, key=lambda item: item.difference.estimate if item.difference else 0.0, default=None)


def attempt(
    arm_scores: ArmScores, family: Family, gates: Mapping[str, Gate], constant: BestConstant | None
) -> Climb | None:
    """Judge one rung's candidate by rule (b); None when the rung has none.

    The best constant answer counts among the simpler arms: what it earns is not a gain of retrieval or tuning.

    By the goal alone, `combine` must still show its gain over both parents, the candidates of RAG and tune.
    """
    judged_arms = arm_scores.judged_arms
    arm = judged_arms.candidate(family)
    if arm is None:
        return None
    cheaper = judged_arms.cheaper(arm)
    comparisons = tuple(arm_scores.gain(arm, other) for other in cheaper)
    if constant is not None and cheaper:
        comparisons += (compare(arm, constant, arm_scores.metric_spec, arm_scores.limits.smallest_gain),)
    is_alone = all(arm_scores.is_below_goal(other) for other in cheaper) and arm_scores.is_constant_below_goal(constant)
    by_goal = arm_scores.is_at_goal(arm) and is_alone
    missing: tuple[Family, ...] = ()
    if family == "combine":
        parents = {parent: judged_arms.candidate(parent) for parent in PARENTS}
        missing = tuple(parent for parent, candidate in parents.items() if candidate is None)
        by_goal = by_goal and all(arm_scores.gain(arm, p).exceeds_gain for p in parents.values() if p is not None)
    return Climb(
        arm=arm,
        comparisons=comparisons,
        by_gain=all(item.exceeds_gain for item in comparisons),
        by_goal=by_goal,
        missing_parents=missing,
        in_the_way=judged_arms.in_the_way(arm),
        gate=gates.get(arm.name),
    )


PARENTS: tuple[Family, ...] = ("rag", "tune")  # of `combine`


def describe_rungs(arm_scores: ArmScores, climbs: Mapping[Family, Climb | None]) -> tuple[Rung, ...]:
    """Write down all four rungs as they were judged; rungs above a stop were not needed."""
    rungs: list[Rung] = []
    stop = ""
    for family in LADDER:
        rung = _describe(arm_scores, family, climbs.get(family), stop)
        rungs.append(rung)
        if not stop and rung.at_goal and (family == "prompt" or (family == "rag" and rung.climbed)):
            stop = f"not needed: {rung.candidate} reaches the goal"
    return tuple(rungs)


def _describe(arm_scores: ArmScores, family: Family, climb: Climb | None, stop: str) -> Rung:
    if family == "prompt":
        return _describe_prompts(arm_scores)
    arm = arm_scores.judged_arms.candidate(family)
    if arm is None or climb is None:
        return Rung(family, None, None, False, False, (), _why_empty(arm_scores.judged_arms, family))
    score = arm_scores.scores[arm.name]
    climbed = climb.succeeded and not stop
    why = stop or why_climb(climb, arm_scores.limits)
    bound = arm_scores.bounds(arm, TAIL).low
    return Rung(family, arm.name, score, arm_scores.is_at_goal(arm), climbed, climb.comparisons, why, bound)


def _describe_prompts(arm_scores: ArmScores) -> Rung:
    reaching, candidate = arm_scores.prompt_at_goal(), arm_scores.judged_arms.candidate("prompt")
    arm = reaching or candidate
    if arm is None:
        return Rung("prompt", None, None, False, False, (), _why_empty(arm_scores.judged_arms, "prompt"))
    why = goal_words(arm_scores, arm, is_reached=reaching is not None)
    bound = arm_scores.bounds(arm, arm_scores.prompt_tails[arm.name]).low
    return Rung("prompt", arm.name, arm_scores.scores[arm.name], reaching is not None, False, (), why, bound)


def goal_words(arm_scores: ArmScores, prompt: Arm, *, is_reached: bool) -> str:
    """Say whether a prompt's lower bound reaches the goal, and at which level where the rung's prompts share 2.5%."""
    tail = arm_scores.prompt_tails[prompt.name]
    level = "" if tail == TAIL else f" ({100 * (1 - tail):.4g}% one-sided)"
    low = share_beside(arm_scores.bounds(prompt, tail).low, arm_scores.limits.goal)
    return f"lower bound {low}{level} {'reaches' if is_reached else 'does not reach'} the goal of " + share(
        arm_scores.limits.goal
    )


def _why_empty(judged_arms: JudgedArms, family: Family) -> str:
    gone = [f"{arm.name} {arm.why}" for arm in judged_arms.absent if arm.rank == LADDER.index(family)]
    return join(gone) if gone else "no arm of this rung was in the task"


def why_climb(climb: Climb, limits: Limits) -> str:
    """Say in a phrase why a candidate climbed or did not."""
    if climb.missing_parents:
        return f"cannot be judged without a {' and a '.join(climb.missing_parents)} arm to gain over"
    if not climb.comparisons:
        return "no simpler arm was measured, so there is no gain to judge"
    gained = f"gains more than {points(limits.smallest_gain)} over every simpler arm"
    if not climb.by_gain:
        gained = "reaches the goal, and every simpler arm is below it"
    if not climb.has_support:
        weakest = [item.against for item in climb.comparisons if not item.exceeds_gain]
        return f"a gain above {points(limits.smallest_gain)} is not shown over {join(weakest)}"
    if climb.is_gated:
        return f"{gained}, but fails the gate of general ability"
    if climb.in_the_way:
        return f"{gained} that was measured, but {join([f'{gone.name} {gone.why}' for gone in climb.in_the_way])}"
    return gained

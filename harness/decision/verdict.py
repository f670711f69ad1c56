"""Rules (a) to (d): from the arm_scores to one action.

(a) A prompt's lower bound reaches the goal: prompt. Dev's candidate is tested at 2%, the other prompts share 0.5%.
(b) RAG that climbed and reaches the goal: RAG; training is not looked at. Else the highest rung that climbed, with its
    goal met, not shown, or missed (its upper bound is below the goal). More data can only turn one of these words into
    another, never a climb into `undecided`.
(c) Nothing climbed: `rethink`, when all planned arms ran, a tuned arm among them, none was undertrained, tuning has not
    been seen to learn, every arm's Bonferroni upper bound is below the goal, and so is, for every arm above the
    prompts, that of its gain below half the way to the goal (at most 18 points) from dev's prompt, or from the best
    constant answer where that earns more: that nothing was seen on few items is not evidence that there is nothing.
(d) Otherwise `undecided`; why is for `harness.decision.undecided` to say.

Arms that failed, are invalid or did not run rule out `rethink` and any climb past them (see
`JudgedArms.in_the_way`); skipped arms rule out `rethink` only. An arm whose gate fails, where gates block, cannot be
recommended; dev names the best of the others of its rung.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.decision.arms import Arm
from harness.decision.intervals import TAIL
from harness.decision.ladder import ArmScores, Climb, attempt
from harness.decision.paired import BestConstant, Scored, compare
from harness.records import Action, Family, Gate

Goal = Literal["met", "not_shown", "missed"]  # missed: shown to be below it
# A gain of so many points is never called nothing, however far the goal is. On 120 items it can be ruled out where four
# labels were drawn by lot (in 95% of runs), and is hardly ever ruled out where tuning truly gains 15.
MOST_TO_RULE_OUT = 0.18

HIGHER: tuple[Family, ...] = ("rag", "tune", "combine")
ACTIONS: Mapping[Family, Action] = {"prompt": "prompt", "rag": "rag", "tune": "fine_tune", "combine": "combine"}


@dataclass(frozen=True)
class Verdict:
    """The action, and what the text needs to explain it."""

    action: Action
    arm: Arm | None
    goal: Goal
    climbs: Mapping[Family, Climb | None]
    learned: bool  # a tuned arm was seen to beat every prompt and the best constant answer

    @property
    def is_final(self) -> bool:
        """Whether a cheap arm reaches the goal, so that no other arm can change the verdict."""
        return is_final(self.action, self.goal)


def is_final(action: Action, goal: str) -> bool:
    """Whether a verdict is that a cheap arm reaches the goal, so that no other arm can change it."""
    return action == "prompt" or (action == "rag" and goal == "met")


def judge(arm_scores: ArmScores, gates: Mapping[str, Gate], constant: BestConstant | None) -> Verdict:
    """Apply the rules in order."""
    climbs = {family: attempt(arm_scores, family, gates, constant) for family in HIGHER}
    learned = has_learned(arm_scores, constant)

    def recommend(arm: Arm, *, is_met: bool) -> Verdict:
        goal: Goal = "met" if is_met else "missed" if arm_scores.is_below_goal(arm) else "not_shown"
        return Verdict(ACTIONS[arm.evidence.family], arm, goal, climbs, learned)

    if prompt := arm_scores.prompt_at_goal():
        return recommend(prompt, is_met=True)
    climbed = [climb.arm for climb in climbs.values() if climb is not None and climb.succeeded]
    if climbed:
        is_enough = climbed[0].evidence.family == "rag" and arm_scores.is_at_goal(climbed[0])
        chosen = climbed[0] if is_enough else climbed[-1]
        return recommend(chosen, is_met=arm_scores.is_at_goal(chosen))
    goal: Goal = "missed" if all_below_goal(arm_scores) else "not_shown"
    is_rethink = goal == "missed" and is_exhausted(arm_scores, learned) and gains_are_ruled_out(arm_scores, constant)
    return Verdict("rethink" if is_rethink else "undecided", None, goal, climbs, learned)


def all_below_goal(arm_scores: ArmScores) -> bool:
    """Whether every judged arm's upper bound, Bonferroni-corrected over the arms, is below the goal."""
    judged = arm_scores.judged_arms.judged
    return bool(judged) and all(
        arm_scores.bounds(arm, TAIL / len(judged)).high < arm_scores.limits.goal for arm in judged
    )


@dataclass(frozen=True)
class Start:
    """What costs nothing to have: dev's prompt, or the best constant answer where that earns more."""

    of: Scored
    figure: float

    def gain_to_rule_out(self, goal: float) -> float:
        """Return half the way to the goal, at most 18 points; 0 where the start is at the goal already."""
        return min(max(0.0, (goal - self.figure) / 2), MOST_TO_RULE_OUT)


def start(arm_scores: ArmScores, constant: BestConstant | None) -> Start | None:
    """Return what the other arms' gains are counted from; None without a prompt of which something can be claimed."""
    prompt = arm_scores.judged_arms.candidate("prompt")
    if prompt is None or arm_scores.scores[prompt.name].is_uncorrected:
        return None
    found = Start(prompt, arm_scores.scores[prompt.name].estimate)
    shared = [constant.scores[item] for item in prompt.scores if item in constant.scores] if constant else []
    if constant is None or not shared or (earned := arm_scores.metric_spec.aggregate(shared)) <= found.figure:
        return found
    return Start(constant, earned)


def constant_figure(arm_scores: ArmScores, constant: BestConstant | None) -> float | None:
    """Return the figure of the best constant answer on the items that arms are judged on; None where nothing tells."""
    shared = [constant.scores[item] for item in arm_scores.items if item in constant.scores] if constant else []
    return arm_scores.metric_spec.aggregate(shared) if shared else None


def gains_are_ruled_out(arm_scores: ArmScores, constant: BestConstant | None) -> bool:
    """Whether every arm above the prompts is shown to gain less than `Start.gain_to_rule_out`."""
    begun = start(arm_scores, constant)
    if begun is None:
        return False
    most = begun.gain_to_rule_out(arm_scores.limits.goal)
    higher = [arm for arm in arm_scores.judged_arms.judged if arm.rank > 0]
    gains = [compare(arm, begun.of, arm_scores.metric_spec, most).difference for arm in higher]
    return all(gain is not None and gain.high < most for gain in gains)


def has_learned(arm_scores: ArmScores, constant: BestConstant | None) -> bool:
    """Whether some tuned arm beats every prompt and the best constant answer: lower bounds above 0.

    Without a constant answer to compare with, the prompts alone decide, which makes `rethink` rarer.
    """
    prompts = arm_scores.judged_arms.of("prompt")
    for arm in arm_scores.judged_arms.judged:
        if not arm.is_tuned:
            continue
        gains = [arm_scores.gain(arm, prompt) for prompt in prompts]
        if constant is not None:
            gains.append(compare(arm, constant, arm_scores.metric_spec, arm_scores.limits.smallest_gain))
        if all(gain.difference is not None and gain.difference.low > 0 for gain in gains):
            return True
    return False


def is_exhausted(arm_scores: ArmScores, learned: bool) -> bool:
    """Whether all that could be tried was: every planned arm ran, tuning to its end, and it was not seen to learn."""
    judged = arm_scores.judged_arms.judged
    is_tried = any(arm.is_tuned for arm in judged) and not any(arm.is_undertrained for arm in judged)
    return is_tried and not arm_scores.judged_arms.absent and not learned

"""Why a run is undecided, and how many test items would settle it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.decision.arms import Arm
from harness.decision.intervals import TAIL, group_labels
from harness.decision.judged import UNASKED
from harness.decision.ladder import PARENTS, ArmScores, Climb
from harness.decision.paired import BestConstant, Scored, compare
from harness.decision.power import Hurdle, gain_hurdle, interval_hurdle, items_needed, rate_hurdle
from harness.decision.verdict import Verdict, is_exhausted, judge, start
from harness.records import Family, Gate, Interval, UndecidedKind


@dataclass(frozen=True)
class Settling:
    """Test items that would settle an undecided run, in all, and what they would show."""

    items: int
    shows: str


@dataclass(frozen=True)
class Openness:
    """Why there is no verdict, and what would settle it."""

    kind: UndecidedKind
    settling: Settling | None = None


def why_undecided(
    verdict: Verdict, arm_scores: ArmScores, constant: BestConstant | None, gates: Mapping[str, Gate]
) -> Openness:
    """Name what is in the way; where more test items are the remedy, forecast how many."""
    if verdict.action != "undecided":
        return Openness("")
    if kind := _obstacle(verdict.climbs):
        return Openness(kind)
    if lacks_labels(arm_scores, constant, gates):
        return Openness("few_labels")
    if settling := settle(arm_scores, verdict, constant):
        return Openness("few_items", settling)
    return Openness("few_items" if lacks_groups(arm_scores) else _unsettled(arm_scores))


def lacks_labels(arm_scores: ArmScores, constant: BestConstant | None, gates: Mapping[str, Gate]) -> bool:
    """Whether a judge scored the answers, and people's labels are what lacks.

    They are where nothing can be claimed of any arm that answered, or where there would be a verdict were the judge's
    errors, as they were seen, known for sure.
    """
    spec = arm_scores.metric_spec
    if spec.correction is None or not arm_scores.scores:
        return False
    asked = [score for score in arm_scores.scores.values() if not score.method.startswith(UNASKED)]
    if asked and all(score.is_uncorrected for score in asked):
        return True
    sure = replace(spec, correction=replace(spec.correction, is_sure=True))
    return judge(ArmScores(arm_scores.judged_arms, sure, arm_scores.limits), gates, constant).action != "undecided"


def lacks_groups(arm_scores: ArmScores) -> bool:
    """Whether nothing can be claimed of any arm, because the items come in too few groups or a label is rare."""
    return bool(arm_scores.scores) and all("no claim" in score.method for score in arm_scores.scores.values())


def settle(arm_scores: ArmScores, verdict: Verdict, constant: BestConstant | None) -> Settling | None:
    """Find the smallest test set that would settle the run, were the observed figures the true ones."""
    options = [
        _prompt_option(arm_scores),
        *(
            option
            for climb in verdict.climbs.values()
            if climb is not None
            for option in _climb_options(arm_scores, climb, constant)
        ),
        _rethink_option(arm_scores, verdict.learned, constant),
    ]
    have = len(arm_scores.items)
    found = [
        Settling(items, shows)
        for hurdles, shows in filter(None, options)
        if (items := items_needed(hurdles, have)) is not None
    ]
    settling = min(found, key=lambda option: option.items, default=None)
    if settling is not None and arm_scores.metric_spec.correction is not None:
        return replace(settling, shows=f"{settling.shows}, with people's labels in proportion")
    return settling


Option = tuple[list[Hurdle], str]  # the bounds that a verdict needs, and what they show


def _prompt_option(arm_scores: ArmScores) -> Option | None:
    prompt = arm_scores.judged_arms.candidate("prompt")
    if prompt is None:
        return None
    hurdle = _rate(arm_scores, prompt, arm_scores.prompt_tails[prompt.name], above=True)
    return [hurdle], f"{prompt.name} reaches the goal"


def _climb_options(arm_scores: ArmScores, climb: Climb, constant: BestConstant | None) -> list[Option]:
    """Return the two ways to climb: a gain over every simpler arm, or all of them below the goal."""
    if climb.missing_parents or not climb.comparisons or climb.in_the_way or climb.is_gated:
        return []
    judged_arms, arm, least = arm_scores.judged_arms, climb.arm, arm_scores.limits.smallest_gain
    cheaper = judged_arms.cheaper(arm)
    simpler: list[Scored] = [*cheaper, *([constant] if constant else [])]
    by_gain = [_gain(arm_scores, arm, other, least) for other in simpler]
    by_goal = [_rate(arm_scores, arm, TAIL, above=True)]
    by_goal += [_rate(arm_scores, other, TAIL, above=False) for other in cheaper]
    by_goal += _constant_below(arm_scores, constant)
    if arm.evidence.family == "combine":
        parents = [judged_arms.candidate(parent) for parent in PARENTS]
        by_goal += [_gain(arm_scores, arm, parent, least) for parent in parents if parent is not None]
    return [
        (by_gain, f"{arm.name} beats every simpler arm"),
        (by_goal, f"{arm.name} reaches the goal and no simpler arm does"),
    ]


def _rethink_option(arm_scores: ArmScores, learned: bool, constant: BestConstant | None) -> Option | None:
    judged, begun = arm_scores.judged_arms.judged, start(arm_scores, constant)
    if begun is None or not is_exhausted(arm_scores, learned):
        return None
    below = [_rate(arm_scores, arm, TAIL / len(judged), above=False) for arm in judged]
    most = begun.gain_to_rule_out(arm_scores.limits.goal)
    small = [_gain(arm_scores, arm, begun.of, most, above=False) for arm in judged if arm.rank > 0]
    return below + small, "no arm reaches the goal, and neither retrieval nor tuning comes near"


def _rate(arm_scores: ArmScores, arm: Arm, tail: float, *, above: bool) -> Hurdle:
    goal = arm_scores.limits.goal
    if _is_by_interval(arm_scores):
        return interval_hurdle(arm_scores.bounds(arm, tail), goal, tail, above=above)
    tail = arm_scores.tail_of_whole(tail)
    return rate_hurdle(arm_scores.values(arm), arm_scores.labels(arm), goal, tail, above=above)


def _constant_below(arm_scores: ArmScores, constant: BestConstant | None) -> list[Hurdle]:
    bounds = arm_scores.constant_bounds(constant) if constant is not None else None
    if constant is None or bounds is None:
        return []
    goal = arm_scores.limits.goal
    if _is_by_interval(arm_scores):
        return [interval_hurdle(bounds, goal, TAIL, above=False)]
    return [rate_hurdle(arm_scores.values(constant), arm_scores.labels(constant), goal, TAIL, above=False)]


def _gain(arm_scores: ArmScores, arm: Arm, other: Scored, threshold: float, *, above: bool = True) -> Hurdle:
    if _is_by_interval(arm_scores):
        seen = compare(arm, other, arm_scores.metric_spec, threshold).difference
        return interval_hurdle(seen or Interval(0.0, -1.0, 1.0, 1, ""), threshold, above=above)
    items = [item for item in arm_scores.items if item in arm.scores and item in other.scores]
    differences = np.array([arm.scores[item].value - other.scores[item].value for item in items])
    labels = group_labels(items, arm_scores.metric_spec)
    return gain_hurdle(differences, labels, threshold, arm_scores.tail_of_whole(TAIL), above=above)


def _is_by_interval(arm_scores: ArmScores) -> bool:
    """Whether a forecast is made of the interval: the figure is not a mean of items, or corrected for a judge's errors.

    Of the second it takes labels to grow with the items, in proportion.
    """
    return arm_scores.metric_spec.kind == "aggregate" or arm_scores.metric_spec.correction is not None


def _obstacle(climbs: Mapping[Family, Climb | None]) -> UndecidedKind:
    """Return what stopped a climb that its figures support; empty when no climb was supported."""
    supported = [climb for climb in climbs.values() if climb is not None and climb.has_support]
    if any(climb.in_the_way for climb in supported):
        return "arms_missing"
    return "gate" if any(climb.is_gated for climb in supported) else ""


def _unsettled(arm_scores: ArmScores) -> UndecidedKind:
    """Say what is in the way where more items are not the remedy."""
    judged = arm_scores.judged_arms.judged
    is_alone = len({arm.rank for arm in judged}) < 2
    is_unfinished = any(arm.is_undertrained for arm in judged) or not any(arm.is_tuned for arm in judged)
    return "arms_missing" if is_alone or is_unfinished or arm_scores.judged_arms.absent else "margin"

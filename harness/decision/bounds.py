"""What items that ended in infrastructure errors could change: each arm's figure, and the verdict.

A lost item is worth 0 at worst and 1 at best, so a rate and a mean of graded scores have exact bounds. An aggregate
has none here: what a wrong answer costs macro-F1 depends on the label that was given in its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.decision.arms import Arm, JudgedArms, MetricSpec, lost_items, measured_scores, on_shared_items
from harness.decision.intervals import score_interval
from harness.decision.ladder import ArmScores
from harness.decision.paired import BestConstant
from harness.decision.verdict import Verdict, judge
from harness.records import ErrorBounds, Evidence, Gate, Score


def error_bounds(evidence: Sequence[Evidence], metric_spec: MetricSpec) -> tuple[ErrorBounds, ...]:
    """Bound the figure of every arm that lost items, over all the items that it was asked; invalid arms too.

    A judge's figure is corrected for its errors first; where nothing corrects it, it has no bounds.

    Raises:
        ValueError: If an arm's scores do not match its predictions.
    """
    return tuple(
        _bound(item, len(lost), metric_spec)
        for item in evidence
        if item.status in ("ok", "invalid") and (lost := lost_items(item))
    )


def _bound(evidence: Evidence, lost: int, metric_spec: MetricSpec) -> ErrorBounds:
    asked, scores = len(evidence.predictions), list(measured_scores(evidence, metric_spec.metric).values())
    if metric_spec.kind == "aggregate":
        return ErrorBounds(evidence.arm, lost, asked, None, None)
    earned = sum(score.value for score in scores)
    if metric_spec.correction is not None and scores:
        found = score_interval(scores, metric_spec)
        if found.is_uncorrected:
            return ErrorBounds(evidence.arm, lost, asked, None, None)
        earned = found.estimate * len(scores)
    return ErrorBounds(evidence.arm, lost, asked, earned / asked, (earned + lost) / asked)


def other_verdicts(
    arm_scores: ArmScores, gates: Mapping[str, Gate], constant: BestConstant | None, verdict: Verdict
) -> tuple[str, ...] | None:
    """Decide again with lost items counted, and name the verdicts that differ from this one.

    The cases: every arm's lost items wrong, or right; each arm's right where all others' are wrong, and the
    reverse. Up to three arms with lost items, these are all the corners.

    Returns:
        None where lost items cannot be counted, because the figure is not a mean of items.
    """
    losers = frozenset(arm.name for arm in arm_scores.judged_arms.judged if arm.lost)
    if not losers:
        return ()
    metric_spec = arm_scores.metric_spec
    if metric_spec.kind == "aggregate":
        return None
    cases = {frozenset[str](), losers, *(frozenset([name]) for name in losers), *(losers - {name} for name in losers)}
    is_adaptive = arm_scores.limits.is_adaptive
    fields = [_filled(arm_scores.judged_arms, metric_spec.metric, right, is_adaptive=is_adaptive) for right in cases]
    found = {
        name_verdict(judge(ArmScores(judged_arms, metric_spec, arm_scores.limits), gates, constant))
        for judged_arms in fields
    }
    return tuple(sorted(found - {name_verdict(verdict)}))


def _filled(judged_arms: JudgedArms, metric: str, right: frozenset[str], *, is_adaptive: bool) -> JudgedArms:
    """Count every lost item: right for the arms named, wrong for the others."""
    arms = [replace(arm, scores=_all_scores(arm, metric, float(arm.name in right))) for arm in judged_arms.judged]
    return replace(judged_arms, judged=tuple(arms) if is_adaptive else on_shared_items(arms))


def _all_scores(arm: Arm, metric: str, value: float) -> Mapping[str, Score]:
    return {**measured_scores(arm.evidence, metric), **{item: Score(item, value) for item in arm.lost}}


def name_verdict(verdict: Verdict) -> str:
    """Name a verdict by its action, arm and goal: 'fine-tune (lora_sft), goal met' ('not shown', 'missed')."""
    if verdict.arm is None:
        return verdict.action
    action = verdict.action.replace("_", "-")
    return f"{action} ({verdict.arm.name}), goal {verdict.goal.replace('_', ' ')}"

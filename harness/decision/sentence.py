"""The verdict in words, every figure of it taken from the evidence."""

from collections.abc import Sequence

from harness.decision.arms import Arm
from harness.decision.intervals import FEWEST_GROUPS, FEWEST_PER_LABEL
from harness.decision.ladder import ArmScores, Climb, goal_words, why_climb
from harness.decision.searches import lost_in_retrieval
from harness.decision.undecided import Openness, lacks_groups
from harness.decision.verdict import Verdict
from harness.decision.words import gain_range, join, points, score_range, share, signed_points
from harness.records import Comparison, Gate

LEADS = {"prompt": "Prompt", "rag": "RAG", "fine_tune": "Fine-tune", "combine": "Combine"}


def verdict_sentence(
    verdict: Verdict, openness: Openness, arm_scores: ArmScores, gate: Gate | None, routed: Verdict | None
) -> str:
    """Say the verdict in one sentence, e.g. 'Fine-tune (lora_sft): 97.5% exact_match (95% CI ...), ...'.

    Args:
        verdict: What is said.
        openness: Why it is undecided, if it is.
        arm_scores: The figures behind it.
        gate: Of the recommended arm, where it is tuned.
        routed: Where the gate alone leaves the run undecided, the verdict that a gate which does not block gives.
    """
    if verdict.arm is None:
        is_rethink = verdict.action == "rethink"
        return _rethink(arm_scores) if is_rethink else _undecided(verdict, openness, arm_scores, routed)
    arm = verdict.arm
    first = f"{LEADS[verdict.action]} ({arm.name}): {figure(arm_scores, arm)}"
    climb = verdict.climbs.get(arm.evidence.family)
    if climb is not None and (closest := climb.closest) is not None and closest.difference is not None:
        is_arm = closest.against in arm_scores.scores
        against = (
            f"the best simpler arm, {closest.against}" if is_arm and len(climb.comparisons) > 1 else closest.against
        )
        first += f", {gain_range(closest.difference, f'over {against}')}{honest_words(closest)}"
    parts = [first, goal_clause(verdict, arm_scores)]
    if gate is not None:
        parts.append(gate_clause(gate, arm_scores.limits.max_drop))
    return "; ".join(parts) + "."


def figure(arm_scores: ArmScores, arm: Arm) -> str:
    """Write an arm's figure: '97.5% exact_match (95% CI 94.3 to 98.9, n = 200)'."""
    score = arm_scores.scores[arm.name]
    is_corrected = arm_scores.metric_spec.correction is not None and not score.is_uncorrected
    metric = f"{arm_scores.metric_spec.metric}{', corrected' * is_corrected}"
    return f"{share(score.estimate)} {metric} ({score_range(score)})"


def leader(arm_scores: ArmScores) -> Arm:
    """Return the judged arm with the highest figure, the cheaper one of a tie; what a judge says alone comes last."""

    def height(arm: Arm) -> tuple[bool, float, int]:
        score = arm_scores.scores[arm.name]
        return not score.is_uncorrected, score.estimate, -arm.rank

    return max(arm_scores.judged_arms.judged, key=height)


def gate_clause(gate: Gate, max_drop: float) -> str:
    """Say in a clause what tuning did to general ability, and what follows from it."""
    if gate.state == "not_measured":
        return "forgetting was not measured"
    seen = _ability_words(gate)
    if gate.state == "pass":
        return f"{seen}: no forgetting beyond {points(max_drop)} over all benchmarks"
    if gate.state == "fail":
        return f"{seen}: fails the gate" if gate.blocks else f"{seen}: {_ROUTED}"
    if gate.state == "cannot_judge":
        return f"{seen}: forgetting cannot be judged on this base"
    needed = f", {gate.items_needed} benchmark items would show it" if gate.items_needed else ""
    return f"{seen}: forgetting not excluded{needed}"


_ROUTED = "forgetting is shown, and does not block because only this task's inputs reach the adapter"


def _ability_words(gate: Gate) -> str:
    found, measure = gate.change or gate.pooled, f" by {gate.basis}" if gate.basis else ""
    if found is None:
        return "general ability"
    bound = f"95% one-sided at least {signed_points(found.low)}, n = {found.n}"
    return f"general ability {signed_points(found.estimate)}{measure} ({bound})"


def honest_words(gain: Comparison) -> str:
    """Give the estimate that allows for a gain being told because it was shown, where it differs by a tenth of a point.

    Args:
        gain: Of a recommended arm over the simpler arm that is hardest to beat.
    """
    if gain.honest is None or gain.difference is None or gain.difference.estimate - gain.honest < 0.0005:
        return ""
    return f", {signed_points(gain.honest)} corrected for selection"


def goal_clause(verdict: Verdict, arm_scores: ArmScores) -> str:
    """Say how the recommended arm stands to the goal; where it is missed, by how much and what would close the gap."""
    goal = share(arm_scores.limits.goal)
    if verdict.goal == "met" or verdict.arm is None:
        return f"the goal of {goal} is met"
    if verdict.goal == "not_shown":
        return f"the goal of {goal} is not shown"
    distance = arm_scores.limits.goal - arm_scores.scores[verdict.arm.name].estimate
    closes = CLOSES[verdict.action]
    if lost_in_retrieval(verdict.arm, arm_scores.limits.smallest_gain):
        closes = "which better retrieval would have to close first"
    return f"the goal of {goal} is missed by {points(distance)}, {closes}"


CLOSES = {
    "rag": "which better retrieval or a more capable model would have to close",
    "fine_tune": "which more training rows or a more capable model would have to close",
    "combine": "which better retrieval, more training rows or a more capable model would have to close",
}


def _rethink(arm_scores: ArmScores) -> str:
    best = leader(arm_scores)
    return (
        f"Rethink: no arm reaches the goal of {share(arm_scores.limits.goal)}, the best, {best.name}, having "
        f"{figure(arm_scores, best)}; tuning was not seen to learn, and a gain that would matter is ruled out."
    )


def _undecided(verdict: Verdict, openness: Openness, arm_scores: ArmScores, routed: Verdict | None) -> str:
    if not arm_scores.judged_arms.judged:
        return "Undecided: no arm could be measured."
    best = leader(arm_scores)
    otherwise = _settling_clause(openness, arm_scores) if routed is None else f"; {routed_clause(routed, arm_scores)}"
    return f"Undecided: {_why_open(verdict, openness, arm_scores, best)}{otherwise}."


def routed_clause(routed: Verdict, arm_scores: ArmScores) -> str:
    """Say what would be recommended if only this task's inputs ever reached the adapter."""
    where = "if only this task's inputs reached it (general.deployment: routed),"
    if routed.arm is None:
        return f"{where} the run would be undecided as well"
    action = LEADS[routed.action].lower()
    return f"{where} the verdict would be {action} ({routed.arm.name}), {goal_clause(routed, arm_scores)}"


def _why_open(verdict: Verdict, openness: Openness, arm_scores: ArmScores, best: Arm) -> str:
    if lacks_groups(arm_scores):
        return f"nothing can be claimed of any arm ({arm_scores.scores[best.name].method})"
    supported = [climb for climb in verdict.climbs.values() if climb is not None and climb.has_support]
    if openness.kind == "gate":
        blocked = [climb.arm.name for climb in supported if climb.is_gated]
        failed = "gains on the task but fails the gate of general ability, and no other arm can be recommended"
        return f"{join(blocked)} {failed}"
    if supported:  # arms are missing
        missing = {gone.name: gone for climb in supported for gone in climb.in_the_way}
        gone = join([f"{name} {item.why}" for name, item in missing.items()])
        return f"{join([climb.arm.name for climb in supported])} leads, but {gone}, so the gain over it is not known"
    goal = share(arm_scores.limits.goal)
    if openness.kind == "arms_missing":
        return f"{best.name} leads with {figure(arm_scores, best)}, but {_not_exhausted(arm_scores)}"
    if verdict.goal == "missed":
        ahead = f"every arm is below the goal of {goal}, the best, {best.name}, having {figure(arm_scores, best)}"
    else:
        ahead = f"{best.name} leads with {figure(arm_scores, best)}, but no prompt is shown to reach the goal of {goal}"
    least = points(arm_scores.limits.smallest_gain)
    return f"{ahead}, and no arm is shown to gain more than {least} over every simpler one"


def _not_exhausted(arm_scores: ArmScores) -> str:
    """Say which arms are missing, or were not trained to the end."""
    judged = arm_scores.judged_arms.judged
    if gone := [f"{item.name} {item.why}" for item in arm_scores.judged_arms.absent]:
        return join(gone)
    if improving := [arm.name for arm in judged if arm.is_undertrained]:
        return f"{join(improving)} still improved when training ended"
    if not any(arm.is_tuned for arm in judged):
        return "no tuned arm was measured"
    return "there is no simpler arm to compare it with"


def _settling_clause(openness: Openness, arm_scores: ArmScores) -> str:
    if openness.settling is not None:
        have = max(score.n for score in arm_scores.scores.values())
        items, shows = openness.settling.items, openness.settling.shows
        return f"; label about {items - have} more test items ({items} in all) to show that {shows}"
    if openness.kind == "few_items":
        is_by_group = any("group" in score.method for score in arm_scores.scores.values())
        more = f"of at least {FEWEST_GROUPS} groups" if is_by_group else f"until each label has {FEWEST_PER_LABEL}"
        return f"; label test items {more}"
    if openness.kind == "few_labels":
        return "; people's labels of the arms' own answers would narrow what the judge leaves open"
    if openness.kind == "margin":
        return "; more test items would not settle it at the figures seen"
    return ""


def explain(verdict: Verdict, arm_scores: ArmScores, gates: Sequence[Gate]) -> tuple[str, ...]:
    """List the figures behind the verdict: the prompt's, each climb's, and each gate's."""
    reasons: list[str] = []
    prompt = arm_scores.judged_arms.candidate("prompt")
    reaching = arm_scores.prompt_at_goal()
    if prompt is not None:
        words = goal_words(arm_scores, prompt, is_reached=reaching is prompt)
        reasons.append(f"{prompt.name}, the prompt that dev named, has {figure(arm_scores, prompt)}: {words}")
    if reaching is not None and reaching is not prompt:
        words = goal_words(arm_scores, reaching, is_reached=True)
        reasons.append(f"{reaching.name}, which dev did not name, has {figure(arm_scores, reaching)}: {words}")
    if verdict.action != "prompt":
        reasons.extend(_explain_climb(climb, arm_scores) for climb in verdict.climbs.values() if climb is not None)
    if verdict.goal == "missed" and verdict.arm is None:
        seen = "was seen" if verdict.learned else "has not been seen"
        reasons.append(f"tuning {seen} to beat every prompt and the best constant answer")
    for gate in gates:
        reasons.append(f"{gate.arm}: {gate_clause(gate, arm_scores.limits.max_drop)}")
        if gate.state == "fail":
            reasons.extend(f"{gate.arm}: {reason}" for reason in gate.reasons)
    return tuple(reasons)


def _explain_climb(climb: Climb, arm_scores: ArmScores) -> str:
    text = f"{climb.arm.name} has {figure(arm_scores, climb.arm)}"
    if climb.closest is not None and climb.closest.difference is not None:
        text += (
            f", {gain_range(climb.closest.difference, f'over {climb.closest.against}')}{honest_words(climb.closest)}"
        )
    return f"{text}: {why_climb(climb, arm_scores.limits)}"

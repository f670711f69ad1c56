"""The verdict in words, every figure of it taken from the evidence."""

from collections.abc import Sequence

from harness.decision.arms import Arm
from harness.decision.ladder import Climb, Standings, why_climb
from harness.decision.verdict import Verdict
from harness.decision.words import gain_range, join, points, score_range, share, signed_points
from harness.records import Gate

LEADS = {"prompt": "Prompt", "rag": "RAG", "fine_tune": "Fine-tune", "combine": "Combine"}


def verdict_sentence(verdict: Verdict, standings: Standings, gate: Gate | None, routed: Verdict | None) -> str:
    """Say the verdict in one sentence, e.g. 'Fine-tune (lora_sft): 97.5% exact_match (95% CI ...), ...'.

    Args:
        verdict: What is said.
        standings: The figures behind it.
        gate: Of the recommended arm, where it is tuned.
        routed: Where the gate alone leaves the run undecided, the verdict that a gate which does not block gives.
    """
    if verdict.arm is None:
        return _rethink(standings) if verdict.action == "rethink" else _undecided(verdict, standings, routed)
    arm = verdict.arm
    first = f"{LEADS[verdict.action]} ({arm.name}): {figure(standings, arm)}"
    climb = verdict.climbs.get(arm.evidence.family)
    if climb is not None and (closest := climb.closest) is not None and closest.difference is not None:
        against = f"the best simpler arm, {closest.against}" if len(climb.comparisons) > 1 else closest.against
        first += f", {gain_range(closest.difference, f'over {against}')}"
    parts = [first, _goal_clause(verdict, standings)]
    if gate is not None:
        parts.append(gate_clause(gate, standings.limits.max_drop))
    return "; ".join(parts) + "."


def figure(standings: Standings, arm: Arm) -> str:
    """Write an arm's figure: '97.5% exact_match (95% CI 94.3 to 98.9, n=200)'."""
    score = standings.scores[arm.name]
    return f"{share(score.estimate)} {standings.yardstick.metric} ({score_range(score)})"


def leader(standings: Standings) -> Arm:
    """Return the judged arm with the highest figure, the cheaper one of a tie."""
    return max(standings.field.judged, key=lambda arm: (standings.scores[arm.name].estimate, -arm.rank))


def gate_clause(gate: Gate, max_drop: float) -> str:
    """Say in a clause what tuning did to general ability, and what follows from it."""
    if gate.state == "not_measured":
        return "forgetting was not measured"
    seen = _ability_words(gate)
    if gate.state == "pass":
        return f"{seen}: no forgetting beyond {points(max_drop)}"
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
    bound = f"95% one-sided at least {signed_points(found.low)}, n={found.n}"
    return f"general ability {signed_points(found.estimate)}{measure} ({bound})"


def _goal_clause(verdict: Verdict, standings: Standings) -> str:
    return f"the goal of {share(standings.limits.goal)} is {'met' if verdict.goal == 'met' else 'not shown'}"


def _rethink(standings: Standings) -> str:
    best = leader(standings)
    return (
        f"Rethink: no arm reaches the goal of {share(standings.limits.goal)}, the best, {best.name}, having "
        f"{figure(standings, best)}, and tuning was not seen to learn."
    )


def _undecided(verdict: Verdict, standings: Standings, routed: Verdict | None) -> str:
    if not standings.field.judged:
        return "Undecided: no arm could be measured."
    best = leader(standings)
    otherwise = _settling_clause(verdict, standings) if routed is None else f"; {routed_clause(routed, standings)}"
    return f"Undecided: {_why_open(verdict, standings, best)}{otherwise}."


def routed_clause(routed: Verdict, standings: Standings) -> str:
    """Say what would be recommended if only this task's inputs ever reached the adapter."""
    where = "if only this task's inputs reached it (general.deployment: routed),"
    if routed.arm is None:
        return f"{where} the run would be undecided as well"
    action = LEADS[routed.action].lower()
    return f"{where} the verdict would be {action} ({routed.arm.name}), {_goal_clause(routed, standings)}"


def _why_open(verdict: Verdict, standings: Standings, best: Arm) -> str:
    goal = share(standings.limits.goal)
    if verdict.open == "below_goal":
        best_figure = f"the best, {best.name}, having {figure(standings, best)}"
        return f"every arm is below the goal of {goal}, {best_figure}, but {_not_exhausted(verdict, standings)}"
    climbed = [climb.arm for climb in verdict.climbs.values() if climb is not None and climb.succeeded]
    if verdict.open == "climber_below_goal":
        highest = climbed[-1]
        gained = f"{highest.name} gains over every simpler arm with {figure(standings, highest)}"
        return f"{gained}, but is below the goal of {goal}"
    supported = [climb for climb in verdict.climbs.values() if climb is not None and climb.has_support]
    if verdict.open == "gate":
        blocked = [climb.arm.name for climb in supported if climb.is_gated]
        failed = "gains on the task but fails the gate of general ability, and no other arm can be recommended"
        return f"{join(blocked)} {failed}"
    if verdict.open == "arms_missing":
        missing = {gone.name: gone for climb in supported for gone in climb.in_the_way}
        gone = join([f"{name} {item.why}" for name, item in missing.items()])
        return f"{join([climb.arm.name for climb in supported])} leads, but {gone}, so the gain over it is not known"
    if verdict.open == "rag_at_goal" and (rag := verdict.climbs["rag"]) is not None:
        return (
            f"{rag.arm.name} reaches the goal of {goal} with {figure(standings, rag.arm)}, but a plain prompt may "
            f"do as well"
        )
    gain = points(standings.limits.smallest_gain)
    return (
        f"{best.name} leads with {figure(standings, best)}, but no prompt is shown to reach the goal of {goal}, and no "
        f"arm to gain more than {gain} over every simpler one"
    )


def _not_exhausted(verdict: Verdict, standings: Standings) -> str:
    """Say why arms that are all below the goal are no reason to rethink yet."""
    if verdict.learned:
        return "tuning is learning"
    judged = standings.field.judged
    if improving := [arm.name for arm in judged if arm.is_undertrained]:
        return f"{join(improving)} still improved when training ended"
    if not any(arm.is_tuned for arm in judged):
        return "no tuned arm was measured"
    return join([f"{gone.name} {gone.why}" for gone in standings.field.absent])


def _settling_clause(verdict: Verdict, standings: Standings) -> str:
    if verdict.settling is not None:
        have = max(score.n for score in standings.scores.values())
        more = max(0, verdict.settling.items - have)
        total = f"({verdict.settling.items} in all)"
        return f"; label about {more} more test items {total} to show that {verdict.settling.shows}"
    if verdict.open in ("rag_at_goal", "not_separated"):
        return "; more test items would not settle it, since no difference seen points to a verdict"
    return ""


def explain(verdict: Verdict, standings: Standings, gates: Sequence[Gate]) -> tuple[str, ...]:
    """List the figures behind the verdict: the prompt's, each climb's, and each gate's."""
    reasons: list[str] = []
    prompt = standings.field.candidate("prompt")
    if prompt is not None:
        side = "reaches" if standings.is_at_goal(prompt) else "does not reach"
        reasons.append(
            f"{prompt.name}, the prompt that dev named, has {figure(standings, prompt)}: its lower bound {side} the "
            f"goal of {share(standings.limits.goal)}"
        )
    if verdict.action != "prompt":
        reasons.extend(_explain_climb(climb, standings) for climb in verdict.climbs.values() if climb is not None)
    if verdict.open == "below_goal" or verdict.action == "rethink":
        seen = "was seen" if verdict.learned else "has not been seen"
        reasons.append(f"tuning {seen} to beat every prompt and the best constant answer")
    for gate in gates:
        reasons.append(f"{gate.arm}: {gate_clause(gate, standings.limits.max_drop)}")
        if gate.state == "fail":
            reasons.extend(f"{gate.arm}: {reason}" for reason in gate.reasons)
    return tuple(reasons)


def _explain_climb(climb: Climb, standings: Standings) -> str:
    text = f"{climb.arm.name} has {figure(standings, climb.arm)}"
    if climb.closest is not None and climb.closest.difference is not None:
        text += f", {gain_range(climb.closest.difference, f'over {climb.closest.against}')}"
    return f"{text}: {why_climb(climb, standings.limits)}"

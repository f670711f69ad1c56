"""What the reader should keep in mind, and do next."""

from collections.abc import Mapping, Sequence

from harness.decision.arms import Arm, MetricKind
from harness.decision.ladder import Standings
from harness.decision.sentence import leader
from harness.decision.verdict import Verdict
from harness.decision.words import join, share
from harness.records import Gate

# Wilson and the paired intervals hold from a few dozen items on; below this they hold, but say little.
FEW_ITEMS = 50


def caveats(standings: Standings, gates: Mapping[str, Gate], recommended: Arm | None) -> tuple[str, ...]:
    """List what limits the verdict: arms that are missing, training that was cut, items left out, seeds.

    What concerns the recommended arm comes first.
    """
    kind = standings.yardstick.kind
    found = _about(recommended, gates.get(recommended.name), kind) if recommended else []
    found.extend(f"{gone.name} {gone.why}" for gone in standings.field.absent)
    for arm in standings.field.judged:
        if arm is not recommended:
            found.extend(_about(arm, gates.get(arm.name), kind))
    fewest = min((score.n for score in standings.scores.values()), default=FEW_ITEMS)
    if fewest < FEW_ITEMS:
        found.append(f"{fewest} test items are few: only large differences can show")
    found.extend(f"{name}: {score.method}" for name, score in standings.scores.items() if "no claim" in score.method)
    if any(arm.is_tuned for arm in standings.field.judged):
        found.append("each tuned figure is of this adapter, from one training run; seed not measured")
    return tuple(found)


def _about(arm: Arm, gate: Gate | None, kind: MetricKind) -> list[str]:
    found: list[str] = []
    training = arm.evidence.training
    if training is not None and training.undertrained:
        why = "the budget ended" if training.stopped == "budget" else "training ended"
        found.append(f"{arm.name} was still improving when {why}: longer training may raise its figure")
    if arm.left_out:
        found.append(_left_out(arm, kind))
    if gate is not None and gate.state == "not_measured":
        found.append(f"{arm.name}: forgetting not measured: {join(gate.reasons)}")
    if gate is not None and gate.state == "inconclusive":
        found.extend(f"{arm.name}: {reason}" for reason in gate.reasons)
    return found


def _left_out(arm: Arm, kind: MetricKind) -> str:
    total = len(arm.scores) + arm.left_out
    text = (
        f"{arm.name}: {arm.left_out} of {total} items ended in infrastructure errors and are left out of its figure "
        f"and of every pair"
    )
    if kind == "aggregate":
        return text
    earned = sum(score.value for score in arm.scores.values())
    worst, best = earned / total, (earned + arm.left_out) / total
    return f"{text}; with them it would be between {share(worst)} and {share(best)}"


def next_step(verdict: Verdict, standings: Standings, gate: Gate | None) -> str:
    """Say what to do now."""
    if verdict.action == "rethink":
        return (
            "Read the failed answers: check the labels, give the task other inputs or documents, or take a more "
            "capable model; more training of this kind is not the way."
        )
    if verdict.arm is None:
        return _settle_step(verdict, standings)
    name = verdict.arm.name
    if verdict.action == "prompt":
        return f"Ship the prompt of {name}; no retrieval and no training is needed."
    if gate is None:
        step = f"Ship {name} with its index; training is not needed for this gain."
    elif gate.state == "pass":
        step = f"Ship {name}; keep the other arms as fallback."
    elif gate.items_needed:
        step = f"Before shipping {name}, measure {gate.items_needed} general benchmark items (general.limit)."
    else:
        step = f"Before shipping {name}, measure its general ability (general.tasks, general.limit)."
    if verdict.goal != "met":
        step += f" The goal of {share(standings.limits.goal)} is not shown: label more test items, or improve {name}."
    return step


def _settle_step(verdict: Verdict, standings: Standings) -> str:
    if verdict.settling is not None:
        return (
            f"Label test items until there are about {verdict.settling.items}, then run again: at the figures seen "
            f"that shows that {verdict.settling.shows}."
        )
    if verdict.open == "arms_missing":
        return "Run the missing arms again, or take them out of the task file."
    if verdict.open == "gate":
        return "Tune more gently (a lower learning rate, fewer steps, general data mixed in), and run again."
    if verdict.open == "below_goal":
        return _below_goal_step(verdict, standings)
    return (
        f"Improve the leading arm, {leader(standings).name}, or take the cheapest; the figures do not part them."
        if (standings.field.judged)
        else "See why every arm failed and run again."
    )


def _below_goal_step(verdict: Verdict, standings: Standings) -> str:
    judged: Sequence[Arm] = standings.field.judged
    if any(arm.is_undertrained for arm in judged):
        return "Train longer (more epochs or minutes) and run again."
    if verdict.learned:
        return "Add training rows and run again: tuning learns, but has not reached the goal with these."
    if not any(arm.is_tuned for arm in judged):
        return "Add a tuned arm (lora_sft) to the task file and run again."
    return "Get the missing arms to run, or take them out of the task file, and run again."

"""What the reader should keep in mind, and do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.decision.arms import Arm, JudgedArms
from harness.decision.ladder import ArmScores
from harness.decision.paired import BestConstant
from harness.decision.searches import REMEDIES, is_search_unknown, lost_in_retrieval, search_caveats, search_words
from harness.decision.sentence import leader
from harness.decision.undecided import Openness
from harness.decision.verdict import Verdict, constant_figure, start
from harness.decision.words import join, seeds_words, share
from harness.records import ErrorBounds, Gate, Missing, Recipe

# The intervals hold at any number of items; below this they say little.
FEW_ITEMS = 50
MISSING_STEP = "Run the missing arms again, or take them out of the task file."


@dataclass(frozen=True, slots=True)
class Caveats:
    """What limits the verdict: what could overturn it, and what could not."""

    turning: tuple[str, ...]
    others: tuple[str, ...]


def caveats(
    arm_scores: ArmScores,
    gates: Mapping[str, Gate],
    recommended: Arm | None,
    missing: Sequence[Missing],
    bounds: Sequence[ErrorBounds],
    other_verdicts: Sequence[str] | None,
    constant: BestConstant | None,
    recipes: Sequence[Recipe],
    lost_seeds: Sequence[str],
) -> Caveats:
    """List what limits the verdict, the gravest of each kind first.

    It could be overturned by a goal that a constant answer reaches; lost items that turn it, or are more than an arm
    may lose; doubts about the recommended arm, its one training run among them; arms whose absence leaves the verdict
    open; what retrieval lost; training that was cut short. Few items, few lost items that turn nothing, doubts about
    other arms and other missing arms do not.
    """
    judged_arms = arm_scores.judged_arms
    others = [arm for arm in judged_arms.judged if arm is not recommended]
    found = _asks_nothing(arm_scores, constant)
    if other_verdicts:
        found.append(f"items lost to infrastructure errors could turn the verdict into {' or '.join(other_verdicts)}")
    is_much = arm_scores.limits.are_too_many(len(judged_arms.lost), judged_arms.asked)
    lost = _lost(judged_arms, bounds, other_verdicts)
    found += lost if is_much else []
    if recommended is not None:
        found += [*_training(recommended), *_gate(gates.get(recommended.name))]
    found += [f"{gone.arm} {gone.why}; {gone.meaning}" for gone in missing if gone.matters]
    found += [text for arm in judged_arms.judged for text in search_caveats(arm, arm_scores.limits.smallest_gain)]
    found += [text for arm in others for text in _training(arm)]
    seeds = _seeds(judged_arms, recipes)
    is_trained = recommended is not None and recommended.is_tuned
    found += [*lost_seeds, *seeds] if is_trained else []
    rest = [f"{name}: {score.method}" for name, score in arm_scores.scores.items() if "no claim" in score.method]
    most = max((score.n for score in arm_scores.scores.values()), default=FEW_ITEMS)
    if most < FEW_ITEMS:
        rest.append(f"{most} test items are few: only large differences can show")
    rest += [] if is_much else lost
    rest += [text for arm in others for text in _gate(gates.get(arm.name))]
    rest += [] if is_trained else [*lost_seeds, *seeds]
    rest += [f"{gone.arm} {gone.why}; {gone.meaning}" for gone in missing if not gone.matters]
    return Caveats(tuple(found), tuple(rest))


def _asks_nothing(arm_scores: ArmScores, constant: BestConstant | None) -> list[str]:
    begun, goal = start(arm_scores, constant), arm_scores.limits.goal
    figure = constant_figure(arm_scores, constant)
    if begun is None or begun.of is not constant or figure is None or figure < goal:
        return []
    return [
        f"always giving the commonest answer of train scores {share(figure)}, and the goal is {share(goal)}: "
        "a model is not asked for anything; set a higher goal, or a metric that weighs every label alike (macro_f1)"
    ]


def _training(arm: Arm) -> list[str]:
    training = arm.evidence.training
    if training is None or not training.undertrained:
        return []
    why = "the budget ended" if training.stopped == "budget" else "training ended"
    return [f"{arm.name} was still improving when {why}: longer training may raise its figure"]


def _seeds(judged_arms: JudgedArms, recipes: Sequence[Recipe]) -> list[str]:
    """Say which seed the verdict is about, and what another would reach where several tell."""
    told = {recipe.arm: recipe for recipe in recipes}
    alone = [arm.name for arm in judged_arms.judged if arm.is_tuned and arm.name not in told]
    found = [seeds_words(told[arm.name], arm.evidence) for arm in judged_arms.judged if arm.name in told]
    if alone:
        found.append("each tuned figure is of this adapter, from one training run; seed not measured")
    return found


def _gate(gate: Gate | None) -> list[str]:
    if gate is not None and gate.state == "not_measured":
        return [f"{gate.arm}: forgetting not measured: {join(gate.reasons)}"]
    if gate is None:
        return []
    is_open = gate.state in ("inconclusive", "cannot_judge") or (gate.state == "fail" and not gate.blocks)
    return [f"{gate.arm}: {reason}" for reason in (*(gate.reasons if is_open else ()), *gate.warnings)]


def _lost(judged_arms: JudgedArms, bounds: Sequence[ErrorBounds], other_verdicts: Sequence[str] | None) -> list[str]:
    """Say how many items are left out for every arm, which arms lost them, and what counting them would change."""
    if not judged_arms.lost:
        return []
    losers = {arm.name for arm in judged_arms.judged if arm.lost}
    figures = join([_range(bound) for bound in bounds if bound.arm in losers])
    left_out = f"{len(judged_arms.lost)} of {judged_arms.asked} items are left out for every arm"
    text = f"{left_out}, lost to infrastructure errors: {figures}"
    if other_verdicts is None:
        return [f"{text}; the figure is not a mean of items, so what they could change is not known"]
    return [text if other_verdicts else f"{text}; the verdict is the same either way"]


def _range(bound: ErrorBounds) -> str:
    if bound.worst is None or bound.best is None:
        return f"{bound.arm} lost {bound.lost}"
    return f"{bound.arm} lost {bound.lost} (with them between {share(bound.worst)} and {share(bound.best)})"


def next_step(
    verdict: Verdict, openness: Openness, arm_scores: ArmScores, gate: Gate | None, routed: Verdict | None
) -> str:
    """Say what to do now."""
    if verdict.action == "rethink":
        return _rethink_step(arm_scores)
    if verdict.arm is None:
        return _settle_step(verdict, openness, arm_scores, routed)
    name = verdict.arm.name
    if verdict.action == "prompt":
        return f"Ship the prompt of {name}; no retrieval and no training is needed."
    if gate is None:
        step = f"Ship {name} with its index; training is not needed for this gain."
        step += _search_remedy(verdict.arm, arm_scores) if verdict.goal != "met" else ""
    elif gate.state == "pass":
        step = f"Ship {name}; keep the other arms as fallback."
    elif not gate.blocks:
        step = f"Ship {name} where only this task's inputs reach it, as general.deployment says."
    elif gate.state == "cannot_judge":
        step = f"Before shipping {name}, name benchmarks that the base can do (general.tasks) and measure it on them."
    elif gate.items_needed:
        step = f"Before shipping {name}, measure {gate.items_needed} general benchmark items (general.limit)."
    else:
        step = f"Before shipping {name}, measure its general ability (general.tasks, general.limit)."
    if verdict.goal == "not_shown":
        step += f" The goal of {share(arm_scores.limits.goal)} is not shown: label more test items, or improve {name}."
    elif verdict.goal == "missed":
        step += f" It is below the goal of {share(arm_scores.limits.goal)}: decide first whether that is good enough."
    return step


def _rethink_step(arm_scores: ArmScores) -> str:
    judged: Sequence[Arm] = arm_scores.judged_arms.judged
    for arm in judged:
        if search := lost_in_retrieval(arm, arm_scores.limits.smallest_gain):
            return (
                f"Fix retrieval first: for {arm.name}, {search_words(search)}. Try {REMEDIES}; then run again. Neither "
                "a more capable model nor more training of this kind is the way before that."
            )
    read = "Read the failed answers"
    if any(map(is_search_unknown, judged)):
        read += ", and whether the passages that they were given hold the right ones (items.parquet)"
    return (
        f"{read}: check the labels, give the task other inputs or documents, or take a more capable model; more "
        "training of this kind is not the way."
    )


def _search_remedy(arm: Arm, arm_scores: ArmScores) -> str:
    search = lost_in_retrieval(arm, arm_scores.limits.smallest_gain)
    return f" Most of what it lacks is lost in retrieval: {search_words(search)}; try {REMEDIES}." if search else ""


def _settle_step(verdict: Verdict, openness: Openness, arm_scores: ArmScores, routed: Verdict | None) -> str:
    if openness.settling is not None:
        return (
            f"Label test items until there are about {openness.settling.items}, then run again: at the figures seen "
            f"that shows that {openness.settling.shows}."
        )
    if openness.kind == "gate":
        step = "Tune more gently (a lower learning rate, fewer steps, a penalty for leaving the base), and run again"
        known = routed is not None and routed.arm is not None
        return f"{step}, or state that only this task's inputs reach the adapter." if known else f"{step}."
    if not arm_scores.judged_arms.judged:
        return "See why every arm failed and run again."
    if openness.kind == "few_items":
        return "Label test items of more groups, and more of every label, then run again."
    if openness.kind == "few_labels":
        return (
            "Label more answers (data.columns.labelled), best the arms' own on test rows drawn at random; or write a "
            "clearer rubric or take a more capable judge; then run again."
        )
    if openness.kind == "arms_missing":
        return _missing_step(arm_scores)
    if verdict.learned:
        return "Add training rows and run again: tuning learns, but has not gained more than the margin with these."
    best = leader(arm_scores)
    step = f"Improve the leading arm, {best.name}, or take the cheapest; the figures do not separate them."
    return step + _search_remedy(best, arm_scores)


def _missing_step(arm_scores: ArmScores) -> str:
    judged: Sequence[Arm] = arm_scores.judged_arms.judged
    if any(not gone.is_skipped for gone in arm_scores.judged_arms.absent):
        return MISSING_STEP
    if any(arm.is_undertrained for arm in judged):
        return "Train longer (more epochs or minutes) and run again."
    if not any(arm.is_tuned for arm in judged):
        return "Add a tuned arm (lora_sft) to the task file and run again."
    return "Add a plain prompt arm (zero_shot, few_shot) to the task file, so that there is a simpler arm to beat."

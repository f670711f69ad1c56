"""From stored evidence to a decision: pure, so that a run can be decided again with no model loaded.

arms       which arms can be judged, on which items    missing  what the others' absence means
intervals  one arm's figure           paired   how far one arm beats another        power  items for a bound
ladder     who climbs                 verdict  rules (a) to (d)           undecided  why, and what would settle it
sequence   bounds that hold however often one looks    asking, questions  items asked in rounds, and what is still open
bounds     what items lost to infrastructure errors could change
forgetting, probes  what tuning changed on benchmark items; on texts and unrelated questions
measured   both together, and the measure that the claim rests on
harm, safety        proof that something broke; proof that nothing did            gate     the state
bands      the 20/90/99 rule of thumb beside what was measured
judged, judge_errors, agreement  scores of a judge: corrected by people's labels, and how far people agree
searches   what retrieval lost and no model is to blame for
sentence, advice, words               the verdict in plain English      smoke    a run that has none
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from harness.records import Decision, Evidence, Example, Gate, GeneralAbility, LabelledJudgement, Limits, Score, Slice

if TYPE_CHECKING:
    from harness.decision.arms import Arm, JudgedArms, MetricSpec
    from harness.decision.asking import Asking
    from harness.decision.ladder import ArmScores
    from harness.decision.paired import BestConstant
    from harness.decision.verdict import Verdict


def decide(
    evidence: Sequence[Evidence],
    bases: Sequence[GeneralAbility],
    limits: Limits,
    *,
    primary_metric: str,
    metric_kind: Literal["rate", "graded", "aggregate"],
    aggregate: Callable[[Sequence[Score]], float],
    groups: Mapping[str, str | None],
    constant_scores: Sequence[Score] | None,
    planned_arms: Sequence[str],
    seed: int = 0,
    labelled: Sequence[LabelledJudgement] | None = None,
    fits: Mapping[str, Sequence[Evidence]] | None = None,
    examples: Sequence[Example] = (),
) -> Decision:
    """Decide from stored evidence; equal evidence gives an equal decision.

    Args:
        evidence: One record an arm; arms that failed or were skipped say so.
        bases: General ability of the weights that tuned arms name as their `reference`.
        limits: The thresholds set before the run.
        primary_metric: Key into each evidence's `scores`.
        metric_kind: How items become the figure (see `contract.Metric`).
        aggregate: The metric's own aggregate; used where the figure is not a mean.
        groups: Group of every test item, None where it has none.
        constant_scores: The best constant answer of train, scored on the test items; None where there is none.
        planned_arms: Names in the task's order, which breaks ties on dev: the earlier is the cheaper.
        seed: Of the bootstrap, used by aggregate metrics only.
        labelled: Where a judge gives the primary scores, the answers that people labelled; None where none does.
        examples: The test items, by which slices are made; without them there are none.
        fits: All fits of each arm, by its name, where there are several; `evidence` holds the one that it is judged by.

    Returns:
        The verdict. `labels_needed` counts the test items in all (those at hand included) that would settle
        an undecided run, at the observed figures and 80% power; None where more items would not. `undecided` says why
        there is none.

    Raises:
        ValueError: If the evidence contradicts itself: an arm twice, scores without predictions or outside
            [0, 1], texts of different lengths.
    """
    from harness.decision import (
        advice,
        bands,
        bounds,
        form,
        gate,
        missing,
        questions,
        recipe,
        sentence,
        undecided,
        verdict,
        words,
    )
    from harness.decision.arms import MetricSpec, read_arms
    from harness.decision.judge_errors import Correction
    from harness.decision.judged import basis_of
    from harness.decision.ladder import ArmScores, describe_rungs
    from harness.decision.paired import BestConstant

    metric_spec = MetricSpec(primary_metric, metric_kind, aggregate, groups, seed)
    judged_arms = read_arms(evidence, planned_arms, primary_metric, limits)
    if labelled is not None:
        basis = basis_of([arm.scores for arm in judged_arms.judged], labelled)
        metric_spec = replace(metric_spec, correction=Correction(basis, tuple(labelled)))
    if limits.is_adaptive:
        metric_spec = replace(metric_spec, asking=_asking(metric_spec, judged_arms))
    gates = {arm.name: gate.judge(arm, bases, limits) for arm in judged_arms.judged if arm.is_tuned}
    blocked = frozenset(name for name, found in gates.items() if found.state == "fail" and found.blocks)
    judged_arms = replace(judged_arms, blocked=blocked, is_shared=limits.deployment == "shared")
    arm_scores = ArmScores(judged_arms, metric_spec, limits)
    constant = BestConstant({s.example_id: s for s in constant_scores}) if constant_scores else None
    result = verdict.judge(arm_scores, gates, constant)
    openness = undecided.why_undecided(result, arm_scores, constant, gates)
    routed = _if_routed(arm_scores, gates, constant) if openness.kind == "gate" else None
    chosen = gates.get(result.arm.name) if result.arm else None
    prompt = judged_arms.candidate("prompt")
    absent = missing.missing_arms(arm_scores, result)
    lost = bounds.error_bounds(evidence, metric_spec)
    turned = bounds.other_verdicts(arm_scores, gates, constant, result)
    others = [arm for arm in judged_arms.judged if prompt is not None and arm is not prompt]
    found = (recipe.recipe_of((fits or {}).get(arm.name, ()), metric_spec) for arm in judged_arms.judged)
    recipes = tuple(filter(None, found))
    lost_seeds = recipe.lost_seeds(fits or {})
    forms = form.form_misses(judged_arms, metric_spec)
    doubts = advice.caveats(arm_scores, gates, result.arm, absent, lost, turned, constant, recipes, lost_seeds)
    forms_doubts, forms_others = form.caveats(forms, judged_arms.judged, result.arm, limits.goal)
    said = sentence.verdict_sentence(result, openness, arm_scores, chosen, routed)
    step = advice.next_step(result, openness, arm_scores, chosen, routed)
    return Decision(
        action=result.action,
        arm=result.arm.name if result.arm else None,
        goal=result.goal,
        sentence=" ".join(filter(None, (said, words.models_words([arm.evidence for arm in judged_arms.judged])))),
        reasons=(*sentence.explain(result, arm_scores, list(gates.values())), *form.reasons(forms, result.arm, prompt)),
        caveats=(*forms_doubts, *doubts.turning, *forms_others, *doubts.others),
        next_step=" ".join(filter(None, (form.step(forms, judged_arms.judged, limits.goal, result.action), step))),
        labels_needed=openness.settling.items if openness.settling else None,
        scores=dict(arm_scores.scores),
        rungs=describe_rungs(arm_scores, result.climbs),
        comparisons=tuple(arm_scores.gain(arm, prompt) for arm in others if prompt is not None),
        gates=tuple(gates.values()),
        rule=bands.rule_of_thumb(arm_scores),
        missing=absent,
        error_bounds=lost,
        other_verdicts=turned,
        undecided=openness.kind,
        recipes=recipes,
        form_misses=forms,
        pairs=tuple(arm_scores.gain(later, earlier) for earlier, later in combinations(judged_arms.judged, 2)),
        slices=_slices(examples, arm_scores, result, prompt),
        basis=metric_spec.correction.basis if metric_spec.correction else None,
        turning=len(forms_doubts) + len(doubts.turning),
        asked=questions.asked_of(arm_scores, result, constant),
        constant=verdict.constant_figure(arm_scores, constant),
    )


def _asking(metric_spec: "MetricSpec", judged_arms: "JudgedArms") -> "Asking":
    """Say how the items were asked.

    Raises:
        ValueError: If an arm was not asked whole groups from the first on, or the figure is not a mean of items.
    """
    from harness.decision.asking import Asking, first, in_order

    if metric_spec.kind == "aggregate" or metric_spec.correction is not None:
        raise ValueError(f"{metric_spec.metric} is not a mean of items, so that no arm can be stopped early")
    clusters = in_order(metric_spec.groups, metric_spec.seed)
    for arm in judged_arms.judged:
        items = {p.example_id for p in arm.evidence.predictions}
        if items != set(first(clusters, len(items))):
            raise ValueError(f"{arm.name}: its {len(items)} items are not the first that were to be asked")
    return Asking(clusters, {arm.name: len(arm.evidence.predictions) for arm in judged_arms.judged})


def _slices(
    examples: Sequence[Example], arm_scores: "ArmScores", result: "Verdict", prompt: "Arm | None"
) -> tuple[Slice, ...]:
    """Compare the recommended arm, else the one with the highest figure, with dev's prompt on every slice."""
    from harness.decision.sentence import leader
    from harness.decision.slices import slice_gains

    if not arm_scores.judged_arms.judged or prompt is None:
        return ()
    lead = result.arm or leader(arm_scores)
    if lead is prompt:
        others = [arm for arm in arm_scores.judged_arms.judged if arm is not prompt]
        lead = max(others, key=lambda arm: arm_scores.scores[arm.name].estimate, default=prompt)
    return slice_gains(examples, lead, prompt, arm_scores.metric_spec) if lead is not prompt else ()


def _if_routed(arm_scores: "ArmScores", gates: Mapping[str, Gate], constant: "BestConstant | None") -> "Verdict":
    """Decide as if only this task's inputs reached the adapters, so that no gate blocks."""
    from harness.decision.ladder import ArmScores
    from harness.decision.verdict import judge

    unblocked = replace(arm_scores.judged_arms, blocked=frozenset(), is_shared=False)
    reported = {name: replace(found, blocks=False) for name, found in gates.items()}
    return judge(ArmScores(unblocked, arm_scores.metric_spec, arm_scores.limits), reported, constant)

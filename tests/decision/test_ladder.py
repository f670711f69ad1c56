import dataclasses
from dataclasses import replace

import pytest
from scipy import stats
from worlds import HARMED, METRIC, UNHARMED, absent, evidence, general, right, settle

from harness.decision.arms import is_over_budget
from harness.records import Forgetting, Limits, Outcome, Score, StrengthPoint

N = 200
WEAK = evidence("few_shot", "prompt", right(60, N))
WEAK_RAG = evidence("rag", "rag", right(70, N))
GOOD_RAG = evidence("rag", "rag", right(192, N))
GOOD_TUNE = evidence("lora_sft", "tune", right(195, N), general=UNHARMED)


def rung(decision, family):
    return next(found for found in decision.rungs if found.family == family)


# ---- (a) --------------------------------------------------------------------


def test_prompt_whose_lower_bound_reaches_the_goal_wins_over_better_arms():
    # Wilson at 192 of 200: 92.3 to 98.0
    decision = settle([evidence("few_shot", "prompt", right(192, N)), evidence("rag", "rag", right(N, N)), GOOD_TUNE])
    assert (decision.action, decision.arm, decision.goal) == ("prompt", "few_shot", "met")
    assert rung(decision, "tune").why == "not needed: few_shot reaches the goal"
    assert not rung(decision, "tune").climbed


def test_dev_not_test_names_the_prompt():
    lucky = evidence("zero_shot", "prompt", right(188, N), dev=0.4)
    named = evidence("few_shot", "prompt", right(150, N), dev=0.6)
    assert rung(settle([lucky, named]), "prompt").candidate == "few_shot"
    assert settle([lucky, named]).action != "prompt"


def test_prompt_that_dev_did_not_name_stops_the_ladder_when_its_stricter_bound_reaches_the_goal():
    # dev's prompt is tested at 2%, the other one at 0.5%, and of 200 items 191 are the fewest that are enough for that
    assert stats.binom.sf(189, N, 0.9) > 0.005 > stats.binom.sf(190, N, 0.9)
    named = evidence("few_shot", "prompt", right(150, N), dev=0.6)
    enough = settle([evidence("zero_shot", "prompt", right(191, N), dev=0.4), named])
    short = settle([evidence("zero_shot", "prompt", right(190, N), dev=0.4), named])
    assert (enough.action, enough.arm, short.action) == ("prompt", "zero_shot", "undecided")
    assert "zero_shot, which dev did not name" in " ".join(enough.reasons)


def test_named_prompt_among_several_is_tested_at_two_percent():
    # P(at least 96 of 100 | 90%) is between 2 and 2.5%: enough for a prompt alone, not for dev's pick of two
    assert 0.02 < stats.binom.sf(95, 100, 0.9) <= 0.025
    alone = evidence("few_shot", "prompt", right(96, 100), dev=0.6)
    other = evidence("zero_shot", "prompt", right(50, 100))
    assert settle([alone]).action == "prompt"
    decision = settle([alone, other])
    assert decision.action == "undecided"
    assert "98% one-sided" in rung(decision, "prompt").why


def test_tie_on_dev_goes_to_the_arm_that_the_task_lists_first():
    first, second = evidence("b", "prompt", right(60, N)), evidence("a", "prompt", right(60, N))
    assert rung(settle([second, first], planned_arms=["b", "a"]), "prompt").candidate == "b"


@pytest.mark.parametrize(("strength", "spent"), [(1.0, 1.5), (0.0, 0.0)])
def test_tuned_arm_inside_the_forgetting_budget_is_named_before_one_that_dev_likes_better(strength, spent):
    prompt = evidence("few_shot", "prompt", right(100, N))
    bold = evidence("bold", "tune", right(N, N), dev=0.9, strength=strength, spent=spent)
    inside = evidence("inside", "tune", right(190, N), dev=0.8, strength=0.5, spent=1.0)
    unmeasured = evidence("unmeasured", "tune", right(N, N), dev=0.85)
    assert rung(settle([prompt, bold, inside]), "tune").candidate == "inside"
    assert rung(settle([prompt, bold, inside, unmeasured]), "tune").candidate == "unmeasured"  # not known to be outside
    assert rung(settle([prompt, bold]), "tune").candidate == "bold"


def test_budget_at_full_strength_is_that_of_the_checkpoint_that_was_taken_and_not_of_the_boldest():
    kept = evidence("kept", "tune", right(N, N), strength=1.0, spent=0.5)
    boldest = StrengthPoint(1.0, 0.95, None, Forgetting(0.0, 0.0, None, 3.0))
    assert not is_over_budget(replace(kept, training=replace(kept.training, frontier=(boldest,))))
    over = evidence("over", "tune", right(N, N), strength=1.0, spent=3.0)
    assert is_over_budget(replace(over, training=replace(over.training, frontier=())))


# ---- (b) --------------------------------------------------------------------


def test_rag_that_climbs_to_the_goal_stops_the_ladder():
    assert settle([WEAK, GOOD_RAG, GOOD_TUNE]).action == "rag"


def test_tuning_wins_when_prompt_and_rag_fall_short():
    decision = settle([WEAK, WEAK_RAG, GOOD_TUNE])
    assert (decision.action, decision.arm, decision.goal) == ("fine_tune", "lora_sft", "met")
    # the best simpler arm is rag, at 70 of 200: 97.5 - 35 = 62.5 points
    assert "+62.5 points over the best simpler arm, rag" in decision.sentence
    assert "no forgetting beyond 3.0 points" in decision.sentence


def test_climbing_needs_a_gain_over_every_cheaper_arm_not_only_the_one_dev_named():
    hidden = evidence("zero_shot", "prompt", right(175, N), dev=0.1)
    tuned = evidence("lora_sft", "tune", right(180, N), general=UNHARMED)
    assert settle([WEAK, tuned]).action == "fine_tune"
    decision = settle([hidden, WEAK, tuned])
    assert decision.action == "undecided"
    assert rung(decision, "tune").why == "a gain above 2.0 points is not shown over zero_shot"


def test_arm_climbs_by_the_goal_when_every_simpler_arm_is_below_it():
    # 168 of 200 has an exact upper bound below 90%; the fewest right answers whose exact lower bound reaches it climb,
    # one fewer do not. With a smallest gain of 30 points no gain can be shown.
    assert stats.binom.cdf(168, N, 0.9) < 0.025
    count = next(x for x in range(180, N) if stats.binom.sf(x - 1, N, 0.9) <= 0.025)
    limits = Limits(smallest_gain=0.3)
    prompt = evidence("few_shot", "prompt", right(168, N))
    reaches = evidence("lora_sft", "tune", right(count, N), general=UNHARMED)
    short = evidence("lora_sft", "tune", right(count - 1, N), general=UNHARMED)
    assert settle([prompt, reaches], limits=limits).action == "fine_tune"
    assert settle([prompt, short], limits=limits).action == "undecided"


def test_combine_must_gain_over_both_parents():
    parents = [WEAK, WEAK_RAG, evidence("lora_sft", "tune", right(150, N), general=UNHARMED)]
    better = evidence("rag_lora_sft", "combine", right(190, N), general=UNHARMED)
    equal = evidence("rag_lora_sft", "combine", right(155, N), general=UNHARMED)
    assert settle([*parents, better]).arm == "rag_lora_sft"
    assert settle([*parents, equal], limits=Limits(goal=0.8)).action == "fine_tune"


def test_combine_by_the_goal_alone_still_needs_its_gain_over_the_parents():
    # every simpler arm is below 90% and combine reaches it, but 189 against 170 is not a gain above 8 points
    limits = Limits(smallest_gain=0.08)
    rag = evidence("rag", "rag", right(100, N))
    tune = evidence("lora_sft", "tune", right(170, N), general=UNHARMED)
    combined = evidence("rag_lora_sft", "combine", right(189, N), general=UNHARMED)
    assert not rung(settle([WEAK, rag, tune, combined], limits=limits), "combine").climbed


def test_combine_without_a_parent_cannot_be_judged():
    combined = evidence("rag_lora_sft", "combine", right(190, N), general=UNHARMED)
    decision = settle([WEAK, WEAK_RAG, combined])
    assert decision.action == "undecided"
    assert "without a tune arm" in rung(decision, "combine").why


def test_rag_at_the_goal_that_does_not_beat_the_prompt_does_not_stop_an_arm_that_beats_both():
    prompt, rag = evidence("few_shot", "prompt", right(185, N)), evidence("rag", "rag", right(190, N))
    tuned = evidence("lora_sft", "tune", right(N, N), general=UNHARMED)
    assert settle([prompt, rag, evidence("lora_sft", "tune", right(191, N))]).action == "undecided"
    # 10 gains and no loss over rag: (10/202) - z sqrt((12/202 - (10/202)^2) / 202) is below 2 points, 16 are enough
    assert settle([prompt, rag, tuned]).action == "undecided"
    fewer = evidence("rag", "rag", right(184, N))
    assert settle([evidence("few_shot", "prompt", right(183, N)), fewer, tuned]).action == "fine_tune"


def test_arm_alone_in_its_task_has_nothing_to_climb_over():
    assert settle([GOOD_TUNE]).action == "undecided"


# ---- (c) --------------------------------------------------------------------

LOW = [evidence("few_shot", "prompt", right(50, N)), evidence("lora_sft", "tune", right(52, N), general=UNHARMED)]


def test_rethink_when_all_arms_are_below_the_goal_and_tuning_does_not_learn():
    decision = settle(LOW)
    assert (decision.action, decision.arm, decision.goal) == ("rethink", None, "missed")


def test_beating_prompts_but_not_the_best_constant_answer_is_no_gain():
    prompts_at_zero = [evidence("few_shot", "prompt", right(0, N)), LOW[1]]
    constant = [Score(f"q{index}", value) for index, value in enumerate(right(50, N))]
    assert settle(prompts_at_zero).action == "fine_tune"
    assert settle(prompts_at_zero, constant_scores=constant).action == "rethink"


@pytest.mark.parametrize(("family", "action"), [("rag", "rag"), ("tune", "fine_tune")])
def test_goal_is_no_reason_to_climb_where_the_best_constant_answer_may_reach_it(family, action):
    """What always says the commonest label gains nothing by being tuned to say it."""
    arms = [
        evidence("few_shot", "prompt", right(140, N)),
        evidence("higher", family, right(190, N), general=UNHARMED if family == "tune" else None),
    ]
    for constant in (188, 191):  # not shown below 90%, and not beaten by 2 points
        scores = [Score(f"q{index}", value) for index, value in enumerate(right(constant, N))]
        assert settle(arms, constant_scores=scores).action == "undecided"
    below = [Score(f"q{index}", value) for index, value in enumerate(right(160, N))]
    assert settle(arms, constant_scores=below).action == settle(arms).action == action


def test_goal_that_a_constant_answer_reaches_is_said():
    constant = [Score(f"q{index}", value) for index, value in enumerate(right(190, N))]
    decision = settle(LOW, constant_scores=constant)
    assert decision.action == "rethink"  # all arms are shown to be worse than no model
    assert (decision.constant, settle(LOW).constant) == (190 / N, None)
    assert decision.caveats[0].startswith(
        "always giving the commonest answer of train scores 95.0%, and the goal is 90"
    )
    below = settle(LOW, constant_scores=[Score(f"q{index}", value) for index, value in enumerate(right(179, N))])
    assert not any("commonest" in text for text in below.caveats)


def test_gain_below_the_goal_is_recommended_and_the_missed_goal_is_said_with_its_distance():
    decision = settle([LOW[0], evidence("lora_sft", "tune", right(120, N), general=UNHARMED)])
    assert (decision.action, decision.goal) == ("fine_tune", "missed")
    # 90% less 60%
    assert "the goal of 90.0% is missed by 30.0 points" in decision.sentence


@pytest.mark.parametrize("items", [60, 120, 500, 2000])
def test_more_items_at_the_same_rates_never_make_a_verdict_less_decided(items):
    rag = evidence("rag", "rag", right(round(0.75 * items), items))
    prompt = evidence("few_shot", "prompt", right(round(0.10 * items), items))
    tuned = evidence("lora_sft", "tune", right(round(0.10 * items), items), general=UNHARMED)
    decision = settle([prompt, rag, tuned])
    assert (decision.action, decision.arm) == ("rag", "rag")


def test_no_rethink_while_a_gain_that_would_matter_is_not_ruled_out():
    # nothing is seen, on 30 items: 8 and 8 right, four of them not the same
    values = right(8, 30)
    other = [*values[4:], *values[:4]]
    few = settle([evidence("few_shot", "prompt", values), evidence("lora_sft", "tune", other, general=UNHARMED)])
    many = settle(
        [evidence("few_shot", "prompt", values * 10), evidence("lora_sft", "tune", other * 10, general=UNHARMED)]
    )
    assert (few.action, many.action) == ("undecided", "rethink")
    assert few.undecided == "few_items"


@pytest.mark.parametrize("status", ["failed", "skipped", "invalid"])
def test_rethink_needs_every_arm_to_have_run(status):
    decision = settle([*LOW, absent("lora_dpo", "tune", status)])
    assert decision.action == "undecided"
    assert "lora_dpo" in decision.sentence


def test_rethink_needs_arms_that_were_trained_to_the_end():
    half = evidence("lora_sft", "tune", right(52, N), general=UNHARMED, undertrained=True)
    decision = settle([LOW[0], half])
    assert decision.action == "undecided"
    assert "still improved" in decision.sentence
    assert any("still improving" in caveat for caveat in decision.caveats)


def test_rethink_needs_a_tuned_arm():
    assert settle(LOW[:1]).action == "undecided"


def test_rethink_uses_bonferroni_bounds():
    # the fewest right answers of 200 whose exact upper bound at 2.5% is below 90%, and at 1.25% (two arms) is not
    count = next(x for x in range(N, 0, -1) if stats.binom.cdf(x, N, 0.9) <= 0.025)
    assert stats.binom.cdf(count, N, 0.9) > 0.0125
    arms = [evidence("few_shot", "prompt", right(count, N)), evidence("lora_sft", "tune", right(count, N))]
    assert settle(arms).goal == "not_shown"
    assert settle(arms, limits=Limits(goal=0.93)).action == "rethink"


# ---- (d), the gate, and arms that are missing ---------------------------------


def test_climb_without_the_goal_is_recommended_with_the_goal_not_shown():
    decision = settle([WEAK, evidence("lora_sft", "tune", right(178, N), general=UNHARMED)])
    assert (decision.action, decision.goal) == ("fine_tune", "not_shown")
    assert "the goal of 90.0% is not shown" in decision.sentence


def test_tuned_arm_that_lost_general_ability_is_not_recommended():
    harmed = evidence("lora_sft", "tune", right(195, N), general=HARMED)
    decision = settle([WEAK, WEAK_RAG, harmed])
    assert (decision.action, decision.arm) == ("undecided", None)
    assert "lora_sft gains on the task but fails the gate of general ability" in decision.sentence
    assert decision.labels_needed is None


def test_rag_that_climbed_is_recommended_with_its_goal_missed_when_the_tuned_arm_is_harmed():
    rag = evidence("rag", "rag", right(120, N))
    decision = settle([WEAK, rag, evidence("lora_sft", "tune", right(195, N), general=HARMED)])
    assert (decision.action, decision.goal) == ("rag", "missed")


def test_rag_that_climbed_stands_when_the_tuned_arm_lost_general_ability():
    rag = evidence("rag", "rag", right(178, N))
    harmed = evidence("lora_sft", "tune", right(195, N), general=HARMED)
    decision = settle([WEAK, rag, harmed])
    assert (decision.action, decision.arm, decision.goal) == ("rag", "rag", "not_shown")


def test_arm_whose_forgetting_is_not_excluded_stands_and_is_marked():
    few = general("tuned", {"csqa": right(28, 40)}, chance=0.2)
    tuned = evidence("lora_sft", "tune", right(195, N), general=few)
    decision = settle([WEAK, tuned], bases=[general("base", {"csqa": right(28, 40)}, chance=0.2)])
    assert decision.action == "fine_tune"
    assert "forgetting not excluded" in decision.sentence
    assert str(decision.gates[0].items_needed) in decision.next_step


def test_arm_that_cannot_be_judged_on_this_base_stands_and_says_so():
    near_chance = {"piqa": right(16, 30)}
    tuned = evidence("lora_sft", "tune", right(195, N), general=general("tuned", near_chance))
    decision = settle([WEAK, tuned], bases=[general("base", near_chance)])
    assert (decision.action, decision.gates[0].state) == ("fine_tune", "cannot_judge")
    assert "forgetting cannot be judged on this base" in decision.sentence
    assert "name benchmarks that the base can do" in decision.next_step


def test_twin_that_passes_the_gate_takes_the_place_of_the_one_that_fails():
    harmed = evidence("lora_sft", "tune", right(195, N), dev=0.99, general=HARMED)
    twin = evidence("lora_dpo", "tune", right(194, N), dev=0.98, general=UNHARMED)
    assert (settle([WEAK, harmed, twin]).arm, settle([WEAK, harmed]).action) == ("lora_dpo", "undecided")


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_dev_score_that_is_no_number_names_nobody(number):
    lost = evidence("few_shot", "prompt", right(60, N), dev=float(number))
    named = evidence("zero_shot", "prompt", right(195, N), dev=0.5)
    assert settle([lost, named]).arm == settle([named, lost]).arm == "zero_shot"


def test_forgetting_does_not_block_an_adapter_that_only_the_tasks_inputs_reach():
    tuned = evidence("lora_sft", "tune", right(195, N), general=HARMED)
    decision = settle([WEAK, tuned], limits=Limits(deployment="routed"))
    assert (decision.action, decision.arm, decision.gates[0].state) == ("fine_tune", "lora_sft", "fail")
    assert "forgetting is shown, and does not block" in decision.sentence
    assert any("benchmark items the score changed by" in caveat for caveat in decision.caveats)


def test_gate_alone_says_what_routed_inputs_would_recommend():
    decision = settle([WEAK, evidence("lora_sft", "tune", right(195, N), general=HARMED)])
    assert decision.action == "undecided"
    said = (
        "if only this task's inputs reached it (general.deployment: routed), the verdict would be fine-tune (lora_sft)"
    )
    assert f"{said}, the goal of 90.0% is met" in decision.sentence


def test_undecided_for_another_reason_says_nothing_of_routed_inputs():
    tuned = evidence("lora_sft", "tune", right(61, N), general=HARMED)
    assert "routed" not in settle([evidence("few_shot", "prompt", right(60, N)), tuned]).sentence


def test_arm_whose_general_ability_was_not_measured_stands_and_says_so():
    decision = settle([WEAK, evidence("lora_sft", "tune", right(195, N))])
    assert decision.action == "fine_tune"
    assert "forgetting was not measured" in decision.sentence


@pytest.mark.parametrize("status", ["failed", "invalid"])
def test_missing_simpler_arm_blocks_a_climb(status):
    decision = settle([WEAK, absent("rag", "rag", status), GOOD_TUNE])
    assert decision.action == "undecided"
    assert "rag" in decision.sentence
    assert "out of memory" in decision.sentence


def test_planned_arm_that_never_ran_blocks_a_climb():
    decision = settle([WEAK, GOOD_TUNE], planned_arms=["few_shot", "rag", "lora_sft"])
    assert decision.action == "undecided"
    assert "rag did not run" in decision.sentence


def test_skipped_arm_does_not_block_a_climb_but_is_named():
    decision = settle([WEAK, absent("rag", "rag", "skipped", "no documents"), GOOD_TUNE])
    assert decision.action == "fine_tune"
    assert any(caveat.startswith("rag was skipped: no documents") for caveat in decision.caveats)


def test_missing_arm_of_a_higher_rung_does_not_block():
    assert settle([WEAK, GOOD_RAG, absent("lora_sft", "tune", "failed")]).action == "rag"


def test_arm_with_too_many_infrastructure_errors_cannot_be_recommended():
    errors = {index: Outcome.TIMEOUT for index in range(11)}  # 5.5% of 200, above 5%
    tolerated = {index: Outcome.TIMEOUT for index in range(10)}
    broken = evidence("lora_sft", "tune", right(N, N), general=UNHARMED, outcomes=errors)
    fine = evidence("lora_sft", "tune", right(N, N), general=UNHARMED, outcomes=tolerated)
    assert settle([WEAK, broken]).action == "undecided"
    assert settle([WEAK, fine]).action == "fine_tune"


def test_no_arm_at_all_is_undecided():
    decision = settle([absent("rag", "rag", "failed")])
    assert decision.action == "undecided"
    assert decision.sentence == "Undecided: no arm could be measured."


# ---- what would settle it ------------------------------------------------------


def test_labels_needed_for_a_prompt_near_the_goal_give_the_exact_test_its_power():
    decision = settle([evidence("few_shot", "prompt", right(187, N))])
    items = decision.labels_needed
    assert f"label about {items - N} more test items ({items} in all)" in decision.sentence

    def power(n):  # at the rate seen, of the exact test against 90%
        return stats.binom.sf(stats.binom.isf(0.025, n, 0.9), n, 187 / N)

    assert power(items) >= 0.8 > power(items - 1)


def test_no_number_of_labels_settles_arms_that_do_not_differ():
    prompt = evidence("few_shot", "prompt", right(180, N))
    decision = settle([prompt, evidence("lora_sft", "tune", right(180, N), general=UNHARMED)])
    assert (decision.action, decision.labels_needed) == ("undecided", None)
    assert "more test items would not settle it" in decision.sentence


def test_labels_that_are_asked_for_do_settle_it():
    prompt, tuned = right(176, N), right(184, N)
    decision = settle([evidence("p", "prompt", prompt), evidence("t", "tune", tuned, general=UNHARMED)])
    assert decision.action == "undecided"
    times = -(-decision.labels_needed // N)
    grown = [evidence("p", "prompt", prompt * times), evidence("t", "tune", tuned * times, general=UNHARMED)]
    assert settle(grown).action != "undecided"


def test_labels_needed_are_more_than_there_are():
    for count in range(150, N, 3):
        decision = settle([evidence("p", "prompt", right(count, N)), evidence("t", "tune", right(count + 3, N))])
        assert decision.labels_needed is None or decision.labels_needed > N


def test_honest_gain_stands_beside_the_one_that_was_shown():
    # 60 against 70 of 200, nested: shown only just, so that the honest gain is clearly smaller, above the lower bound
    decision = settle([evidence("p", "prompt", right(120, N)), evidence("t", "tune", right(134, N), general=UNHARMED)])
    [gain] = decision.comparisons
    assert gain.exceeds_gain
    assert gain.difference.low <= gain.honest < gain.difference.estimate
    assert "corrected for selection" in decision.sentence
    large = settle([WEAK, GOOD_TUNE])
    assert "corrected for selection" not in large.sentence


def test_too_few_groups_are_said_and_nothing_else_is_claimed():
    arms = [evidence("p", "prompt", right(40, N)), evidence("t", "tune", right(N, N), general=UNHARMED)]
    decision = settle(arms, groups={f"q{index}": f"g{index % 4}" for index in range(N)})
    assert (decision.action, decision.undecided) == ("undecided", "few_items")
    assert "nothing can be claimed of any arm (no claim from 4 groups)" in decision.sentence
    assert decision.labels_needed > N


def test_perfect_score_in_groups_is_worth_no_less_than_a_flawed_one():
    groups = {f"q{index}": f"g{index // 10}" for index in range(N)}
    perfect, flawed = (
        settle([evidence("p", "prompt", right(count, N))], groups=groups).scores["p"] for count in (N, N - 1)
    )
    assert perfect.low > flawed.low


# ---- evidence that contradicts itself -------------------------------------------


def test_arm_that_appears_twice_is_refused():
    with pytest.raises(ValueError, match="few_shot"):
        settle([WEAK, WEAK])


def test_score_outside_the_unit_is_refused_with_its_item():
    with pytest.raises(ValueError, match="q1.*1.5"):
        settle([evidence("few_shot", "prompt", [0.0, 1.5])])


def test_answered_item_without_a_score_is_refused():
    cut = dataclasses.replace(WEAK, scores={METRIC: WEAK.scores[METRIC][1:]})
    with pytest.raises(ValueError, match="q0"):
        settle([cut])


def test_constant_answer_that_was_not_scored_on_every_item_is_compared_where_it_was():
    arms = [evidence("p", "prompt", right(50, N)), evidence("t", "tune", right(80, N), general=UNHARMED)]
    part = [Score(f"q{index}", value) for index, value in enumerate(right(5, 150))]
    assert settle(arms, constant_scores=part).action == "fine_tune"
    assert settle(arms, constant_scores=[]).action == settle(arms).action == "fine_tune"
    few = [evidence("p", "prompt", right(50, N)), evidence("t", "tune", right(56, N), general=UNHARMED)]
    assert settle(few, constant_scores=part).action == "undecided"


def test_items_named_are_in_groups_enough_for_a_claim():
    # 2 groups of 10; five such groups are 50 items
    arms = [evidence("p", "prompt", right(20, 20))]
    decision = settle(arms, limits=Limits(goal=0.1), groups={f"q{index}": f"g{index // 10}" for index in range(20)})
    assert decision.labels_needed >= 45  # rounded to the nearest number of groups


def test_single_group_is_said_as_one():
    arms = [evidence("p", "prompt", right(40, N)), evidence("t", "tune", right(N, N), general=UNHARMED)]
    assert "(no claim from 1 group)" in settle(arms, groups={f"q{index}": "g" for index in range(N)}).sentence

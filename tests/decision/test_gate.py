import dataclasses
import math
from math import sqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from worlds import evidence, general, right

from harness.decision.arms import Arm
from harness.decision.gate import judge, judge_abilities
from harness.decision.harm import holm
from harness.records import GeneralAbility, Limits, TextLoss

BASE = right(500, 750)


def gate(tuned, base, limits=None):
    arm = evidence("lora_sft", "tune", [1.0, 0.0], general=tuned)
    return judge(Arm(arm, {}), [base], limits or Limits())


def general_of(tasks, name="tuned", **changes):
    return general(name, tasks, **changes)


def flipped(values, losses, gains):
    """Lose the first right answers and win the last wrong ones."""
    changed = list(values)
    changed[:losses] = [0.0] * losses
    changed[len(changed) - gains :] = [1.0] * gains
    return changed


def hits(count, asked):
    return [True] * count + [False] * (asked - count)


# ---- the states --------------------------------------------------------


def test_nothing_lost_on_750_items_passes():
    # 30 losses and 30 gains: one-sided bound -1.645 sqrt(62 / 752 / 752) = -0.0172
    found = gate(general_of({"piqa": flipped(BASE, 30, 30)}), general_of({"piqa": BASE}, "base"))
    assert found.state == "pass"
    assert found.pooled.low == pytest.approx(-1.645 * sqrt(62) / 752, abs=1e-4)
    assert found.items_needed is None


def test_large_drop_over_all_items_fails_with_its_figures():
    found = gate(general_of({"piqa": flipped(BASE, 100, 20)}), general_of({"piqa": BASE}, "base"))
    assert found.state == "fail"
    # -80 of 750
    assert "-10.7 points" in found.reasons[0]
    assert found.items_needed is None


def test_nothing_lost_on_few_items_is_inconclusive_and_says_how_many_would_do():
    base = right(40, 60)
    found = gate(general_of({"csqa": flipped(base, 3, 3)}, chance=0.2), general_of({"csqa": base}, "base", chance=0.2))
    assert found.state == "inconclusive"
    # error sqrt(8)/62; n = 60 ((1.645 + 0.8416) * 0.0456 / 0.03)^2 = 858
    assert found.items_needed == pytest.approx(60 * ((1.645 + 0.8416) * sqrt(8) / 62 / 0.03) ** 2, rel=0.01)
    assert f"{found.items_needed} benchmark items would show it" in found.reasons[-1]


def test_observed_gain_on_few_items_promises_no_more_than_no_change_would():
    base = right(40, 60)
    found = gate(general_of({"csqa": flipped(base, 2, 4)}, chance=0.2), general_of({"csqa": base}, "base", chance=0.2))
    assert found.state == "inconclusive"
    # 2 losses, 4 gains, one of each added: error sqrt(8 - 2^2 / 62) / 62; to the limit it is 3 points and not 6
    error = sqrt(8 - 2**2 / 62) / 62
    assert found.items_needed == pytest.approx(60 * ((1.645 + 0.8416) * error / 0.03) ** 2, rel=0.01)


def test_drop_at_the_limit_is_inconclusive_and_no_number_of_items_is_promised():
    base = right(500, 1000)
    found = gate(
        general_of({"csqa": flipped(base, 60, 30)}, chance=0.2), general_of({"csqa": base}, "base", chance=0.2)
    )
    assert (found.state, found.items_needed) == ("inconclusive", None)


@pytest.mark.parametrize(("hits", "state"), [(0, "not_measured"), (20, "fail")])
def test_without_benchmark_items_only_what_is_shown_broken_decides(hits, state):
    off_task = [True] * hits + [False] * (24 - hits)
    found = gate(general_of({}, off_task=off_task), general_of({}, "base", off_task=[False] * 24))
    assert (found.state, found.pooled) == (state, None)
    assert ("no benchmark item was answered" in found.reasons[0]) is (hits == 0)


def test_five_small_benchmarks_that_lost_nothing_pass_together():
    tasks = {f"task{index}": right(100, 150) for index in range(5)}
    tuned = {name: flipped(values, 6, 6) for name, values in tasks.items()}
    assert gate(general_of(tuned), general_of(tasks, "base")).state == "pass"


def test_five_percent_are_split_over_the_tests_that_were_made():
    # 58 losses, 20 gains: center -38/752, error sqrt((80/752 - .0505^2) / 752) = 0.0118, so 1.75 errors below
    # the limit: beyond 5% (1.645), but not beyond 5% / 3 (2.13) for pooled, single benchmarks and retention
    tuned = general_of({"piqa": flipped(BASE, 58, 20)})
    found = gate(tuned, general_of({"piqa": BASE}, "base"), Limits(keep=0.0))
    assert found.state == "inconclusive"
    assert found.pooled.high < -0.03  # the 95% one-sided bound


# ---- one benchmark, retention, text loss, off task ------------------------------


def test_one_broken_benchmark_fails_though_the_pool_does_not():
    tasks = {f"task{index}": right(100, 150) for index in range(5)}
    tuned = dict(tasks, task2=flipped(tasks["task2"], 30, 0))
    tuned = {name: values if name == "task2" else flipped(values, 0, 8) for name, values in tuned.items()}
    found = gate(general_of(tuned), general_of(tasks, "base"), Limits(keep=0.0))
    assert found.state == "fail"
    assert found.pooled.high > 0 > found.pooled.low
    assert [task.task for task in found.tasks if task.broken] == ["task2"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.sampled_from([0.01, 0.05, 0.5]))
def test_holm_agrees_with_statsmodels(chances, level):
    # a p-value within rounding of its threshold may fall on either side
    ranked = sorted(chances)
    assume(all(abs(p - level / (len(ranked) - place)) > 1e-9 for place, p in enumerate(ranked)))
    assert holm(chances, level) == list(multipletests(chances, alpha=level, method="holm")[0])


def test_pass_warns_of_one_benchmark_that_is_shown_to_have_dropped_at_all():
    # task2: 14 losses of 150, the error sqrt((16 / 152 - .0921^2) / 152) = .0252: 3.65 errors below 0, p = 2e-4, and
    # 2.46 below the limit, p = .007, where Holm asks for a fifth of this test's share of 5%
    tasks = {f"task{index}": right(100, 150) for index in range(5)}
    tuned = {name: flipped(values, *((14, 0) if name == "task2" else (4, 8))) for name, values in tasks.items()}
    found = gate(general_of(tuned), general_of(tasks, "base"), Limits(keep=0.0))
    assert found.state == "pass"
    [warning] = found.warnings
    assert warning.startswith("task2 alone changed by -9.3 points on 150 items, which is shown to be a drop (p=")
    assert gate(general_of(tasks), general_of(tasks, "base")).warnings == ()


def test_small_drop_of_a_single_benchmark_is_not_called_broken():
    # among five benchmarks one falls by 8 of 150 by chance: z = (-8/152 + .03) / (sqrt(10)/152) = -1.1
    tasks = {f"task{index}": right(100, 150) for index in range(5)}
    tuned = dict(tasks, task2=flipped(tasks["task2"], 8, 0))
    assert gate(general_of(tuned), general_of(tasks, "base")).state != "fail"


def test_retention_is_tuned_over_base_above_chance():
    # chance 0.5: base (500 - 375), tuned (480 - 375) of 750
    found = gate(general_of({"piqa": flipped(BASE, 20, 0)}), general_of({"piqa": BASE}, "base"))
    assert found.retention.estimate == pytest.approx(105 / 125)
    assert found.tasks[0].retention == pytest.approx(105 / 125)
    assert found.retention.low < 105 / 125 < found.retention.high


def test_unchanged_weights_keep_all_with_a_width():
    found = gate(general_of({"piqa": BASE}), general_of({"piqa": BASE}, "base"))
    assert found.retention.low < 1 == found.retention.estimate < found.retention.high


def test_low_retention_fails_where_the_limit_on_the_drop_does_not():
    # base 45% at chance 25%: 20 points above it; losing 6 points keeps 70% of that, with a drop limit of 10
    base = right(1350, 3000)
    found = gate(
        general_of({"mmlu": flipped(base, 180, 0)}, chance=0.25),
        general_of({"mmlu": base}, "base", chance=0.25),
        Limits(max_drop=0.10),
    )
    assert found.state == "fail"
    assert "70.0% of the base's ability" in found.reasons[0]


def test_benchmark_where_the_base_is_near_chance_is_not_measurable():
    # 95% bounds of 200 of 750 are 0.236 to 0.300: chance-corrected lower bound is negative at chance 0.25
    base = right(200, 750)
    found = gate(general_of({"csqa": base}, chance=0.25), general_of({"csqa": base}, "base", chance=0.25))
    assert not found.tasks[0].measurable
    assert (found.tasks[0].retention, found.retention) == (None, None)


def test_items_without_options_have_chance_zero():
    base = right(75, 750)  # 10% right, Wilson low 8.1%: below the 10% that make it measurable
    clear = right(150, 750)
    hard = gate(general_of({"asdiv": base}, chance=None), general_of({"asdiv": base}, "base", chance=None))
    easy = gate(general_of({"asdiv": clear}, chance=None), general_of({"asdiv": clear}, "base", chance=None))
    assert (hard.tasks[0].measurable, easy.tasks[0].measurable) == (False, True)


def test_rise_of_the_loss_on_general_texts_fails():
    before = [2.0 + index / 100 for index in range(20)]
    after = [loss + 0.3 + (-1) ** index * 0.02 for index, loss in enumerate(before)]
    found = gate(general_of({"piqa": BASE}, losses=after), general_of({"piqa": BASE}, "base", losses=before))
    assert found.state == "fail"
    assert found.text_loss_change.estimate == pytest.approx(0.3)
    assert "0.300 nats per token" in found.reasons[0]


def test_same_rise_on_two_texts_proves_neither_harm_nor_safety():
    found = gate(general_of({"piqa": BASE}, losses=[2.05, 2.6]), general_of({"piqa": BASE}, "base", losses=[2.0, 2.0]))
    assert found.state == "inconclusive"
    assert found.reasons == (found.reasons[0],) and "a rise above 0.25 is not excluded" in found.reasons[0]


def test_equal_losses_have_the_width_of_the_engines_tolerance():
    found = gate(general_of({"piqa": BASE}, losses=[2.0, 3.0]), general_of({"piqa": BASE}, "base", losses=[2.0, 3.0]))
    assert (found.text_loss_change.low, found.text_loss_change.high) == pytest.approx((-1e-4, 1e-4))


def test_texts_cut_into_other_tokens_are_refused():
    base = GeneralAbility("base", (), (TextLoss("a", 10.0, 5),))
    with pytest.raises(ValueError, match="text 'a' has 5 tokens"):
        gate(GeneralAbility("tuned", (), (TextLoss("a", 10.0, 6),)), base)


def test_task_answers_to_unrelated_questions_fail():
    found = gate(general_of({"piqa": BASE}, off_task=hits(15, 20)), general_of({"piqa": BASE}, "base"))
    assert found.state == "fail"
    assert "75.0% of 20 unrelated questions asked alone" in found.reasons[0]


@pytest.mark.parametrize(("turned", "asked", "state"), [(1, 20, "inconclusive"), (2, 120, "pass")])
def test_pass_needs_questions_enough_to_exclude_the_limit(turned, asked, state):
    # the exact one-sided bound p of 1 in 20 solves (1-p)^20 + 20 p (1-p)^19 = 0.05: p = 0.216; 2 in 120: 0.052
    found = gate(general_of({"piqa": BASE}, off_task=hits(turned, asked)), general_of({"piqa": BASE}, "base"))
    assert found.state == state
    assert found.off_task_rate.estimate == turned / asked


def test_bound_just_above_the_limit_is_written_so_that_it_reads_above():
    bound = 100 * stats.beta.isf(0.05, 8, 121)  # exact, of 7 in 128
    assert round(bound, 1) == 10.0 < bound
    base = general_of({"piqa": BASE}, "base", off_task=hits(0, 128))
    found = gate(general_of({"piqa": BASE}, off_task=hits(7, 128)), base)
    assert found.state == "inconclusive"
    assert any(f"at most {bound:.2f}%; more than 10.0% is not excluded" in reason for reason in found.reasons)


def test_same_task_answer_from_the_base_is_no_harm():
    base = general_of({"piqa": BASE}, "base", off_task=hits(60, 120))
    found = gate(general_of({"piqa": BASE}, off_task=hits(60, 120)), base)
    assert (found.state, found.off_task_rate.estimate) == ("pass", 0.0)


def test_task_answers_under_the_tasks_own_prompt_are_a_rate_of_their_own():
    base = general_of({"piqa": BASE}, "base", prompted=hits(0, 120))
    found = gate(general_of({"piqa": BASE}, prompted=hits(90, 120)), base)
    assert found.state == "fail"
    assert (found.off_task_rate.estimate, found.prompted_off_task_rate.estimate) == (0.0, 0.75)
    assert "asked under the task's prompt" in found.reasons[0]


# ---- a pass needs every probe -----------------------------------------------------


def test_base_too_near_chance_cannot_be_judged():
    # 450 of 750 at chance 0.5: 10 points above; the adjusted t bound 0.1 - 1.65 * 0.0189 = 0.068 would do for 3 points,
    # and not for 4, of which twice are asked
    tuned, base = general_of({"piqa": right(450, 750)}), general_of({"piqa": right(450, 750)}, "base")
    near = gate(tuned, base, Limits(max_drop=0.04))
    assert near.state == "cannot_judge"
    assert "cannot be judged on this base" in near.reasons[0]


def test_base_not_clearly_above_chance_anywhere_cannot_be_judged_and_is_no_pass():
    found = gate(general_of({"boolq": right(380, 750)}), general_of({"boolq": right(380, 750)}, "base"))
    assert found.state == "cannot_judge"
    assert "not clearly above chance on any" in found.reasons[0]


def test_benchmark_near_chance_is_reported_and_not_judged():
    tasks = {"piqa": BASE, "boolq": right(300, 750)}
    lost = dict(tasks, boolq=right(100, 750))  # below chance it has nothing to lose
    found = gate(general_of(lost), general_of(tasks, "base"))
    assert (found.state, found.pooled.n, found.pooled.estimate) == ("pass", 750, 0.0)
    assert [(task.task, task.measurable) for task in found.tasks] == [("boolq", False), ("piqa", True)]
    assert found.reasons[-1].startswith("boolq: the base is not clearly above chance")


@pytest.mark.parametrize(
    ("left_out", "said"),
    [({"losses": ()}, "the loss on general texts was not measured"), ({"off_task": ()}, "questions were not asked")],
)
def test_probe_that_was_not_made_keeps_from_a_pass(left_out, said):
    found = gate(general_of({"piqa": BASE}, **left_out), general_of({"piqa": BASE}, "base"))
    assert found.state == "inconclusive"
    assert said in found.reasons[0]


def test_without_a_task_no_unrelated_question_is_asked_for():
    base, tuned = general_of({"piqa": BASE}, "base", off_task=()), general_of({"piqa": BASE}, off_task=())
    assert judge_abilities("tuned", base, tuned, Limits(), asks_off_task=False).state == "pass"


def test_rise_of_the_text_loss_above_a_tenth_warns_and_does_not_fail():
    after = [2.15 + (-1) ** index * 0.01 for index in range(20)]
    found = gate(general_of({"piqa": BASE}, losses=after), general_of({"piqa": BASE}, "base"))
    assert found.state == "pass"
    assert "rose by 0.150 nats per token" in found.warnings[0]


# ---- items that one side lacks ------------------------------------------------------


def broken(ability, count, value=float("nan")):
    """Make the scores of the last `count` items unusable."""
    kept = ability.items[: len(ability.items) - count]
    lost = tuple(dataclasses.replace(item, score=value) for item in ability.items[len(kept) :])
    return dataclasses.replace(ability, items=kept + lost)


def test_few_items_lost_by_the_tuned_side_count_as_wrong_for_a_pass():
    # all lost items were wrong on the base, so that nothing can have been lost on them
    found = gate(broken(general_of({"piqa": BASE}), 50), general_of({"piqa": BASE}, "base"))
    assert (found.state, found.pooled.n) == ("pass", 700)
    # all lost items were right on the base: at worst -50 / 750 = -6.7 points
    base = BASE[::-1]
    found = gate(broken(general_of({"piqa": base}), 50), general_of({"piqa": base}, "base"))
    assert (found.state, found.pooled.estimate) == ("inconclusive", 0.0)


def test_items_lost_by_one_side_never_prove_harm():
    base = BASE[::-1]
    tuned = broken(general_of({"csqa": base}, chance=0.2), 300)
    assert gate(tuned, general_of({"csqa": base}, "base", chance=0.2)).state == "inconclusive"


def test_items_lost_by_the_base_count_as_right_there():
    # 50 items that the tuned side answers wrongly: at worst the base had them right
    found = gate(general_of({"piqa": BASE}), broken(general_of({"piqa": BASE}, "base"), 50))
    assert found.state == "inconclusive"


def test_items_that_neither_side_answered_are_counted_and_left_out():
    found = gate(broken(general_of({"piqa": BASE}), 10), broken(general_of({"piqa": BASE}, "base"), 10))
    assert (found.state, found.pooled.n) == ("pass", 740)
    assert any("10 benchmark items were answered by neither" in reason for reason in found.reasons)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_text_loss_that_is_no_number_fails(value):
    losses = [2.0] * 19 + [value]
    found = gate(general_of({"piqa": BASE}, losses=losses), general_of({"piqa": BASE}, "base"))
    assert found.state == "fail"
    assert found.reasons[0] == "the loss on general texts is not a finite number"


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([float("nan"), float("inf"), float("-inf")]),
    st.sampled_from(["score", "probability", "loss"]),
    st.integers(100, 750),
)
def test_values_that_are_no_numbers_never_pass(value, which, count):
    half = {"piqa": [0.6] * 750}
    base = general_of({"piqa": [1.0] * 750}, "base", probabilities=half)
    tuned = general_of({"piqa": [1.0] * 750}, probabilities=half)
    if which == "loss":
        texts = tuple(dataclasses.replace(text, loss=value) for text in tuned.texts)
        tuned = dataclasses.replace(tuned, texts=texts)
    else:
        lost = tuple(dataclasses.replace(item, **{which: value}) for item in tuned.items[:count])
        tuned = dataclasses.replace(tuned, items=lost + tuned.items[count:])
    assert gate(tuned, base).state != "pass"


# ---- the measure that the claim rests on ---------------------------------------------


def test_claim_rests_on_the_probability_where_every_item_has_one():
    # scores flip too often for 200 items, probabilities hardly move
    base = right(150, 200)
    tuned = flipped(base, 12, 12)
    given = {"probabilities": {"csqa": [0.7] * 200}, "chance": 0.2}
    found = gate(general_of({"csqa": tuned}, **given), general_of({"csqa": base}, "base", **given))
    assert (found.state, found.basis) == ("pass", "the probability of right answers")
    without = gate(general_of({"csqa": tuned}, chance=0.2), general_of({"csqa": base}, "base", chance=0.2))
    assert (without.state, without.basis) == ("inconclusive", "the score")


def test_probability_that_understates_the_base_is_scaled_to_points_of_the_score():
    # above chance 0.2: 0.55 by score, 0.11 by probability; a change of -0.02 is worth -0.10 of the score
    base = right(750, 1000)
    before, after = {"csqa": [0.31] * 1000}, {"csqa": [0.29] * 1000}
    found = gate(
        general_of({"csqa": base}, probabilities=after, chance=0.2),
        general_of({"csqa": base}, "base", probabilities=before, chance=0.2),
    )
    assert found.change.estimate == pytest.approx(-0.02 * 0.55 / 0.11)
    assert found.probability_change.estimate == pytest.approx(-0.02)
    assert found.state == "fail"


def test_probability_near_chance_leaves_the_claim_to_the_score():
    base = right(750, 1000)
    given = {"probabilities": {"csqa": [0.21] * 1000}, "chance": 0.2}
    found = gate(general_of({"csqa": base}, **given), general_of({"csqa": base}, "base", **given))
    assert (found.state, found.basis) == ("pass", "the score")


# ---- what is compared with what -----------------------------------------------


def test_quantised_arm_is_compared_with_the_quantised_base():
    quantised = general("base_nf4", {"csqa": right(400, 750)}, chance=0.2)
    full = general("base", {"csqa": BASE}, chance=0.2)
    arm = evidence("qlora_sft", "tune", [1.0, 0.0], general=general_of({"csqa": right(400, 750)}, chance=0.2))
    named = dataclasses.replace(arm, reference="base_nf4")
    assert judge(Arm(named, {}), [full, quantised], Limits()).state == "pass"
    assert judge(Arm(arm, {}), [full, quantised], Limits()).state == "fail"


def test_missing_reference_is_not_measured_and_named():
    found = gate(general_of({"piqa": BASE}), general("base_nf4", {"piqa": BASE}))
    assert (found.state, found.pooled) == ("not_measured", None)
    assert "'base'" in found.reasons[0]


def test_arm_without_general_evidence_is_not_measured():
    assert gate(None, general("base", {"piqa": BASE})).state == "not_measured"


def test_items_answered_by_one_side_only_are_counted():
    found = gate(general_of({"piqa": BASE[:700]}), general_of({"piqa": BASE}, "base"))
    assert found.pooled.n == 700
    assert any(reason.startswith("50 benchmark items were answered by only one") for reason in found.reasons)


def test_change_of_the_probability_of_right_answers_is_paired():
    # two losses and two gains at -1 and +1 are added: center -0.1 * 100 / 104
    before, after = [0.6] * 100, [0.5] * 100
    values = right(60, 100)
    found = gate(
        general_of({"csqa": values}, probabilities={"csqa": after}, chance=0.2),
        general_of({"csqa": values}, "base", probabilities={"csqa": before}, chance=0.2),
    )
    assert found.probability_change.estimate == pytest.approx(-0.1)
    assert found.probability_change.low < -0.1 < found.probability_change.high


def test_perplexities_are_left_out_of_the_gate_and_named():
    found = gate(
        general_of({"piqa": BASE, "wikitext": [12.5, 1.0]}), general_of({"piqa": BASE, "wikitext": [12.0, 1.0]}, "base")
    )
    assert (found.pooled.n, [task.task for task in found.tasks]) == (750, ["piqa"])
    assert found.reasons[-1].startswith("wikitext: scores outside [0, 1]")


# ---- what the tuned weights lost cannot leave the verdict -----------------------------------------


def with_lost(ability, task, count):
    items = [item for item in ability.items if item.task == task][:count]
    lost = {item.item for item in items}
    return dataclasses.replace(
        ability,
        items=tuple(
            dataclasses.replace(item, score=math.nan) if item.task == task and item.item in lost else item
            for item in ability.items
        ),
    )


@pytest.mark.parametrize("count", [144, 150])
def test_benchmark_that_the_tuned_weights_lost_counts_at_its_worst(count):
    base = general("base", {"piqa": right(500, 600), "long": right(120, 150)})
    tuned = with_lost(dataclasses.replace(base, weights="tuned"), "long", count)
    gate = judge_abilities("tuned", base, tuned, Limits())
    assert gate.state == "inconclusive"
    assert any(f"{count} benchmark items were answered by only one" in reason for reason in gate.reasons)


def test_single_score_outside_the_unit_does_not_take_a_benchmark_out():
    base = general("base", {"piqa": right(500, 600), "long": right(120, 150)})
    tuned = general("tuned", {"piqa": right(500, 600), "long": [-0.01] + [0.0] * 149})
    assert judge_abilities("tuned", base, tuned, Limits()).state == "fail"


def test_scores_of_two_metrics_are_not_compared():
    base = general("base", {"piqa": right(500, 750)})
    other = tuple(dataclasses.replace(item, metric="rouge") for item in base.items)
    assert judge_abilities("tuned", base, dataclasses.replace(base, items=other), Limits()).state == "not_measured"


def test_score_that_fell_beyond_the_limit_is_no_pass_though_the_probabilities_stand():
    # 4 points lost of 750, beyond the limit of 3; the probability of every right answer is as it was
    flat = {"piqa": [0.6] * 750}
    base = general("base", {"piqa": right(500, 750)}, probabilities=flat, chance=0.25)
    tuned = general("tuned", {"piqa": right(470, 750)}, probabilities=flat, chance=0.25)
    gate = judge_abilities("tuned", base, tuned, Limits())
    assert gate.state != "pass"
    assert judge_abilities("tuned", base, dataclasses.replace(base, weights="tuned"), Limits()).state == "pass"


def test_text_loss_that_is_no_number_for_the_base_is_no_harm_and_no_pass():
    broken = general("base", {"piqa": BASE}, losses=[math.nan] * 20)
    gate = judge_abilities("tuned", broken, general("tuned", {"piqa": BASE}), Limits())
    assert (gate.state, gate.doubted) == ("inconclusive", ("texts",))
    assert "was not measured" in gate.reasons[0]
    harmed = general("tuned", {"piqa": BASE}, losses=[math.nan] * 20)
    assert judge_abilities("tuned", general("base", {"piqa": BASE}), harmed, Limits()).state == "fail"

import dataclasses
from math import sqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from worlds import evidence, general, right

from harness.decision.arms import Arm
from harness.decision.gate import holm, judge
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


# ---- the three states --------------------------------------------------------


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
    found = gate(general_of({"piqa": flipped(base, 3, 3)}), general_of({"piqa": base}, "base"))
    assert found.state == "inconclusive"
    # error sqrt(8)/62; n = 60 ((1.645 + 0.8416) * 0.0456 / 0.03)^2 = 858
    assert found.items_needed == pytest.approx(60 * ((1.645 + 0.8416) * sqrt(8) / 62 / 0.03) ** 2, rel=0.01)
    assert f"{found.items_needed} items would show it" in found.reasons[-1]


def test_observed_gain_on_few_items_promises_no_more_than_no_change_would():
    base = right(40, 60)
    found = gate(general_of({"piqa": flipped(base, 2, 4)}), general_of({"piqa": base}, "base"))
    assert found.state == "inconclusive"
    # 2 losses, 4 gains, one of each added: error sqrt(8 - 2^2 / 62) / 62; to the limit it is 3 points and not 6
    error = sqrt(8 - 2**2 / 62) / 62
    assert found.items_needed == pytest.approx(60 * ((1.645 + 0.8416) * error / 0.03) ** 2, rel=0.01)


def test_drop_at_the_limit_is_inconclusive_and_no_number_of_items_is_promised():
    base = right(500, 1000)
    found = gate(general_of({"piqa": flipped(base, 60, 30)}), general_of({"piqa": base}, "base"))
    assert (found.state, found.items_needed) == ("inconclusive", None)


@pytest.mark.parametrize(("hits", "state"), [(0, "not_measured"), (20, "fail")])
def test_without_benchmark_items_only_what_is_shown_broken_decides(hits, state):
    off_task = [True] * hits + [False] * (24 - hits)
    found = gate(general_of({}, off_task=off_task), general_of({}, "base", off_task=[False] * 24))
    assert (found.state, found.pooled) == (state, None)
    assert ("fewer than two benchmark items" in found.reasons[0]) is (hits == 0)


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
    assert "70% of the base's ability" in found.reasons[0]


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


def test_same_rise_on_two_texts_is_no_proof():
    found = gate(general_of({"piqa": BASE}, losses=[2.05, 2.6]), general_of({"piqa": BASE}, "base", losses=[2.0, 2.0]))
    assert found.state == "pass"


def test_equal_losses_have_the_width_of_the_engines_tolerance():
    found = gate(general_of({"piqa": BASE}, losses=[2.0, 3.0]), general_of({"piqa": BASE}, "base", losses=[2.0, 3.0]))
    assert (found.text_loss_change.low, found.text_loss_change.high) == pytest.approx((-1e-4, 1e-4))


def test_texts_cut_into_other_tokens_are_refused():
    base = GeneralAbility("base", (), (TextLoss("a", 10.0, 5),))
    with pytest.raises(ValueError, match="text 'a' has 5 tokens"):
        gate(GeneralAbility("tuned", (), (TextLoss("a", 10.0, 6),)), base)


def test_task_answers_to_unrelated_questions_fail():
    # 15 of 20: Wilson's lower bound is 0.53
    found = gate(general_of({"piqa": BASE}, off_task=[True] * 15 + [False] * 5), general_of({"piqa": BASE}, "base"))
    assert found.state == "fail"
    assert "75% of 20 unrelated questions" in found.reasons[0]


def test_one_task_answer_in_twenty_is_no_proof():
    found = gate(general_of({"piqa": BASE}, off_task=[True] + [False] * 19), general_of({"piqa": BASE}, "base"))
    assert found.state == "pass"
    assert found.off_task_rate.estimate == 0.05


# ---- what is compared with what -----------------------------------------------


def test_quantised_arm_is_compared_with_the_quantised_base():
    quantised = general("base_nf4", {"piqa": right(400, 750)})
    full = general("base", {"piqa": BASE})
    arm = evidence("qlora_sft", "tune", [1.0, 0.0], general=general_of({"piqa": right(400, 750)}))
    named = dataclasses.replace(arm, reference="base_nf4")
    assert judge(Arm(named, {}), [full, quantised], Limits()).state == "pass"
    assert judge(Arm(arm, {}), [full, quantised], Limits()).state == "fail"


def test_missing_reference_is_not_measured_and_named():
    found = gate(general_of({"piqa": BASE}), general("base_nf4", {"piqa": BASE}))
    assert (found.state, found.pooled) == ("not_measured", None)
    assert "'base'" in found.reasons[0]


def test_arm_without_general_evidence_is_not_measured():
    assert gate(None, general("base", {"piqa": BASE})).state == "not_measured"


def test_items_answered_by_one_side_only_are_left_out_and_counted():
    found = gate(general_of({"piqa": BASE[:700]}), general_of({"piqa": BASE}, "base"))
    assert found.pooled.n == 700
    assert any(reason.startswith("50 benchmark items") for reason in found.reasons)


def test_change_of_the_probability_of_right_answers_is_paired():
    # two losses and two gains at -1 and +1 are added: center -0.1 * 100 / 104
    before, after = [0.6] * 100, [0.5] * 100
    values = right(60, 100)
    found = gate(
        general_of({"piqa": values}, probabilities={"piqa": after}),
        general_of({"piqa": values}, "base", probabilities={"piqa": before}),
    )
    assert found.probability_change.estimate == pytest.approx(-0.1)
    assert found.probability_change.low < -0.1 < found.probability_change.high


def test_perplexities_are_left_out_of_the_gate_and_named():
    found = gate(
        general_of({"piqa": BASE, "wikitext": [12.5, 1.0]}), general_of({"piqa": BASE, "wikitext": [12.0, 1.0]}, "base")
    )
    assert (found.pooled.n, [task.task for task in found.tasks]) == (750, ["piqa"])
    assert found.reasons[-1].startswith("wikitext: scores outside [0, 1]")

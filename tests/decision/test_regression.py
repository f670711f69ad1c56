import dataclasses
import math

import pytest
from scipy import stats
from worlds import general, mean, right

from harness.decision.arms import MetricSpec
from harness.decision.gate import judge_abilities
from harness.decision.regression import TaskScores, conclude, flips, task_change
from harness.records import BenchmarkItem, GeneralAbility, Limits, Score, TextLoss

BASE = general("base", {"piqa": right(500, 750)})
SAME = dataclasses.replace(BASE, weights="tuned")
BROKEN = general("tuned", {"piqa": right(300, 750)})


def check(tuned, base=BASE, **more):
    return conclude(base, tuned, more.pop("limits", Limits()), task=more.pop("task", None), manifest={}, **more)


def item(score, probability=None, name="1"):
    return BenchmarkItem("piqa", name, score, probability, 0.5)


def sides(before, after):
    """Two abilities of single items: (score, probability) on each side."""
    pairs = [(item(*b, str(n)), item(*a, str(n))) for n, (b, a) in enumerate(zip(before, after, strict=True))]
    return GeneralAbility("base", tuple(b for b, _ in pairs)), GeneralAbility("tuned", tuple(a for _, a in pairs))


def metric_spec(n):
    return MetricSpec("exact_match", "rate", mean, {f"q{i}": None for i in range(n)})


def scores(count, n):
    return [Score(f"q{i}", value) for i, value in enumerate(right(count, n))]


def task(base, tuned, n=200):
    return TaskScores(metric_spec(n), scores(base, n), scores(tuned, n))


# ---- the verdict -----------------------------------------------------------------------------


def test_model_against_itself_passes_and_says_on_how_many_items():
    found = check(SAME)
    assert found.verdict == "passed"
    assert found.sentence.startswith("Passed: over 750 benchmark items the score changed by +0.0 points")
    assert found.flips == ()
    assert (found.base, found.tuned) == ("base", "tuned")


def test_lost_ability_regresses_with_the_gates_own_first_reason():
    found = check(BROKEN)
    assert found.verdict == "regressed"
    assert found.sentence == f"Regressed: {found.gate.reasons[0]}."
    # 200 of 750 lost
    assert "-26.7 points" in found.sentence


def test_few_items_are_inconclusive_and_say_how_many_would_do():
    base = general("base", {"piqa": right(50, 60)})
    found = check(dataclasses.replace(base, weights="tuned"), base)
    assert found.verdict == "inconclusive"
    assert found.sentence.startswith("Inconclusive: ")
    assert f"{found.gate.items_needed} benchmark items would show it" in found.sentence


def test_base_at_chance_cannot_be_judged_and_says_so_once():
    base = general("base", {"piqa": right(375, 750)})
    found = check(dataclasses.replace(base, weights="tuned"), base)
    assert found.verdict == "cannot_judge"
    assert found.sentence.startswith("Cannot be judged: it is not clearly above chance")


def test_no_shared_benchmark_item_cannot_be_judged():
    found = check(general("tuned", {"boolq": right(500, 750)}), BASE)
    assert found.gate.state == "not_measured"
    assert found.verdict == "cannot_judge"


def test_harm_needs_more_proof_than_in_a_comparison_that_runs_once():
    # six tests could be made; Clopper and Pearson's lower bound of x in 128 exceeds 10% at 5%/6 first, not yet at 1%/6
    def low(x, tail):
        return stats.beta.ppf(tail, x, 128 - x + 1)

    x = next(x for x in range(1, 128) if low(x, 0.05 / 6) > 0.10)
    assert low(x, 0.01 / 6) < 0.10
    base = general("base", {"piqa": right(500, 750)}, off_task=[False] * 128)
    tuned = general("tuned", {"piqa": right(500, 750)}, off_task=[True] * x + [False] * (128 - x))
    assert judge_abilities("tuned", base, tuned, Limits()).state == "fail"
    assert check(tuned, base, task=task(150, 150)).verdict == "inconclusive"


def test_without_a_task_nobody_asks_for_unrelated_questions():
    bare = general("base", {"piqa": right(500, 750)}, off_task=())
    tuned = dataclasses.replace(bare, weights="tuned")
    assert check(tuned, bare).verdict == "passed"
    assert check(tuned, bare, task=task(150, 150)).verdict == "inconclusive"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_figures_that_are_no_numbers_never_pass(value):
    texts = tuple(TextLoss(text.item, value, text.tokens) for text in BASE.texts)
    items = tuple(dataclasses.replace(item, score=value) for item in BASE.items)
    assert check(dataclasses.replace(SAME, texts=texts)).verdict == "regressed"
    assert check(dataclasses.replace(SAME, items=items)).verdict == "cannot_judge"


def test_how_the_two_are_quantised_stands_behind_the_verdict():
    found = check(BROKEN, forms="The base is unquantised and the tuned weights are in 4-bit NF4.")
    assert found.sentence.endswith(". The base is unquantised and the tuned weights are in 4-bit NF4.")
    assert found.sentence.startswith("Regressed: ")


# ---- the task's own score --------------------------------------------------------------------


def test_shown_drop_of_the_tasks_own_score_is_a_regression_too():
    # 100 of 200 lost: about -50 points, shown to be far beyond 3
    found = check(SAME, task=task(150, 50))
    assert found.gate.state == "pass"
    assert found.verdict == "regressed"
    assert "on the task itself the score changed by -50.0 points" in found.sentence
    assert (found.base_score.estimate, found.tuned_score.estimate) == (0.75, 0.25)


def test_drop_of_the_task_beside_lost_ability_hides_neither():
    found = check(BROKEN, task=task(150, 50))
    assert found.gate.reasons[0] in found.sentence
    assert "on the task itself" in found.sentence


def test_small_drop_of_the_task_is_stated_and_is_neither_a_regression_nor_a_pass():
    # 10 of 200 lost: -5 points, upper bound about -1.6, lower bound below -3
    found = check(SAME, task=task(150, 140))
    assert found.verdict == "inconclusive"
    assert found.task_change.difference.estimate == pytest.approx(-0.05)
    assert found.task_change.losses == 10


def high(lost, tail):
    """Bonett and Price's upper bound, where so many of 200 are lost and none is gained."""
    return -lost / 202 + stats.norm.isf(tail) * math.sqrt(lost + 2 - lost**2 / 202) / 202


def test_task_has_half_of_the_one_percent_that_a_check_may_err_and_general_ability_the_other():
    change = task_change(task(150, 140), "base", "tuned")
    assert change.difference.high == pytest.approx(high(10, 0.005), abs=1e-4)
    lost = next(n for n in range(1, 150) if high(n, 0.005) < -0.03)
    assert high(lost - 1, 0.01) < -0.03  # the whole percent would call one item less a regression
    assert check(SAME, task=task(150, 150 - lost)).verdict == "regressed"
    assert check(SAME, task=task(150, 150 - lost + 1)).verdict == "inconclusive"
    # eight tests could be made with and without a task; Clopper and Pearson's lower bound of the questions turned
    turned = next(x for x in range(1, 128) if stats.beta.ppf(0.01 / 6, x, 128 - x + 1) > 0.10)
    assert stats.beta.ppf(0.005 / 6, turned, 128 - turned + 1) < 0.10
    base = general("base", {"piqa": right(500, 750)}, off_task=[False] * 128)
    tuned = general("tuned", {"piqa": right(500, 750)}, off_task=[True] * turned + [False] * (128 - turned))
    assert (check(tuned, base).verdict, check(tuned, base, task=task(150, 150)).verdict) == (
        "regressed",
        "inconclusive",
    )


# ---- flips -----------------------------------------------------------------------------------


def test_losses_come_first_by_how_far_the_probability_fell():
    base, tuned = sides(
        before=[(1.0, 0.6), (1.0, 0.9), (0.0, 0.2), (1.0, 0.5), (1.0, 0.7)],
        after=[(0.0, 0.4), (0.0, 0.1), (1.0, 0.8), (0.0, 0.9), (1.0, 0.1)],
    )
    found = flips(base, tuned)
    # falls: 1: 0.8, 0: 0.2, 3: rose by 0.4; a gain comes last, and item 4 is right on both sides
    assert [flip.item for flip in found] == ["1", "0", "3", "2"]
    assert [flip.is_loss for flip in found] == [True, True, True, False]


def test_item_that_one_side_could_not_answer_has_not_flipped():
    base, tuned = sides(before=[(1.0, 0.9), (math.nan, None)], after=[(math.nan, None), (1.0, 0.9)])
    assert flips(base, tuned) == ()


def test_items_without_probabilities_are_listed_by_name():
    base, tuned = sides(before=[(1.0, None), (1.0, None)], after=[(0.0, None), (0.0, None)])
    assert [flip.item for flip in flips(base, tuned)] == ["0", "1"]


# ---- the task's own score is a probe ----------------------------------------------------------


def test_pass_needs_the_tasks_own_lower_bound_inside_the_limit():
    # 13 of 20 after 18: five losses, upper bound above -3 points, lower bound far below
    found = check(SAME, task=task(18, 13, n=20))
    assert found.verdict == "inconclusive"
    assert "on the task itself the score changed by -25.0 points" in found.sentence
    assert check(SAME, task=task(180, 180)).verdict == "passed"


def test_test_items_that_one_side_lost_count_at_their_worst_for_a_pass():
    lost = [score for score in scores(180, 200) if int(score.example_id[1:]) >= 9]
    found = check(SAME, task=TaskScores(metric_spec(200), scores(180, 200), lost))
    # 9 right answers may be wrong: (-9/202) - z sqrt((11/202 - (9/202)^2) / 202) is below -3 points
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize("answered", [0, 1, 189])
def test_task_of_which_too_much_was_lost_cannot_be_judged(answered):
    found = check(SAME, task=TaskScores(metric_spec(200), scores(180, 200), scores(180, 200)[:answered]))
    assert found.verdict == "cannot_judge"
    assert f"{200 - answered} of 200 test items" in found.sentence


def test_items_lost_from_a_figure_that_is_no_mean_are_never_a_pass():
    aggregate = MetricSpec("macro", "aggregate", mean, {f"q{i}": None for i in range(200)})
    found = check(SAME, task=TaskScores(aggregate, scores(180, 200), scores(180, 200)[:195]))
    assert found.verdict == "inconclusive"
    assert "5 of 200 test items of the task could not be asked of both" in found.sentence
    assert check(SAME, task=TaskScores(aggregate, scores(180, 200), scores(180, 200))).verdict == "passed"


def test_task_whose_figure_supports_no_claim_says_why():
    labels = ["rare"] + ["usual"] * 199
    graded = [Score(f"q{i}", 1.0, label, label) for i, label in enumerate(labels)]
    aggregate = MetricSpec("macro", "aggregate", mean, {f"q{i}": None for i in range(200)})
    found = check(SAME, task=TaskScores(aggregate, graded, graded))
    assert found.verdict == "cannot_judge"
    assert "the label 'rare' has 1 test item, each label needs 5" in found.sentence

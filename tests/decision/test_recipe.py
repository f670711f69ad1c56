"""A new training run: against the two-way analysis of variance by hand, and against worlds whose truth is known."""

import dataclasses

import numpy as np
import pytest
from recipe_worlds import answers, new_run_coverage
from worlds import METRIC, UNHARMED, evidence, mean, settle

from harness.decision.arms import MetricSpec
from harness.decision.recipe import recipe_of
from harness.records import Fit


def fits(values, status="ok"):
    return [
        dataclasses.replace(evidence("lora_sft", "tune", list(row)), fit=Fit("lora_sft", seed=seed), status=status)
        for seed, row in enumerate(values)
    ]


def metric_spec(groups=None, count=60, kind="rate"):
    return MetricSpec(METRIC, kind, mean, groups or {f"q{index}": None for index in range(count)})


@pytest.fixture
def table():
    return answers(np.random.default_rng(3), np.array([0.5, 0.6, 0.8]), 60, 1)


def test_parts_are_those_of_the_two_way_analysis_of_variance(table):
    seeds, items = table.shape
    rows, columns, whole = table.mean(axis=1), table.mean(axis=0), table.mean()
    of_seeds = items * ((rows - whole) ** 2).sum() / (seeds - 1)
    of_items = seeds * ((columns - whole) ** 2).sum() / (items - 1)
    rest = ((table - rows[:, None] - columns + whole) ** 2).sum() / ((seeds - 1) * (items - 1))
    found = recipe_of(fits(table), metric_spec())
    assert found.figures == pytest.approx(rows)
    assert found.between_seeds == pytest.approx(np.sqrt((of_seeds - rest) / items))
    assert found.item_error == pytest.approx(np.sqrt(of_items / (seeds * items)))
    assert found.new_run.estimate == pytest.approx(whole)


def test_groups_of_one_change_nothing_and_groups_that_stand_together_widen_it(table):
    alone = recipe_of(fits(table), metric_spec())
    single = {f"q{index}": f"g{index}" for index in range(60)}
    assert recipe_of(fits(table), metric_spec(single)) == alone
    fives = np.repeat(table[:, ::5], 5, axis=1)
    grouped = recipe_of(fits(fives), metric_spec({f"q{index}": f"g{index // 5}" for index in range(60)}))
    # twelve groups, each five times the same item: as twelve items
    twelve = recipe_of(fits(table[:, ::5]), metric_spec(count=12))
    assert grouped.item_error == pytest.approx(twelve.item_error)
    assert grouped.between_seeds == pytest.approx(twelve.between_seeds)


def test_one_fit_and_fits_that_failed_say_nothing(table):
    assert recipe_of(fits(table[:1]), metric_spec()) is None
    assert recipe_of([*fits(table[:1]), *fits(table[1:], "failed")], metric_spec()) is None
    four = {f"q{index}": f"g{index // 15}" for index in range(60)}
    assert recipe_of(fits(table), metric_spec(four)) is None


def test_fits_that_are_all_right_still_leave_room_for_error():
    found = recipe_of(fits(np.ones((3, 60))), metric_spec())
    assert (found.between_seeds, found.new_run.high) == (0, 1)
    assert found.new_run.low == pytest.approx(0.025 ** (1 / 60))  # Clopper and Pearson's


def test_aggregate_counts_all_that_seeds_differ_in_as_theirs(table):
    found = recipe_of(fits(table), metric_spec(kind="aggregate"))
    assert found.between_seeds == pytest.approx(table.mean(axis=1).std(ddof=1))


def test_aggregate_of_a_rare_label_claims_no_more_of_a_new_run_than_of_this_one(table):
    def labelled(fit):
        names = ["rare", "rare", *["common"] * 58]
        scores = zip(fit.scores[METRIC], names, strict=True)
        return dataclasses.replace(
            fit, scores={METRIC: tuple(dataclasses.replace(score, expected=name) for score, name in scores)}
        )

    assert recipe_of([labelled(fit) for fit in fits(table)], metric_spec(kind="aggregate")) is None


def test_next_run_lies_inside_its_interval():
    shares = [share for name, share, _ in new_run_coverage(60, 4) if "n=100" in name]
    # of 60 worlds a standard error of 3 points at 93%; the context draws five times as many
    assert min(shares) >= 0.80
    assert np.mean(shares) >= 0.92


def test_verdict_says_which_weights_it_rests_on_and_what_another_run_would_score(table):
    prompt = evidence("few_shot", "prompt", list(table[0] * 0))
    tuned = fits(table)
    arm = dataclasses.replace(tuned[2], general=UNHARMED)
    decision = settle([prompt, arm], fits={"lora_sft": tuned})
    [recipe] = decision.recipes
    [said] = [text for text in decision.caveats if "another training run" in text]
    assert "seed 2, the best of 3 on dev" in said
    assert f"{100 * recipe.new_run.low:.1f}".removesuffix(".0") in said
    assert not any("seed not measured" in text for text in decision.caveats)
    assert any("seed not measured" in text for text in settle([prompt, arm]).caveats)


def test_of_an_arm_that_draws_its_answers_the_verdict_says_draws_and_no_training(table):
    drawn = [dataclasses.replace(fit, family="prompt", training=None) for fit in fits(table)]
    decision = settle([drawn[2]], fits={"lora_sft": drawn})
    [recipe] = decision.recipes
    [said] = [text for text in decision.caveats if "seed 2, the best of 3 on dev" in text]
    assert "the answers drawn with seed 2" in said
    assert "another draw would score between" in said
    assert f"{100 * recipe.new_run.high:.1f}".removesuffix(".0") in said
    assert not any(word in text for text in decision.caveats for word in ("weights", "training run"))

from dataclasses import replace

import numpy as np
import pytest

from harness.decision import decide
from harness.planning.worlds import METRIC, World, evidence_of, judge_answers


def test_a_higher_rate_keeps_every_right_answer(setting):
    world = World.draw(setting(300), np.random.default_rng(0))
    low, high = world.answers([0.4] * 4), world.answers([0.6] * 4)
    assert (high >= low).all()
    # 4 x 300 answers: the standard error of a mean is at most 1.5 points, more where items are shared
    assert low.mean() == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize("size", [1, 10])
def test_the_quick_verdict_is_the_one_that_a_run_would_give(setting, size):
    run, random = setting(60, size=size), np.random.default_rng(1)
    for rates in ([0.96, 0.9, 0.5, 0.5], [0.2, 0.2, 0.8, 0.2], [0.3, 0.3, 0.3, 0.9], [0.05] * 4):
        answers = World.draw(run, random).answers(rates)
        quick = judge_answers(run, answers, rates)
        whole = decide(
            evidence_of(run, answers, rates),
            [],
            run.limits,
            primary_metric=METRIC,
            metric_kind=run.kind,
            aggregate=lambda scores: sum(score.value for score in scores) / len(scores),
            groups={str(index): group for index, group in enumerate(run.groups)},
            constant_scores=None,
            planned_arms=[arm.name for arm in run.arms],
        )
        assert (quick.action, quick.arm and quick.arm.name, quick.goal) == (whole.action, whole.arm, whole.goal)


def test_items_of_a_group_are_answered_alike(setting):
    run = setting(4000, size=4)
    answers = World.draw(run, np.random.default_rng(2)).answers([0.5] * 4)[0].reshape(-1, 4)
    # latent correlation r within a group gives 1/4 + asin(r) / 2 pi of pairs right together; without groups 1/4
    together = np.mean([(answers[:, i] * answers[:, j]).mean() for i in range(4) for j in range(i)])
    assert together == pytest.approx(0.25 + np.arcsin(0.30) / (2 * np.pi), abs=0.03)


def test_a_resized_run_has_groups_of_the_sizes_that_there_are(setting):
    run = setting(50, size=5).resized(103)
    assert run.items == 103
    assert run.sizes == (5,) * 20 + (3,)


def test_unequal_group_sizes_take_turns(setting):
    run = replace(setting(30), groups=("a",) * 20 + tuple("bcdefghijk"))
    bigger = run.resized(300)
    assert bigger.sizes[:10] == (20,) * 10  # one group in eleven, of 30 items each round
    assert sum(bigger.sizes) == 300


def test_rows_without_a_group_stay_alone(setting):
    assert replace(setting(3), groups=("a", "a", None)).sizes == (2, 1)
    assert not replace(setting(3), groups=("a", "b", None)).is_grouped

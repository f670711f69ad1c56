"""Choices on dev: the best on the task inside the forgetting budget."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.finetune.selection import (
    best_of,
    boldest_of,
    curve_warnings,
    evaluations_without_gain,
    gap_warnings,
    has_gained,
    is_clearly_worse,
    is_inside,
    is_undertrained,
    score_of,
    should_stop,
)
from baselines.finetune.trial import best_rate
from harness.records import Checkpoint, Forgetting, LossPoint, Trial


def curve(*evaluations: tuple[float, float]) -> list[Checkpoint]:
    return [Checkpoint(i, float(i), score, loss) for i, (score, loss) in enumerate(evaluations, start=1)]


def spending(*evaluations: tuple[float, float | None, float | None]) -> list[Checkpoint]:
    """Checkpoints by score, loss, and the share of the budget that they spend; None where it was not measured."""
    return [
        Checkpoint(i, float(i), score, loss, None if spent is None else Forgetting(0.0, 0.0, None, spent))
        for i, (score, loss, spent) in enumerate(evaluations, start=1)
    ]


def test_best_is_the_best_on_the_task_inside_the_budget():
    assert best_of(spending((0.5, 0.5, 0.2), (0.9, 0.1, 1.01), (0.7, 0.4, 1.0))).step == 3
    assert boldest_of(spending((0.5, 0.5, 0.2), (0.9, 0.1, 1.01), (0.7, 0.4, 1.0))).step == 2


def test_where_none_is_inside_the_one_that_spends_least_is_kept_whatever_its_score():
    assert best_of(spending((0.9, 0.1, 3.0), (0.2, 2.0, 1.5), (0.8, 0.1, math.inf))).step == 2


def test_what_was_not_measured_is_taken_only_where_nothing_was():
    assert best_of(spending((0.5, 0.5, 2.0), (0.9, 0.1, None))).step == 1
    assert best_of(spending((0.5, 0.5, None), (0.9, 0.1, None))).step == 2


@pytest.mark.parametrize("spent", [math.nan, math.inf])
def test_forgetting_that_is_no_number_is_outside_and_below_every_other(spent):
    assert best_of(spending((0.9, 0.1, spent), (0.1, 9.0, 50.0))).step == 2
    assert not is_inside(spending((0.9, 0.1, spent))[0])


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_below_every_other(score):
    for order in ((0, 1), (1, 0)):
        points = spending((score, 0.1, 0.0), (0.0, 9.0, 0.0))
        assert best_of([points[i] for i in order]).step == 2
    assert boldest_of(spending((score, 0.1, 0.0), (0.0, 9.0, 0.0))).step == 2
    assert has_gained(*_last(spending((score, 0.1, 0.0), (0.2, 9.0, 0.0))))
    assert not has_gained(*_last(spending((0.2, 0.1, 0.0), (score, 0.0, 0.0))))
    assert is_clearly_worse(*spending((score, 0.1, 0.0), (0.5, 9.0, 0.0)), rows=40)


@pytest.mark.parametrize("loss", [math.nan, math.inf, None])
def test_a_loss_that_is_no_number_loses_to_any_other(loss):
    assert best_of(spending((0.5, loss, 0.0), (0.5, 9.0, 0.0))).step == 2
    assert not has_gained(*_last(spending((0.5, 9.0, 0.0), (0.5, loss, 0.0))))


def _last(points: list[Checkpoint]) -> tuple[Checkpoint, list[Checkpoint]]:
    return points[-1], points[:-1]


figures = st.one_of(st.floats(0, 1), st.sampled_from([math.nan, math.inf, -math.inf]))
points = st.lists(
    st.tuples(figures, st.one_of(st.none(), figures), st.one_of(st.floats(0, 3), figures)), min_size=1, max_size=6
)


@given(points, st.randoms(use_true_random=False))
def test_choice_is_inside_whenever_one_is_and_does_not_depend_on_the_order(evaluations, random):
    choices = spending(*evaluations)
    best = best_of(choices)
    inside = [choice for choice in choices if choice.forgetting.is_inside]
    if inside:
        assert best in inside
        assert all(not choice.dev_score > best.dev_score or math.isinf(choice.dev_score) for choice in inside)
    assert _figures(best_of(random.sample(choices, len(choices)))) == _figures(best)


def _figures(choice: Checkpoint) -> tuple[float, ...]:
    """What can be told apart of a choice: all that is not a number is alike."""
    excess = 0.0 if choice.forgetting.is_inside else choice.forgetting.spent
    return tuple(x if x is not None and math.isfinite(x) else -1e9 for x in (excess, choice.dev_score, choice.dev_loss))


@given(points)
def test_gains_are_counted_whatever_the_figures(evaluations):
    choices = spending(*evaluations)
    assert 0 <= evaluations_without_gain(choices) < len(choices)
    last = max(i for i, point in enumerate(choices) if has_gained(point, choices[:i]))
    # the last that gained has the best score; only losses that are too close to tell may be lower
    assert score_of(choices[last]) == score_of(boldest_of(choices))


def test_training_continues_by_the_task_alone_whatever_is_forgotten():
    leaving = spending((0.5, 1.0, 0.8), (0.6, 0.9, 1.2), (0.7, 0.8, 2.0), (0.8, 0.7, 3.0))
    assert evaluations_without_gain(leaving) == 0
    assert is_undertrained(leaving, "end")
    assert not should_stop(leaving, patience=3)


def test_a_perfect_score_outside_the_budget_ends_training_too():
    assert should_stop(spending((0.4, 1.0, 0.5), (1.0, 0.1, 4.0)), patience=3)
    assert not is_undertrained(spending((0.4, 1.0, 0.5), (1.0, 0.1, 4.0)), "budget")


def test_clearly_worse_is_more_than_a_standard_error_below():
    # 0.5 on 25 rows: sqrt(0.5 * 0.5 / 25) = 0.1
    best, near, far = curve((0.5, 1.0), (0.41, 1.0), (0.39, 1.0))
    assert not is_clearly_worse(near, best, 25)
    assert is_clearly_worse(far, best, 25)


def trials(*figures: tuple[float, float]) -> list[tuple[float, Trial]]:
    """Rates 1, 2, 3, ... by score and loss."""
    return [(float(rate), Trial("", score, loss)) for rate, (score, loss) in enumerate(figures, start=1)]


def test_of_rates_whose_scores_cannot_be_told_apart_the_one_with_the_lowest_loss_is_taken():
    # of 25 rows 0.5 is uncertain by 0.1: of the first two the lower loss wins, and the third is clearly worse
    assert best_rate(trials((0.5, 1.0), (0.45, 0.8), (0.3, 0.1)), 25) == 2.0


@pytest.mark.parametrize("figure", [math.nan, math.inf])
def test_a_rate_whose_figures_are_no_numbers_is_never_taken(figure):
    assert best_rate(trials((figure, 0.1), (0.1, 2.0)), 25) == 2.0
    assert best_rate(trials((0.1, figure), (0.1, 2.0)), 25) == 2.0


def test_best_checkpoint_has_the_highest_dev_score_not_the_lowest_loss():
    assert best_of(curve((0.5, 0.2), (0.7, 0.9), (0.6, 0.1))).step == 2


def test_equal_scores_go_to_the_lower_loss_and_then_to_the_earlier():
    assert best_of(curve((0.7, 0.4), (0.7, 0.3), (0.7, 0.3))).step == 2


def test_three_evaluations_without_gain_stop_training():
    stuck = curve((0.5, 1.0), (0.4, 1.0), (0.5, 0.99), (0.3, 1.0))
    assert evaluations_without_gain(stuck) == 3
    assert should_stop(stuck, patience=3)
    assert not should_stop(stuck[:3], patience=3)


def test_a_falling_loss_counts_as_gain_while_the_score_stands_still():
    # 1.0 -> 0.9 is a fall of 10%; 0.9 -> 0.87 is one of 3.3%, below the 5% that count
    assert evaluations_without_gain(curve((0.0, 1.0), (0.0, 0.9))) == 0
    assert evaluations_without_gain(curve((0.0, 1.0), (0.0, 0.9), (0.0, 0.87))) == 1


def test_a_fall_of_less_than_a_hundredth_of_a_nat_is_no_gain_whatever_its_share():
    assert evaluations_without_gain(curve((0.9, 0.020), (0.9, 0.012))) == 1  # 40%, but 0.008 nats
    assert evaluations_without_gain(curve((0.9, 0.030), (0.9, 0.018))) == 0


def test_a_loss_that_falls_while_the_score_drops_is_no_gain():
    assert evaluations_without_gain(curve((0.5, 1.0), (0.4, 0.1))) == 1


def test_a_perfect_dev_score_stops_training_at_once():
    assert should_stop(curve((1.0, 0.3)), patience=3)


@pytest.mark.parametrize(
    ("evaluations", "stopped", "expected"),
    [
        (((0.2, 1.0), (0.4, 0.8)), "end", True),  # better at the very end
        (((0.4, 1.0), (0.4, 0.8)), "end", True),  # same score, loss 20% lower
        (((0.4, 1.0), (0.4, 0.97)), "end", False),  # same score, loss 3% lower: level
        (((0.4, 1.0), (0.3, 0.5)), "end", False),  # the last is not the best
        (((0.2, 1.0), (0.4, 0.8)), "early", False),  # early stopping found the end itself
        (((0.2, 1.0), (1.0, 0.1)), "end", False),  # nothing left to gain
        (((0.2, 1.0), (1.0, 0.1)), "budget", False),
        (((0.4, 1.0), (0.3, 0.5)), "budget", True),  # cut: nobody knows what more steps would give
        (((0.3, 1.0),), "end", True),  # one evaluation cannot show that it levelled off
    ],
)
def test_undertrained_means_cut_or_still_gaining_at_the_last_evaluation(evaluations, stopped, expected):
    assert is_undertrained(curve(*evaluations), stopped) is expected


def losses(*values: float) -> list[LossPoint]:
    return [LossPoint(step, value, 1e-3) for step, value in enumerate(values, start=1)]


def test_a_loss_that_rises_after_the_first_epoch_is_called_unsteady():
    # epochs of 4 steps, half epochs of 2: means after the first epoch 0.5, 0.8: a rise of 0.3
    warning = curve_warnings(losses(3, 2, 1, 1, 0.4, 0.6, 0.7, 0.9), steps_per_epoch=4)
    assert len(warning) == 1
    assert "0.30" in warning[0]


def test_batch_noise_and_the_first_epoch_are_not_called_unsteady():
    # the first epoch climbs from 1 to 3; after it half-epoch means are 0.5, 0.5
    assert curve_warnings(losses(1, 2, 3, 3, 0.1, 0.9, 0.9, 0.1), steps_per_epoch=4) == ()


def test_a_gap_above_ten_points_is_called_overfitting():
    assert "98.0% on a sample of train against 62.0% on dev" in gap_warnings(0.98, 0.62)[0]
    assert gap_warnings(0.80, 0.75) == ()

import pytest

from baselines.finetune.selection import (
    best_of,
    curve_warnings,
    evaluations_without_gain,
    gap_warnings,
    is_undertrained,
    should_stop,
)
from harness.records import Checkpoint, LossPoint


def curve(*evaluations: tuple[float, float]) -> list[Checkpoint]:
    return [Checkpoint(i, float(i), score, loss) for i, (score, loss) in enumerate(evaluations, start=1)]


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
    assert "98%" in gap_warnings(0.98, 0.62)[0]
    assert gap_warnings(0.80, 0.75) == ()

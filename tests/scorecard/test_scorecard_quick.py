"""The scorecard's own code on a few faults of every kind: real processes, real kills, no model."""

from bench.scorecard.corruption import corruption
from bench.scorecard.errors import error_sweep, full_disks
from bench.scorecard.kills import crash_points, random_kills
from bench.scorecard.repeats import cache_saving, isolation, pairs


def held(figure):
    """Whether a bar was reached; pytest shows the line when it was not."""
    return figure.passed


def test_runs_killed_at_random_times_lose_and_double_nothing(lab, whole):
    (lost,) = random_kills(lab, whole, 2)
    assert held(lost), lost


def test_runs_killed_at_named_points_continue_to_the_same_result(lab, whole):
    figure = crash_points(lab, whole, 2)
    assert held(figure), figure


def test_failing_writes_end_with_a_message_and_the_run_continues(lab, whole):
    figure = error_sweep(lab, whole, stride=whole.steps)
    assert held(figure), figure


def test_full_disk_leaves_a_run_that_continues(lab, whole):
    figure = full_disks(lab, whole, 1)
    assert held(figure), figure


def test_damaged_files_are_made_again_or_refused(lab, whole):
    figure = corruption(lab, whole, 2)
    assert held(figure), figure


def test_second_run_of_one_seed_is_equal_and_asks_nothing(lab, whole):
    figure = cache_saving(lab, whole)
    assert held(figure), figure


def test_arm_that_dies_leaves_the_others_as_they_were(lab):
    figure = isolation(lab, ("segmentation fault",))
    assert held(figure), figure


def test_of_two_runs_on_one_folder_one_refuses(lab):
    figure = pairs(lab, 1)
    assert held(figure), figure

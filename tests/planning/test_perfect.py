import math

import pytest

from harness.checking.sizes import bound_all_right
from harness.metrics import exact_match, macro_f1
from harness.planning.perfect import find_goal_out_of_reach, goal_items, items_for_perfect, perfect_score, setting_of
from harness.planning.worlds import PlannedArm
from harness.records import Example, Limits, Message


def rows(count, *, size=1, targets=("yes", "no")):
    return [
        Example(
            f"q{number}",
            (Message("user", f"case {number}"),),
            targets[number % len(targets)],
            group=None if size == 1 else f"g{number // size}",
        )
        for number in range(count)
    ]


def goal_of(test, prompts, limits, metric):
    setting = setting_of(test, [PlannedArm(f"prompt {n}", "prompt") for n in range(prompts)], limits, metric)
    return goal_items(setting, perfect_score(test, prompts, limits, metric), metric)


@pytest.mark.parametrize("goal", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("prompts", "tail"), [(1, 0.025), (2, 0.02)])
def test_perfect_score_shows_the_goal_from_the_exact_number_on(goal, prompts, tail):
    # all right in n: the lower bound with the tail below it is tail^(1/n); the best of several prompts has 2%
    needed = math.ceil(math.log(tail) / math.log(goal))
    found = goal_of(rows(needed - 1), prompts, Limits(goal=goal), exact_match())
    assert (found.is_reachable, found.remedy) == (False, f"{needed} rows at least")
    assert goal_of(rows(needed), prompts, Limits(goal=goal), exact_match()).is_reachable


def test_goal_of_one_is_never_shown():
    found = goal_of(rows(50), 2, Limits(goal=1.0), exact_match())
    assert (found.is_reachable, found.remedy, found.items_for_rate) == (False, "a goal below 1", None)


@pytest.mark.parametrize("size", [2, 10])
def test_rows_named_for_an_aggregate_in_groups_are_enough(size):
    test, limits = rows(10 * size, size=size), Limits(goal=0.9)
    assert not goal_of(test, 1, limits, macro_f1()).is_reachable
    needed = items_for_perfect(setting_of(test, [PlannedArm("prompt", "prompt")], limits, macro_f1()), macro_f1())
    assert needed > len(test)
    assert perfect_score(rows(needed, size=size), 1, limits, macro_f1()).low >= 0.9
    assert perfect_score(rows(needed - size, size=size), 1, limits, macro_f1()).low < 0.9


def test_bound_of_a_perfect_score_is_the_exact_one():
    assert perfect_score(rows(50), 1, Limits(), exact_match()).low == pytest.approx(0.025 ** (1 / 50))
    assert perfect_score(rows(50), 3, Limits(), exact_match()).low == pytest.approx(0.02 ** (1 / 50))


def test_one_item_has_no_bound():
    assert perfect_score(rows(1), 1, Limits(), exact_match()) is None


def test_a_goal_beyond_a_perfect_score_is_a_warning():
    # 0.025^(1/n) reaches 0.9 at n = 36
    [found] = find_goal_out_of_reach(rows(35), 1, Limits(), exact_match())
    assert found.severity == "warning"
    assert "give 36 rows at least" in found.remedy
    assert find_goal_out_of_reach(rows(36), 1, Limits(), exact_match()) == []


def test_the_quick_bound_of_check_is_the_decisions_own():
    for items in (5, 38, 500):
        assert bound_all_right(items) == pytest.approx(perfect_score(rows(items), 2, Limits(), exact_match()).low)


def test_a_goal_of_one_is_never_shown_and_no_number_is_named():
    [found] = find_goal_out_of_reach(rows(500), 1, Limits(goal=1.0), exact_match())
    assert found.remedy.endswith("give a goal below 1")


def test_four_groups_need_more_groups():
    [found] = find_goal_out_of_reach(rows(400, size=100), 1, Limits(), exact_match())
    assert "groups like these" in found.remedy


def test_rare_labels_of_macro_f1_are_named():
    [found] = find_goal_out_of_reach([*rows(100), *rows(1, targets=("maybe",))][1:], 1, Limits(goal=0.5), macro_f1())
    assert found.remedy.endswith("give 5 rows of every label at least")
    assert "'maybe' has 1 test item" in found.hits[0].detail


def test_a_rare_label_has_no_number_beside_it_that_is_said_to_be_enough():
    found = goal_of([*rows(400), *rows(1, targets=("maybe",))][1:], 1, Limits(), macro_f1())
    assert (found.is_reachable, found.items_for_rate) == (False, None)


def test_no_rows_no_finding():
    assert find_goal_out_of_reach([], 1, Limits(), exact_match()) == []

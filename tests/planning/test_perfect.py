import pytest

from harness.metrics import exact_match, macro_f1
from harness.planning.perfect import find_goal_out_of_reach, perfect_score
from harness.records import Example, Limits, Message
from harness.task.check.sizes import bound_all_right


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
    assert "maybe" in found.remedy


def test_no_rows_no_finding():
    assert find_goal_out_of_reach([], 1, Limits(), exact_match()) == []

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from worlds import mean

from harness.decision.arms import MetricSpec
from harness.decision.intervals import exact, group_moments, grouped_mean, score_interval, wilson
from harness.records import Score

Z = 1.959964


def metric_spec(kind="rate", groups=None, aggregate=mean):
    return MetricSpec("exact_match", kind, aggregate, groups or {})


def scored(values):
    return [Score(f"q{index}", value) for index, value in enumerate(values)]


# Newcombe 1998, Stat. Med. 17:857, table I, method 3
@pytest.mark.parametrize(
    ("count", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (1, 29, 0.0061, 0.1718)]
)
def test_wilson_agrees_with_newcombes_published_examples(count, n, low, high):
    interval = wilson(count, n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_at_none_and_at_all_right_has_width():
    # at 0 of n Wilson's bounds are 0 and z^2 / (n + z^2)
    assert (wilson(0, 20).low, wilson(0, 20).high) == pytest.approx((0, Z**2 / (20 + Z**2)), abs=1e-6)
    assert (wilson(20, 20).low, wilson(20, 20).high) == pytest.approx((20 / (20 + Z**2), 1), abs=1e-6)


def test_exact_bounds_are_where_the_binomial_tails_are_the_level():
    for count, n in ((0, 20), (3, 20), (97, 100), (100, 100)):
        found = exact(count, n)
        if count:
            assert stats.binom.sf(count - 1, n, found.low) == pytest.approx(0.025)
        if count < n:
            assert stats.binom.cdf(count, n, found.high) == pytest.approx(0.025)


def test_all_right_reaches_the_goal_from_the_items_that_the_exact_test_needs():
    # goal^n <= 0.025
    for goal in (0.90, 0.95, 0.99):
        n = next(n for n in range(1, 1000) if goal**n <= 0.025)
        assert exact(n, n).low >= goal > exact(n - 1, n - 1).low


def test_graded_scores_enter_by_their_sum():
    assert score_interval(scored([0.25, 0.75, 0.5, 0.5]), metric_spec("graded")) == exact(2, 4)


def test_smaller_tail_gives_wider_bounds_and_names_its_level():
    ordinary, corrected = wilson(50, 100), wilson(50, 100, 0.025 / 5)
    assert corrected.low < ordinary.low < ordinary.high < corrected.high
    assert (ordinary.method, corrected.method) == ("Wilson 95%", "Wilson 99%")


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60), st.sampled_from([0.05, 0.025, 0.003]))
def test_every_score_interval_has_width_lies_in_the_unit_and_holds_its_estimate(values, tail):
    interval = score_interval(scored(values), metric_spec("graded"), tail)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    assert interval.low < interval.high


def test_grouped_bounds_count_one_group_that_nobody_saw():
    # 20 groups of 5, ten all right and ten all wrong; one more at 0, of five times ln(40) / (1 + t) items
    values, labels = np.repeat([1.0, 0.0], 50), np.repeat(np.arange(20), 5)
    t = stats.t.isf(0.025, 19)
    size = 5 * log(40) / (1 + t)
    center = 50 / (100 + size)
    squares = 10 * (5 - 5 * center) ** 2 + 10 * (5 * center) ** 2 + (size * center) ** 2
    low = center - t * sqrt(squares * 21 / 20) / (100 + size)
    interval = grouped_mean(values, labels)
    assert (interval.low, interval.high, interval.n) == (pytest.approx(low), pytest.approx(1 - low), 100)


@pytest.mark.parametrize("tail", [0.05, 0.025, 0.01, 0.0025])
@pytest.mark.parametrize("groups", [20, 40, 100])
def test_groups_that_are_all_right_get_about_the_exact_bound_of_as_many_items(groups, tail):
    interval = grouped_mean(np.ones(5 * groups), np.repeat(np.arange(groups), 5), tail)
    # chance that groups which stand or fall whole are all right, at a rate just below the bound
    assert interval.low**groups <= 1.12 * tail


def test_group_nobody_saw_is_as_large_as_the_group_of_an_item_drawn_at_random():
    # sizes 1, 1, 1, 1, 16: (4 + 256) / 20 = 13 items at 0, where one group is enough (five groups: t is 2.8, ln 40 3.7)
    labels = np.repeat(np.arange(5), (1, 1, 1, 1, 16))
    assert group_moments(np.ones(20), labels, 0.0).mean == pytest.approx(20 / 33)


def test_groups_whose_totals_do_not_vary_still_have_width():
    interval = grouped_mean(np.tile([1.0, 0.0], 50), np.repeat(np.arange(50), 2))
    assert interval.low < 0.5 < interval.high


def test_label_in_a_handful_of_items_supports_no_claim():
    rows = labelled([("a", "a")] * 96 + [("b", "b")] * 4)
    interval = score_interval(rows, metric_spec("aggregate", aggregate=balanced_accuracy))
    assert (interval.low, interval.high) == (0, 1)
    assert interval.method == "no claim: the label 'b' has 4 test items, each label needs 5"


def test_under_five_groups_there_is_no_claim():
    groups = {f"q{index}": f"g{index % 4}" for index in range(40)}
    interval = score_interval(scored([1.0] * 40), metric_spec(groups=groups))
    assert (interval.low, interval.high, interval.method) == (0, 1, "no claim from 4 groups")


def test_groups_of_single_items_change_nothing():
    values = [1.0] * 30 + [0.0] * 10
    groups = {f"q{index}": f"g{index}" for index in range(40)}
    assert score_interval(scored(values), metric_spec(groups=groups)) == score_interval(scored(values), metric_spec())


def balanced_accuracy(scores):
    hits: dict[str, list[float]] = {}
    for score in scores:
        hits.setdefault(score.expected, []).append(score.value)
    return sum(sum(values) / len(values) for values in hits.values()) / len(hits)


def labelled(rows):
    return [Score(f"q{i}", float(e == p), p, e) for i, (e, p) in enumerate(rows)]


def test_aggregate_that_never_varies_falls_back_to_the_exact_interval():
    rows = labelled([("a", "a"), ("b", "b")] * 20)
    interval = score_interval(rows, metric_spec("aggregate", aggregate=balanced_accuracy))
    assert (interval.low, interval.high) == (pytest.approx(exact(40, 40).low), 1)


@pytest.mark.parametrize("value", ["a", "b"])
def test_aggregate_of_items_that_are_all_right_or_all_wrong_is_not_resampled(value):
    asked = []

    def counted(scores):
        asked.append(len(scores))
        return balanced_accuracy(scores)

    score_interval(labelled([("a", value)] * 40), metric_spec("aggregate", aggregate=counted))
    assert asked == [40]  # a thousand draws of 10,000 rows took 11 s


def test_aggregate_interval_is_wider_than_the_exact_one_where_a_rare_class_decides():
    # class b has 5 items, 3 right: its recall moves by 0.22 (1 sd) and makes half the figure
    rows = labelled([("a", "a")] * 95 + [("b", "b")] * 3 + [("b", "a")] * 2)
    interval = score_interval(rows, metric_spec("aggregate", aggregate=balanced_accuracy))
    assert interval.estimate == pytest.approx(0.8)
    spread = sqrt(0.6 * 0.4 / 5) / 2
    assert interval.high - interval.low == pytest.approx(2 * 1.984 * spread, rel=0.25)


def test_aggregate_interval_does_not_depend_on_the_order_or_names_of_items():
    rows = labelled([("a", "a")] * 20 + [("b", "b")] * 6 + [("b", "a")] * 4)
    renamed = [Score(f"z{i}", s.value, s.predicted, s.expected) for i, s in enumerate(reversed(rows))]
    metric = metric_spec("aggregate", aggregate=balanced_accuracy)
    assert score_interval(rows, metric) == score_interval(renamed, metric)


def test_no_scores_give_no_figure():
    with pytest.raises(ValueError, match="no scores"):
        score_interval([], metric_spec())


def test_label_that_stands_in_few_groups_supports_no_claim_however_many_items_it_has():
    # 10 groups of 10; the label b fills four of them
    rows = labelled([("a", "a")] * 60 + [("b", "b")] * 40)
    groups = {f"q{index}": f"g{index // 10}" for index in range(100)}
    interval = score_interval(rows, metric_spec("aggregate", groups, balanced_accuracy))
    assert interval.method == "no claim: the label 'b' has 4 groups, each label needs 5"

"""Forecasts against what scipy says of the same normal figures."""

from math import sqrt

import pytest
from scipy import stats

from harness.decision.intervals import exact
from harness.decision.power import interval_hurdle, most_turned
from harness.records import Interval


@pytest.mark.parametrize("tail", [0.025, 0.02, 0.005])
@pytest.mark.parametrize("items", [100, 300])
def test_bound_of_an_aggregate_is_forecast_at_its_own_tail(tail, items):
    error = 0.02  # of the figure, on 100 items
    reach = stats.norm.isf(tail) * error
    hurdle = interval_hurdle(Interval(0.95, 0.95 - reach, 1.0, 100, ""), 0.9, tail, above=True)
    now = error * sqrt(100 / items)
    # the lower bound is the figure less z standard errors, and reaches 0.9 where the figure reaches 0.9 + z errors
    assert hurdle.chance(items) == pytest.approx(stats.norm.sf(0.9 + stats.norm.isf(tail) * now, 0.95, now))


@pytest.mark.parametrize(
    ("asked", "items", "limit"), [(64, 128, 0.1), (24, 128, 0.1), (64, 128, 0.3), (64, 40, 0.1), (50, 500, 0.05)]
)
def test_as_many_may_go_wrong_as_let_the_bound_hold_in_eighty_percent(asked, items, limit):
    passing = [count for count in range(items + 1) if exact(count, items, 0.05).high <= limit]
    chances = [stats.betabinom.cdf(max(passing), items, turned + 1, asked - turned + 1) for turned in range(asked + 1)]
    found = most_turned(asked, items, limit, 0.05)
    assert found == max([0, *(turned for turned in range(asked + 1) if chances[turned] >= 0.8)])


def test_none_may_go_wrong_where_no_bound_can_hold():
    assert most_turned(64, 7, 0.1, 0.05) == 0  # 7 right of 7 are shown at 65% alone
    assert most_turned(64, 128, 0.0, 0.05) == 0

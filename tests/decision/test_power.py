"""Forecasts against what scipy says of the same normal figures."""

from math import sqrt

import pytest
from scipy import stats

from harness.decision.power import interval_hurdle
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

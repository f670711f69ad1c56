"""Small runs of bench/decision_calibration.py: the promises of the decision in worlds whose truth is known."""

import numpy as np
import pytest
from decision_worlds import (
    FAMILIES,
    World,
    coverage,
    decide_world,
    draw,
    false_recommendations,
    grouped_rate_intervals,
    macro_f1_intervals,
)
from scipy import stats

RUNS = 80


def limit(runs, rate=0.05):
    """Count that a 5% process exceeds in one test of 10,000: the suite runs many of them."""
    return int(stats.binom.ppf(0.9999, runs, rate))


@pytest.mark.parametrize("items", [40, 200, 500])
@pytest.mark.parametrize("rate", [0.5, 0.85, 0.9])
def test_equal_arms_are_rarely_said_to_differ(items, rate):
    false, _ = false_recommendations(World(FAMILIES[8], (rate,) * 8, items), RUNS, seed=items)
    assert false <= limit(RUNS)


def test_two_equal_arms_are_left_undecided():
    random = np.random.default_rng(7)
    world = World(FAMILIES[2], (0.89, 0.89), 100)
    undecided = sum(decide_world(world, random).action == "undecided" for _ in range(200))
    assert undecided >= 200 - limit(200)


def test_gain_of_exactly_the_margin_is_rarely_called_larger():
    false, _ = false_recommendations(World(("prompt", "tune"), (0.70, 0.72), 200), 200, seed=3)
    assert false <= limit(200)


def test_tuning_that_adds_nothing_to_rag_is_rarely_recommended():
    world = World(("prompt", "rag", "tune"), (0.6, 0.85, 0.85), 200)
    false, _ = false_recommendations(world, 150, seed=4)
    assert false <= limit(150)


def test_large_gain_is_found():
    # 30 against 96 of 100: at 200 items the ladder must not miss it
    random = np.random.default_rng(5)
    world = World(("prompt", "rag", "tune"), (0.3, 0.4, 0.96), 200)
    found = [decide_world(world, random).action for _ in range(40)]
    assert found.count("fine_tune") >= 38


def test_arms_that_are_all_hopeless_are_told_to_rethink():
    random = np.random.default_rng(6)
    world = World(("prompt", "rag", "tune"), (0.25, 0.25, 0.25), 200)
    found = [decide_world(world, random).action for _ in range(40)]
    assert found.count("rethink") >= 37


def test_drawn_arms_have_the_rates_that_their_world_states():
    # the simulator itself: 3 standard errors at 100,000 items in groups of 5
    world = World(("prompt", "tune"), (0.3, 0.9), 100_000, group_size=5, grouped=0.15, both=0.15)
    assert draw(world, np.random.default_rng(8)).mean(axis=1) == pytest.approx([0.3, 0.9], abs=0.01)


@pytest.mark.parametrize("within", [0.0, 0.3])
def test_grouped_rates_are_covered(within):
    held, _, _ = coverage(600, 0.9, grouped_rate_intervals(0.9, 200, 5, within, np.random.default_rng(9)))
    assert held >= 0.92


def test_macro_f1_is_covered_by_its_bootstrap():
    truth, make = macro_f1_intervals(50, np.random.default_rng(10))
    held, _, _ = coverage(40, truth, make)
    assert held >= 0.85  # 95% less three Monte Carlo errors of 3.4%

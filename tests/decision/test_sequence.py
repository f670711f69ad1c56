"""The betting confidence sequence: a fair game by exact enumeration, its inversion, and looks at every item."""

from itertools import product

import numpy as np
import pytest

from harness.decision.sequence import FRACTIONS, PRECISION, log_capital, lower_bound, upper_bound

ONE = np.ones(1)


def chances(sizes, rate):
    """Yield every way in which whole groups are right or wrong, with its chance where a share `rate` is right."""
    for rights in product((0.0, 1.0), repeat=len(sizes)):
        yield np.array(rights), np.prod([rate if right else 1 - rate for right in rights])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("sizes", [(1,) * 8, (1, 3, 2, 1, 3)])
def test_capital_keeps_its_mean_where_the_claim_is_just_true(rate, sizes):
    lengths = np.array(sizes, dtype=float)
    means = sum(
        chance * np.exp(log_capital(rights * lengths, lengths, 3, rate)) for rights, chance in chances(sizes, rate)
    )
    assert means == pytest.approx(np.ones(len(sizes)))  # after every group, not only the last


def test_capital_shrinks_on_average_where_the_mean_is_lower_than_claimed():
    ones = np.ones(6)
    means = sum(chance * np.exp(log_capital(rights, ones, 1, 0.6)) for rights, chance in chances(ones, 0.5))
    assert (np.diff(means) < 0).all() and means[0] < 1


@pytest.mark.parametrize("tail", [0.25, 0.4])
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_bound_ever_lies_above_the_truth_with_at_most_its_chance_however_often_one_looks(rate, tail):
    ones = np.ones(12)
    wrong = sum(chance for rights, chance in chances(ones, rate) if lower_bound(rights, ones, 1, tail) > rate)
    assert 0 < wrong <= tail


def test_bound_of_one_right_item_by_hand():
    # 1 - f + f / m is, on average over tenths to nine tenths, 0.5 + 0.5 / m; it reaches 1 / 0.5 at m = 1 / 3
    assert pytest.approx(0.5) == FRACTIONS.mean()
    assert lower_bound(ONE, ONE, 1, 0.5) == pytest.approx(1 / 3, abs=2 * PRECISION)
    # as the first of groups of two at most it moves the capital by half as much: 0.75 + 0.25 / m, 1 / 5
    assert lower_bound(ONE, ONE, 2, 0.5) == pytest.approx(1 / 5, abs=2 * PRECISION)


def test_nothing_right_bounds_nothing_from_below():
    assert lower_bound(np.zeros(50), np.ones(50), 1, 0.05) == 0.0
    assert lower_bound(np.array([]), np.array([]), 1, 0.05) == 0.0


@pytest.mark.parametrize("kind", ["rates", "graded", "groups"])
def test_bound_is_where_the_capital_just_reached_what_is_needed(kind):
    random = np.random.default_rng(11)
    sizes = random.integers(1, 6, 60).astype(float) if kind == "groups" else np.ones(60)
    totals = random.random(60) * sizes if kind == "graded" else (random.random(60) < 0.7) * sizes
    bound = lower_bound(totals, sizes, sizes.max(), 0.01)
    for mean, is_reached in ((bound, True), (bound + 3 * PRECISION, False)):
        assert (log_capital(totals, sizes, sizes.max(), mean).max() >= np.log(100)) is np.bool_(is_reached)


def test_capital_falls_as_the_claimed_mean_rises():
    values = np.random.default_rng(12).random(40)
    found = [log_capital(values, np.ones(40), 1, mean) for mean in np.linspace(0.05, 1, 20)]
    assert (np.diff(found, axis=0) <= 0).all()


def test_upper_bound_is_the_lower_one_of_what_is_missing():
    values = np.random.default_rng(13).random(80)
    ones = np.ones(80)
    assert upper_bound(values, ones, 1, 0.02) == pytest.approx(1 - lower_bound(1 - values, ones, 1, 0.02))
    assert lower_bound(values, ones, 1, 0.02) < values.mean() < upper_bound(values, ones, 1, 0.02)


def test_what_was_rejected_stays_rejected():
    values = np.concatenate([np.ones(60), np.zeros(60)])
    bounds = [lower_bound(values[:n], np.ones(n), 1, 0.05) for n in range(10, 121, 10)]
    assert (np.diff(bounds) >= 0).all() and bounds[0] < bounds[5] == pytest.approx(bounds[-1])


def drawn(kind, random):
    """Draw 150 items of a mean of 0.6 in a kind of world; return totals, sizes, and the largest group."""
    if kind == "rates":
        return (random.random(150) < 0.6).astype(float), np.ones(150), 1
    if kind == "graded":
        return random.beta(1.2, 0.8, 150), np.ones(150), 1
    sizes = random.choice([1.0, 2.0, 7.0], 45)
    return (random.random(45) < 0.6) * sizes, sizes, 7


@pytest.mark.parametrize("kind", ["rates", "graded", "groups"])
def test_both_bounds_hold_the_truth_at_every_look(kind):
    random, runs, tail = np.random.default_rng(14), 500, 0.1
    found = [drawn(kind, random) for _ in range(runs)]
    below = sum(lower_bound(*one, tail) > 0.6 for one in found)  # the bound of all items is the highest of all looks
    above = sum(upper_bound(*one, tail) < 0.6 for one in found)
    noise = 4 * np.sqrt(tail * (1 - tail) * runs)
    assert max(below, above) <= tail * runs + noise
    assert min(below, above) > 0  # the bounds are not so wide that nothing could fail

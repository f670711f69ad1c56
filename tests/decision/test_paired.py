from math import log, sqrt

import numpy as np
import pytest
from decision_worlds import coverage, graded_intervals, paired_intervals
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from worlds import evidence, mean, right

from harness.decision.arms import Arm, MetricSpec, read_arms
from harness.decision.paired import compare, honest_gain, mean_difference
from harness.records import Limits, Outcome, Score

Z = 1.959964
RATE = MetricSpec("exact_match", "rate", mean, {})


def arm(name, values):
    scores = {f"q{index}": Score(f"q{index}", value) for index, value in enumerate(values)}
    return Arm(evidence(name, "prompt", values), scores)


def outcomes(wins, losses, n):
    return np.array([1.0] * wins + [-1.0] * losses + [0.0] * (n - wins - losses))


def test_bonett_price_matches_hand_work():
    # 21 pairs, 1 gain and 7 losses (the counts of Bentur et al. 2009, as used by Fagerland et al. 2014,
    # Stat. Med. 33:2850): rates 2/23 and 8/23, difference -6/23,
    # half width z sqrt((10/23 - (6/23)^2) / 23) = 0.2475
    found = mean_difference(outcomes(1, 7, 21), is_rate=True).interval()
    half = Z * sqrt((10 / 23 - (6 / 23) ** 2) / 23)
    assert (found.low, found.high) == pytest.approx((-6 / 23 - half, -6 / 23 + half), abs=1e-6)
    assert (found.low, found.high) == pytest.approx((-0.508, -0.013), abs=5e-4)
    assert found.estimate == pytest.approx(-6 / 21)


def test_gain_that_excludes_zero_is_one_that_exact_mcnemar_confirms():
    # one-sided exact McNemar: P(at least `wins` heads in wins + losses fair tosses)
    for n in (20, 60, 200):
        for wins in range(1, 20):
            for losses in range(0, n - wins if n == 20 else 20):
                low = mean_difference(outcomes(wins, losses, n), is_rate=True).interval().low
                if low > 0:
                    assert stats.binomtest(wins, wins + losses, 0.5, "greater").pvalue <= 0.05, (n, wins, losses)


@pytest.mark.parametrize("n", [4, 5, 8, 12, 19])
@pytest.mark.parametrize("true_gain", [0.0, 0.02, 0.1])
def test_gain_claimed_of_few_items_is_wrong_as_rarely_as_one_of_many(n, true_gain):
    """Exact, over all rates of losses: the chance that the lower bound lies above the true gain."""
    claims = [
        (wins, losses)
        for wins in range(n + 1)
        for losses in range(n + 1 - wins)
        if mean_difference(outcomes(wins, losses, n), is_rate=True).interval().low > true_gain
    ]

    def chance(loss_rate):
        rates = [loss_rate + true_gain, loss_rate, 1 - true_gain - 2 * loss_rate]
        counts = np.array([[wins, losses, n - wins - losses] for wins, losses in claims]).reshape(-1, 3)
        return stats.multinomial(n, rates).pmf(counts).sum()

    assert max(map(chance, np.linspace(0, (1 - true_gain) / 2, 40))) <= 0.025


def test_arms_that_agree_on_every_item_still_have_width():
    # 0 gains, 0 losses, n = 50: half width z sqrt(2 / 52 / 52)
    found = mean_difference(np.zeros(50), is_rate=True).interval()
    assert (found.low, found.high) == pytest.approx((-Z * sqrt(2) / 52, Z * sqrt(2) / 52), abs=1e-6)


def test_all_ties_in_groups_still_have_width():
    found = mean_difference(np.zeros(50), is_rate=True, labels=np.repeat(np.arange(10), 5)).interval()
    assert found.low < 0 < found.high


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=50))
def test_gain_intervals_have_width_hold_the_estimate_and_stay_in_range(differences):
    found = mean_difference(np.array(differences), is_rate=False).interval()
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.low < found.high


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=2, max_size=50))
def test_swapping_the_arms_mirrors_the_gain(differences):
    gain = mean_difference(np.array(differences), is_rate=True).interval()
    loss = mean_difference(-np.array(differences), is_rate=True).interval()
    assert (gain.low, gain.high) == pytest.approx((-loss.high, -loss.low))


def test_grouped_gain_uses_group_totals_with_t_and_a_group_nobody_saw():
    # 10 groups of 2, the first four gain on both items: 8 gains of 20; a group nobody saw, of 2 ln(40) / (1 + t) items
    differences, labels = outcomes(8, 0, 20), np.repeat(np.arange(10), 2)
    t = stats.t.isf(0.025, 9)
    size = 2 * log(40) / (1 + t)

    def bound(unseen):
        center = (8 + unseen * size) / (20 + size)
        squares = 4 * (2 - 2 * center) ** 2 + 6 * (2 * center) ** 2 + (size * (unseen - center)) ** 2
        return center + unseen * t * sqrt(squares * 11 / 10) / (20 + size)

    low, high = bound(-1), bound(1)
    found = mean_difference(differences, is_rate=True, labels=labels).interval()
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(min(1, high)))


def test_honest_gain_is_the_one_that_would_be_seen_in_the_middle_of_those_shown():
    mean = mean_difference(outcomes(30, 10, 100), is_rate=True)
    honest, below = honest_gain(mean, 0.02), mean.moments(-1.0, 0.025)
    error = below.error
    least = 0.02 + Z * error  # center that is shown
    true = below.mean - (mean.estimate - honest)
    shown = stats.norm.sf(least, true, error)
    assert stats.norm.sf(below.mean, true, error) / shown == pytest.approx(0.5)


def test_grouping_widens_the_gain_of_items_that_hang_together():
    differences = outcomes(20, 0, 100)
    alone = mean_difference(differences, is_rate=True).interval()
    grouped = mean_difference(differences, is_rate=True, labels=np.repeat(np.arange(20), 5)).interval()
    assert grouped.low < alone.low


def test_under_two_pairs_or_five_groups_nothing_is_claimed():
    assert mean_difference(np.array([1.0]), is_rate=True) is None
    assert mean_difference(np.ones(40), is_rate=True, labels=np.arange(40) % 4) is None


def test_differences_beyond_one_are_refused():
    with pytest.raises(ValueError, match=r"1\.5"):
        mean_difference(np.array([1.5, 0.0]), is_rate=False)


def test_comparison_counts_gains_and_losses_on_shared_items_only():
    a, b = arm("a", [1, 1, 0, 0]), arm("b", [0, 1, 1])
    found = compare(a, b, RATE, 0.02)
    assert (found.wins, found.losses, found.difference.n, found.difference.estimate) == (1, 1, 3, 0)


def test_gain_must_exceed_the_smallest_that_matters_by_its_lower_bound():
    # 60 against 40 of 100 nested answers: (20/102) - z sqrt((22/102 - (20/102)^2) / 102) = 0.114
    found = compare(arm("a", right(60, 100)), arm("b", right(40, 100)), RATE, 0.10)
    assert found.difference.low == pytest.approx(0.1143, abs=1e-3)
    assert found.exceeds_gain
    assert not compare(arm("a", right(60, 100)), arm("b", right(40, 100)), RATE, 0.12).exceeds_gain


def test_aggregate_tie_has_the_width_of_a_tie_in_every_item():
    metric = MetricSpec("macro_f1", "aggregate", mean, {})
    found = compare(arm("a", right(30, 40)), arm("b", right(30, 40)), metric, 0.02)
    half = stats.t.isf(0.025, 39) * sqrt(2) / 42
    assert (found.difference.low, found.difference.high) == pytest.approx((-half, half))


def test_aggregate_gain_agrees_with_bonett_price_when_the_aggregate_is_a_mean():
    a, b = arm("a", right(150, 200)), arm("b", right(110, 200))
    boot = compare(a, b, MetricSpec("m", "aggregate", mean, {}), 0.02).difference
    exact = compare(a, b, RATE, 0.02).difference
    assert (boot.low, boot.high) == pytest.approx((exact.low, exact.high), abs=0.01)


@pytest.mark.parametrize("kind", ["smooth", "many ties", "rare whole loss"])
@pytest.mark.parametrize("n", [20, 100])
def test_graded_gains_are_covered_at_small_n(kind, n):
    truth, make = graded_intervals(kind, n, np.random.default_rng(n))
    held, above, _ = coverage(1500, truth, make)
    assert held >= 0.94  # 95% less 1.8 Monte Carlo errors
    assert above <= 0.035  # a lower bound above the truth is a false climb: 2.5% plus 2.5 errors


@pytest.mark.parametrize("rates", [(0.5, 0.5), (0.9, 0.9), (0.6, 0.8)])
def test_paired_rates_are_covered_at_small_n(rates):
    held, above, _ = coverage(2000, rates[1] - rates[0], paired_intervals(rates, 40, np.random.default_rng(1)))
    assert held >= 0.94
    assert above <= 0.034


def test_items_lost_to_infrastructure_leave_the_pairs():
    lost = {0: Outcome.TIMEOUT, 1: Outcome.ENDPOINT_ERROR}
    left = evidence("a", "prompt", [0.0, 0.0] + [1.0] * 38, outcomes=lost)
    judged_arms = read_arms([left, evidence("b", "rag", [1.0] * 40)], ["a", "b"], "exact_match", Limits())
    found = compare(judged_arms.judged[1], judged_arms.judged[0], RATE, 0.02)
    assert (found.difference.n, found.wins, judged_arms.judged[0].lost) == (38, 0, {"q0", "q1"})

import numpy as np
import pytest

from harness.planning.gate import BASE_SCORE, FLIPS, Power, abilities, gate_items, pass_share
from harness.records import Limits


def test_a_harmless_tuning_keeps_the_score_and_flips_answers():
    base, tuned = abilities(0.2, 4000, np.random.default_rng(0))
    before, after = (np.array([item.score for item in side.items]) for side in (base, tuned))
    assert before.mean() == pytest.approx(BASE_SCORE, abs=0.03)
    assert after.mean() == pytest.approx(BASE_SCORE, abs=0.03)
    assert 0.15 < (before != after).mean() < 0.35


def test_more_flips_need_more_items_and_a_smaller_limit_too():
    few, many = (Power.fitted(flips, Limits()).items for flips in FLIPS)
    assert few < many
    # the bound's distance from its limit grows with the limit and with the square root of the items
    assert Power.fitted(FLIPS[0], Limits(max_drop=0.015)).items == pytest.approx(4 * few, rel=0.5)


def test_about_80_percent_pass_with_the_items_that_are_named():
    named = Power.fitted(FLIPS[0], Limits()).items
    assert pass_share(FLIPS[0], named, Limits()) == pytest.approx(0.8, abs=0.16)


def test_plan_says_how_often_the_tasks_own_limit_is_enough():
    found = gate_items(Limits(), 10_000)
    assert min(found.passes) > 0.99
    assert gate_items(Limits(), 20).passes[1] < 0.2

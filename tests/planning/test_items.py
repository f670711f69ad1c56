"""Expected numbers are Clopper and Pearson's, worked out here with scipy alone."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.decision.power import MOST_ITEMS
from harness.planning.items import (
    MOST_SIMULATED,
    can_climb,
    contest_of,
    items_for_goal,
    scenarios,
    shows_goal,
    smallest_gain,
)
from harness.planning.worlds import PlannedArm, World, judge_answers, prompt_tail

LORA = PlannedArm("lora_sft", "tune")
ONE_PROMPT = (PlannedArm("zero_shot", "prompt"),)


def power_of(items: int, rate: float, goal: float, tail: float) -> float:
    """Chance that Clopper and Pearson's lower bound reaches the goal."""
    right = np.arange(items + 1)
    low = np.where(right > 0, stats.beta.ppf(tail, np.maximum(right, 1), items - right + 1), 0.0)
    return float(stats.binom.pmf(right[low >= goal], items, rate).sum())


@pytest.mark.parametrize(("goal", "rate"), [(0.9, 0.95), (0.9, 0.97), (0.5, 0.6), (0.8, 0.9)])
def test_items_for_the_goal_settle_78_to_84_percent_of_runs(setting, goal, rate):
    needed = items_for_goal(setting(30, goal=goal), rate)
    assert 0.78 <= power_of(needed, rate, goal, 0.02) <= 0.84
    assert max(power_of(fewer, rate, goal, 0.02) for fewer in range(needed - 20, needed)) < 0.80


def test_items_for_the_goal_do_not_depend_on_those_that_are_there(setting):
    assert items_for_goal(setting(30), 0.95) == items_for_goal(setting(3000), 0.95)


@pytest.mark.parametrize(("size", "rate", "goal"), [(5, 0.95, 0.9), (2, 0.95, 0.9), (40, 0.85, 0.7)])
def test_items_for_the_goal_in_groups_settle_about_80_percent_of_new_worlds(setting, size, rate, goal):
    run = setting(400, size=size, goal=goal)
    needed = items_for_goal(run, rate)
    contest, random, tail = contest_of(run.resized(needed)), np.random.default_rng(99), prompt_tail(contest_of(run))
    one = contest.only(contest.arms[:1])
    shown = [shows_goal(contest, World.draw(one, random).answers([rate])[0], tail) for _ in range(800)]
    # a standard error of 1.4 points for these worlds, and of 1 for those that the number was found with
    assert np.mean(shown) == pytest.approx(0.8, abs=0.05)
    assert needed > items_for_goal(setting(200, goal=goal), rate)


@pytest.mark.parametrize("size", [1, 5])
def test_what_shows_the_goal_is_what_the_rules_call_a_prompt(setting, size):
    run = contest_of(setting(60, size=size))
    tail = prompt_tail(run)
    for right in (*range(45, 61, 3), 58, 59):
        answers = np.zeros((len(run.arms), 60))
        answers[0, :right] = 1
        verdict = judge_answers(run, answers, [1.0, 0.0])
        assert shows_goal(run, answers[0], tail) == (verdict.action == "prompt"), right


def test_large_numbers_are_named_as_far_as_a_run_would_name_them(setting):
    needed = items_for_goal(setting(30, goal=0.999), 0.9995)
    assert MOST_SIMULATED < needed <= MOST_ITEMS
    assert items_for_goal(setting(30, goal=0.9999), 0.99995) is None


def test_a_rate_at_the_goal_is_never_shown(setting):
    assert items_for_goal(setting(100), 0.9) is None


def test_smallest_gain_is_shown_in_about_80_percent_of_new_worlds(setting):
    run = setting(120)
    found = smallest_gain(run, LORA, 0.5)
    random = np.random.default_rng(7)
    rates = [0.5, 0.5, 0.5, 0.5 + found.gain]
    named = [World.draw(run, random).verdict(rates).action == "fine_tune" for _ in range(150)]
    # standard errors of 3.3 points here and of 5.2 where it was found
    assert np.mean(named) == pytest.approx(0.8, abs=0.13)


def test_more_items_show_a_smaller_gain(setting):
    gains = [smallest_gain(setting(items), LORA, 0.5).gain for items in (40, 120, 400)]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > gains[2] + 0.05


def test_no_room_above_the_base_means_no_gain(setting):
    assert smallest_gain(setting(30), LORA, 0.9).gain is None


def test_groups_of_one_are_independent_items(setting):
    plain = setting(60)
    alone = replace(plain, groups=tuple(f"g{index}" for index in range(60)))
    assert smallest_gain(alone, LORA, 0.5) == smallest_gain(plain, LORA, 0.5)


def test_four_groups_show_nothing(setting):
    run = setting(40, size=10)
    assert not can_climb(run, LORA)
    assert not shows_goal(contest_of(run), np.ones(40), 0.02)
    assert smallest_gain(run, LORA, 0.5).gain is None


@pytest.mark.parametrize("items", [1, 2])
def test_one_or_two_items_show_nothing_and_do_not_fail(setting, items):
    run = setting(items)
    assert not can_climb(run, LORA)
    assert all(world.share == 0 and world.undecided == 1 for world in scenarios(run))


def test_scenarios_name_what_is_right_more_often_with_more_items(setting):
    few, many = scenarios(setting(40)), scenarios(setting(600))
    assert [world.right for world in few] == ["prompt", "rag", "fine_tune", "rethink"]
    assert all(b.share >= a.share for a, b in zip(few, many, strict=True))
    assert min(world.share for world in many) >= 0.8

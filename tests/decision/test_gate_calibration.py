"""Small runs of bench/gate_calibration.py with other seeds: what the gate promises, in worlds whose truth is known."""

import numpy as np
import pytest
from gate_worlds import BLIND_WORLD, EMBEDDED, Tuning, abilities, lead_for, states
from scipy import stats

RUNS = 60
REGRESS_ERROR = 0.01


def least(share, runs=RUNS):
    """Count that a process which holds the share falls below in one test of 10,000."""
    return stats.binom.ppf(0.0001, runs, share) / runs


def most(share, runs=RUNS):
    return stats.binom.ppf(0.9999, runs, share) / runs


def test_harmless_tuning_mostly_passes_and_rarely_fails():
    found = states(Tuning(), RUNS, seed=11)
    assert found["pass"] >= least(0.80)
    assert found["fail"] <= most(0.05)


def test_loss_of_the_limit_rarely_passes():
    assert states(Tuning(drop=0.03), RUNS, seed=12)["pass"] <= most(0.05)


@pytest.mark.parametrize("world", [EMBEDDED, BLIND_WORLD], ids=["a base that can", "a base near chance"])
def test_blind_guesser_never_passes_and_is_failed_or_cannot_be_judged(world):
    found = states(Tuning(is_blind=True), RUNS, 13, world=world)
    assert found["pass"] == 0
    assert found["fail"] + found["cannot_judge"] >= least(0.95)


def test_one_unrelated_question_in_five_that_gets_the_tasks_answer_fails():
    assert states(Tuning(off_task=0.20), RUNS, seed=14)["fail"] >= least(0.80)


def test_text_loss_at_its_limit_rarely_passes_or_fails():
    found = states(Tuning(text_loss=0.25), RUNS, seed=15)
    assert found["pass"] <= most(0.05)
    assert found["fail"] <= most(0.05)


def test_loss_on_one_benchmark_alone_is_failed():
    assert states(Tuning(drop=0.20, only="continuation"), RUNS, seed=16)["fail"] >= least(0.80)


def test_more_items_never_make_a_harmless_tuning_pass_less_often():
    found = [states(Tuning(), RUNS, seed=17, items=items)["pass"] for items in (250, 750, 2000)]
    assert found == sorted(found)


def test_model_against_itself_never_fails_at_one_percent():
    unchanged = Tuning(flips=0.0, text_loss=0.0, text_spread=1e-6, off_task=0.0)
    assert states(unchanged, RUNS, 18, error=REGRESS_ERROR)["fail"] == 0


def test_drawn_benchmarks_have_the_rates_that_their_world_states():
    # the simulator itself: 4 standard errors of 20,000 items a benchmark
    base, tuned = abilities(Tuning(drop=0.05), np.random.default_rng(19), 20_000 * len(EMBEDDED))
    for world in EMBEDDED:
        lost = 0.05 if world.score > world.chance else 0.0
        for side, rate in ((base, world.score), (tuned, world.score - lost)):
            found = np.mean([item.score for item in side.items if item.task == world.name])
            assert found == pytest.approx(rate, abs=4 * 0.5 / 20_000**0.5)


def test_no_lead_wins_as_often_as_chance():
    assert lead_for(0.25, 4) == pytest.approx(0.0, abs=1e-6)

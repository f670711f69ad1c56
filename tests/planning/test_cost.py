import json
from dataclasses import replace

import pytest

from harness.evidence.selection import ITEMS, QUESTIONS
from harness.general.measure import TEXT_COUNT
from harness.planning.cost import (
    ITEM_TOKENS,
    PENALTY_PASSES,
    QUESTION_TOKENS,
    SELECTION,
    TEXT_TOKENS,
    TRAINING_PASSES,
    WRITING_PASSES,
    answers,
    arm_costs,
    asked_tokens,
    computed_tokens,
    earlier_speed,
    trained_tokens,
    work_behind,
)
from harness.planning.demands import Demand, Training
from harness.planning.record import Speed
from harness.task.task import CostSpec

PROMPT = Demand("p", "", "p", "prompt", 120, 90, 90, 32, 10, 200, 50, 0, False, None)
TRAINING = Training(100, 130, 110, 8, 4, 3, 16, 0, has_penalty=False)
TUNED = Demand("t", "", "t", "tune", 120, 90, 90, 32, 10, 200, 50, 0, False, TRAINING)
FREE = CostSpec(None, None)


def test_a_prompt_is_asked_test_and_dev():
    assert asked_tokens(PROMPT, 750) == (200 + 50) * (90 + 10)
    assert trained_tokens(PROMPT) == 0


def test_what_prompts_share_is_computed_once_and_a_written_token_counts_three():
    assert computed_tokens(PROMPT, 750) == (200 + 50) * (90 + WRITING_PASSES * 10)
    shared = replace(PROMPT, shared_prompt=70)
    assert computed_tokens(shared, 750) == 70 + (200 + 50) * (20 + WRITING_PASSES * 10)
    assert asked_tokens(shared, 750) == asked_tokens(PROMPT, 750)
    five = replace(shared, samples=5)  # each is drawn in a pass of its own
    assert computed_tokens(five, 750) == 5 * computed_tokens(shared, 750)
    # of a tuned arm, beside its answers, general ability is asked alike
    asked = answers(TUNED)
    assert computed_tokens(TUNED, 750) - asked * (90 + WRITING_PASSES * 10) == asked_tokens(TUNED, 750) - asked * 100


def test_work_behind_a_training_is_choosing_and_then_test_and_general_ability():
    behind = work_behind(TUNED, 750)
    each = 90 + WRITING_PASSES * 10
    before = (1 + TRAINING.epochs) * TUNED.dev_rows * each  # looks at dev while it trains, and the first
    assert before + behind.choosing + behind.closing == computed_tokens(TUNED, 750)
    assert behind.closing - work_behind(TUNED, 250).closing == 500 * ITEM_TOKENS
    twice = replace(TUNED, training=replace(TRAINING, pairs=9))
    assert work_behind(PROMPT, 750) is work_behind(twice, 750) is None


def test_each_candidate_is_asked_some_of_dev_and_the_winner_all():
    assert answers(replace(PROMPT, candidates=4, chosen_on=40)) == 200 + 3 * 40 + 50
    assert answers(replace(PROMPT, candidates=4, chosen_on=60)) == 200 + 3 * 50 + 50
    assert answers(replace(PROMPT, chosen_on=40)) == 200 + 50


def test_training_reads_every_row_each_epoch_and_the_trials_batches():
    assert trained_tokens(TUNED) == (3 * 100 + 16 * 4) * 110


def test_documents_are_trained_tokens_too_and_their_steps_have_the_penalty():
    reading = replace(TRAINING, reading_tokens=5000, reading_steps=25)
    assert trained_tokens(replace(TUNED, training=reading)) == trained_tokens(TUNED) + 5000
    looks = answers(replace(TUNED, training=replace(reading, reading_looks=4))) - answers(TUNED)
    assert looks == 4 * TUNED.dev_rows
    with_penalty, without = (replace(one, has_penalty=True) for one in (reading, TRAINING))
    more = trained_tokens(replace(TUNED, training=with_penalty)) - trained_tokens(replace(TUNED, training=without))
    penalty = TUNED.general_row * PENALTY_PASSES / TRAINING_PASSES
    assert more == pytest.approx(5000 + 25 * penalty, abs=1)


def test_time_is_tokens_over_speed_and_a_trained_token_counts_three():
    [cost] = arm_costs([TUNED], 750, FREE, Speed(500.0, "told"))
    asked, trained = asked_tokens(TUNED, 750), trained_tokens(TUNED)
    assert cost.seconds == pytest.approx((asked + TRAINING_PASSES * trained) / 500)
    assert cost.money is None


def test_money_needs_a_price_and_a_speed():
    prices = CostSpec(gpu_hour=3.6, requests_per_month=1_000)
    [cost] = arm_costs([PROMPT], 750, prices, Speed(100.0, "told"))
    assert cost.money == pytest.approx(25_000 / 100 * 0.001)  # 3.60 an hour is a tenth of a cent a second
    assert cost.monthly == pytest.approx(1_000 * 100 / 100 * 0.001)
    [cost] = arm_costs([PROMPT], 750, prices, None)
    assert (cost.seconds, cost.money, cost.monthly) == (None, None, None)


def result(model="m", seconds=0.5, tokens=100, is_fast=False):
    arm = {"cost": {"seconds_per_item": seconds, "tokens_per_item": tokens}}
    return {"is_fast": is_fast, "models": [{"name": "", "source": model}], "arms": [arm, {"cost": None}]}


def test_every_seed_of_a_trained_arm_is_counted():
    [once], [thrice] = (arm_costs([replace(TUNED, fits=fits)], 750, FREE, Speed(100.0, "told")) for fits in (1, 3))
    assert (thrice.asked_tokens, thrice.trained_tokens) == (3 * once.asked_tokens, 3 * once.trained_tokens)
    assert thrice.seconds == pytest.approx(3 * once.seconds)


def test_speed_is_read_from_a_finished_run_of_the_same_model(tmp_path):
    for name, text in {
        "other": json.dumps(result(model="another")),
        "smoke": json.dumps(result(is_fast=True)),
        "broken": "{",
        "foreign": "[]",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(text)
    assert earlier_speed(tmp_path, "m") is None
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "result.json").write_text(json.dumps(result()))
    found = earlier_speed(tmp_path, "m")
    assert found.asked == pytest.approx(100 / 0.5)
    assert "good" in found.source


def test_no_runs_no_speed(tmp_path):
    assert earlier_speed(tmp_path / "nowhere", "m") is None


def test_what_selection_asks_is_what_a_run_asks():
    texts, questions = TEXT_COUNT["selection"] * TEXT_TOKENS, 2 * QUESTIONS * QUESTION_TOKENS
    assert ITEMS * ITEM_TOKENS + texts + questions == SELECTION

"""Formulas by hand, on a model of round sizes."""

from dataclasses import replace

import pytest

from baselines.finetune import loop, spec
from harness.engine import generation, transformers_engine
from harness.planning import memory
from harness.planning.demands import Demand, Training
from harness.planning.memory import (
    BACKWARD,
    MB,
    PASS_LOGITS,
    PASS_TOKENS,
    PLACES,
    activations_mb,
    arm_memory,
    generation_mb,
    likelihood_mb,
    training_mb,
    weights_mb,
)
from harness.planning.shape import ModelShape

# two layers, each of four square matrices and three of a gated feed-forward; one shared table of 1,000 words
H, INNER, LAYERS, WORDS = 100, 300, 2, 1_000
LINEAR = (((H, H),) * 4 + ((INNER, H),) * 2 + ((H, INNER),)) * LAYERS
LINEAR_PARAMETERS = LAYERS * (4 * H * H + 3 * H * INNER)


def shape(*, is_fp32=True):
    return ModelShape(LINEAR_PARAMETERS + WORDS * H, LINEAR, H, LAYERS, INNER, 5, 5, 20, WORDS, is_fp32, "by hand")


def demand(training=None, *, is_quantised=False, arm="arm", has_embedder=False):
    asked = Demand(arm, "", arm, "prompt", 50, 40, 40, 10, 5, 64, 20, 0, is_quantised, training)
    return replace(asked, has_embedder=has_embedder)


def training(**changes):
    values = dict(
        rows=10, longest=100, typical=50, rank=8, batch_rows=4, epochs=1, trial_steps=0, pairs=0,
        has_penalty=False,
    )  # fmt: skip
    return Training(**values | changes)


def test_what_is_taken_at_once_is_what_the_run_takes():
    assert PLACES == generation._PLACES
    assert {device: limits.tokens for device, limits in transformers_engine._LIMITS.items()} == PASS_TOKENS
    assert {device: limits.logits for device, limits in transformers_engine._LIMITS.items()} == PASS_LOGITS


def test_weights_are_four_bytes_on_a_cpu_and_two_on_cuda():
    parameters = shape().parameters
    assert weights_mb(shape(), "cpu", False, processes=1) == parameters * 4 / MB
    assert weights_mb(shape(), "cuda", False, processes=1) == parameters * 2 / MB


def test_nf4_packs_linear_layers_alone():
    # half a byte and a 64th of an fp32 scale a weight; the table stays as it is, in bf16 on CUDA
    packed, table = LINEAR_PARAMETERS * (0.5 + 4 / 64), WORDS * H
    assert weights_mb(shape(), "cuda", True, processes=1) == pytest.approx((packed + table * 2) / MB)
    # fp32 files stay mapped on a CPU, once for all processes; each packs its own layers and copies the table
    expected = (shape().parameters * 4 + 2 * (packed + table * 4)) / MB
    assert weights_mb(shape(), "cpu", True, processes=2) == pytest.approx(expected)


def test_training_in_full_counts_them_for_every_weight():
    [found] = arm_memory([demand(training(trains_all=True))], shape(), "cpu")
    assert found.parts_mb["trained weights"] == pytest.approx(16 * shape().parameters / MB)
    assert "adapter" not in found.parts_mb


def test_adapter_counts_its_weights_gradients_and_two_states_of_adam():
    [found] = arm_memory([demand(training())], shape(), "cpu")
    assert found.parts_mb["adapter"] == pytest.approx(16 * shape().adapter_parameters(8) / MB)


def test_training_keeps_every_layers_activations_but_with_checkpoints_only_its_input():
    layer = 4 * H + 5 * H + 4 * INNER  # queries are as wide as the model here
    assert activations_mb(7, shape(), "cpu") == pytest.approx(BACKWARD * 7 * LAYERS * layer * 4 / MB)
    assert activations_mb(7, shape(), "cuda") == pytest.approx(BACKWARD * 7 * (LAYERS * H + layer) * 2 / MB)


def test_two_processes_share_fp32_files_and_nothing_else():
    [shared] = arm_memory([demand(training())], shape(), "cpu")
    [own] = arm_memory([demand(training())], shape(is_fp32=False), "cpu")
    assert own.parts_mb["weights"] == 2 * shared.parts_mb["weights"]


def test_an_embedder_stays_once_an_arm_has_loaded_it():
    before, searching, after = arm_memory([demand(), demand(has_embedder=True), demand()], shape(), "cpu")
    assert before.total_mb < searching.total_mb
    assert after.parts_mb["processes"] == searching.parts_mb["processes"]


def test_parts_add_up_to_the_total():
    for found in arm_memory([demand(), demand(training(has_penalty=True))], shape(), "cpu"):
        assert sum(found.parts_mb.values()) == pytest.approx(found.total_mb)


def test_longer_rows_and_larger_models_take_more():
    def total(longest, **sizes):
        return arm_memory([demand(training(longest=longest))], replace(shape(), **sizes), "cpu")[0].total_mb

    assert total(640, layers=200) > total(100, layers=200) > total(100)
    assert total(100, parameters=10**9) > total(100, parameters=10**8) + 3_000


def test_rows_that_begin_alike_go_through_together_where_apart_they_would_not():
    # 330 tokens a row: two apart exceed 640. Of 250 that all begin with, four rows take 250 + 4 x 80 = 570.
    asked = replace(demand(training(longest=330)), general_row=40 + 250, typical_answer=5)
    logits = 3 * 4 * (5 + 1) * WORDS * 4 / MB
    assert training_mb(asked, asked.training, shape(), "cpu") == pytest.approx(
        activations_mb(570, shape(), "cpu") + logits
    )


def test_constants_of_a_training_pass_are_the_training_loops():
    assert dict(memory.MICRO_TOKENS) == loop.MICRO_TOKENS
    assert memory.WIDEST == spec.WIDEST


def test_rows_that_one_tree_does_not_hold_are_counted_apart():
    # 32 rows of 1,000 tokens begin alike for 900, but a tree is 640 wide at most: 16 of them fill a GPU's 16,384.
    asked = replace(demand(training(longest=1000, batch_rows=32)), general_row=40 + 900, typical_answer=5)
    logits = 3 * 16 * (5 + 1) * WORDS * 4 / MB
    assert training_mb(asked, asked.training, shape(), "cuda") == pytest.approx(
        activations_mb(16_000, shape(), "cuda") + logits
    )


def test_answers_at_once_take_a_prompt_and_two_answers_each():
    """More than 64 are never written at once; each has keys and values of five heads of 20, and last logits."""
    asked, of_a_token = demand(), 2 * LAYERS * 5 * 20
    rows, width = min(64, max(asked.questions, asked.dev_rows)), asked.longest_prompt + 2 * asked.new_tokens
    passing = min(rows * asked.longest_prompt, 1024) * 3 * (INNER + H)
    numbers = rows * of_a_token * width + passing + 3 * rows * WORDS
    assert generation_mb(asked, shape(), "cpu") == pytest.approx(numbers * 4 / MB)


def test_logits_of_a_pass_are_capped_where_the_vocabulary_is_large():
    # 1,024 tokens of 128,000 words would be 131 million logits; a pass takes 40
    large = likelihood_mb(replace(shape(), vocabulary=128_000), "cpu")
    assert large == pytest.approx((40_000_000 + 1024 * (3 * INNER + 3 * H)) * 4 / MB)

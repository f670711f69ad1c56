"""The strength of an adapter, settled on dev, with figures that are written down and adapters of a few numbers."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fit_ground import study
from safetensors.torch import load_file, save_file

from baselines.finetune.schedule import Outcome
from baselines.finetune.strength import STRENGTHS, kept_point, scale, settle_strength
from baselines.finetune.tuners import LORA, tuner_of
from baselines.finetune.tuners.peft_tuner import WEIGHTS
from baselines.prompt.zero import zero_shot_program
from harness.contract import Budget, DevScore
from harness.records import Checkpoint, Forgetting, LossPoint, StrengthPoint, TrainingHistory, Weights

A, B = "base_model.q.lora_A.weight", "base_model.q.lora_B.weight"


def adapter(folder: Path, b: float = 2.0) -> Path:
    folder.mkdir(parents=True)
    save_file({A: torch.full((2, 3), 5.0), B: torch.full((3, 2), b)}, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / "adapter_config.json").write_text(json.dumps({"r": 2}))
    return folder


def update_of(weights: Weights) -> float:
    return float(load_file(Path(weights.adapter) / WEIGHTS)[B][0, 0]) if weights.adapter else 0.0


def test_scaling_b_scales_the_update_and_leaves_the_adapter_as_it_was(tmp_path):
    whole = adapter(tmp_path / "whole")
    half = scale(tuner_of(LORA), whole, "base", 0.5, tmp_path / "room")
    before, after = load_file(whole / WEIGHTS), load_file(half / WEIGHTS)
    # (alpha / r) (B / 2) A is half of (alpha / r) B A
    torch.testing.assert_close(after[B] @ after[A], 0.5 * (before[B] @ before[A]))
    assert torch.equal(after[A], before[A])
    assert json.loads((half / "adapter_config.json").read_text()) == {"r": 2}
    first = (half / WEIGHTS).read_bytes()
    assert (
        scale(tuner_of(LORA), whole, "base", 0.5, tmp_path / "room") / WEIGHTS
    ).read_bytes() == first  # made again after a death


@pytest.fixture
def context(make_context):
    """A context on which the update's size says everything: score, and what is forgotten."""

    def make(score, spent, budget=None):
        context = make_context("arm", budget=budget)
        context.score = lambda program, rows, *, with_loss=False: DevScore(score(update_of(program.weights)), 8, 1.0)
        context.forgotten = lambda weights: Forgetting(0.0, 0.0, None, spent(update_of(weights)))
        return context

    return make


def settle(context, checkpoints, adapters, start=None):
    best, boldest = adapters
    outcome = Outcome(LORA, (), tuple(checkpoints), best, boldest, None, (), 0.0)  # type: ignore[arg-type]
    return settle_strength(
        context, zero_shot_program(study(), context), study().dev, outcome, context.folder / "room", start
    )


def reached(step, score, spent, loss=1.0):
    return Checkpoint(step, 1.0, score, loss, None if spent is None else Forgetting(0.0, 0.0, None, spent))


# An update of 2 scores 0.8 and spends twice the budget; both grow with the update.
def gain(update):
    return 0.4 * update


def cost(update):
    return update


def test_the_strength_that_keeps_most_gain_inside_the_budget_is_taken(context):
    lent = context(gain, cost)
    whole = adapter(lent.folder / "checkpoint-6")
    settled = settle(lent, [reached(6, 0.8, 2.0)], (whole, whole))
    # at 0.25, 0.5, 0.75 the update is 0.5, 1, 1.5: the second spends exactly the budget
    assert (settled.point.strength, settled.step, settled.warnings) == (0.5, 6, ())
    assert update_of(Weights("", adapter=str(settled.adapter))) == 1.0
    curve = [(p.strength, p.dev_score, p.forgetting.spent) for p in settled.frontier]
    assert curve == [
        (0.0, 0.0, 0.0),
        (0.25, 0.2, 0.5),
        (0.5, 0.4, 1.0),
        (0.625, 0.5, 1.25),  # halfway to the first that is outside
        (0.75, pytest.approx(0.6), 1.5),
        (1.0, 0.8, 2.0),
    ]
    assert [path.name for path in (lent.folder / "room").iterdir()] == ["0.5"]  # what was not chosen takes no space


def test_halfway_to_the_first_strength_outside_is_taken_where_it_is_inside(context):
    lent = context(gain, lambda update: update / 1.3)  # 0.77 of the budget at 0.5, 1.15 at 0.75, and 0.96 halfway
    whole = adapter(lent.folder / "checkpoint-6")
    settled = settle(lent, [reached(6, 0.8, 2.0 / 1.3)], (whole, whole))
    assert (settled.point.strength, settled.point.dev_score) == (0.625, 0.5)
    assert update_of(Weights("", adapter=str(settled.adapter))) == 1.25
    level = context(lambda update: 0.4, lambda update: update / 1.3)  # nothing to gain beyond the budget
    flat = settle(level, [reached(6, 0.4, 2.0 / 1.3)], (whole, whole))
    assert [point.strength for point in flat.frontier] == [0.0, *STRENGTHS, 1.0]


def test_full_strength_is_not_measured_again_and_is_kept_where_it_is_inside(context):
    asked = []
    lent = context(gain, lambda update: asked.append(update) or 0.1 * update)
    whole = adapter(lent.folder / "checkpoint-6")
    settled = settle(lent, [reached(6, 0.8, 0.2)], (whole, whole))
    assert (settled.adapter, settled.point.strength) == (whole, 1.0)
    assert asked == [2.0 * strength for strength in STRENGTHS]


def test_a_checkpoint_inside_the_budget_beats_part_strength_of_a_bolder_one_where_it_gains_more(context):
    lent = context(gain, cost)
    tame, bold = adapter(lent.folder / "checkpoint-3"), adapter(lent.folder / "checkpoint-6")
    # the bold one at half strength has 0.4; the tame one, whole and inside, 0.5
    settled = settle(lent, [reached(3, 0.5, 0.9), reached(6, 0.8, 2.0)], (tame, bold))
    assert (settled.adapter, settled.step, settled.point.strength) == (tame, 3, 1.0)
    assert [p.dev_score for p in settled.frontier][-1] == 0.8  # the curve is the bold one's
    weaker = settle(lent, [reached(3, 0.3, 0.9), reached(6, 0.8, 2.0)], (tame, bold))
    assert (weaker.step, weaker.point.strength) == (6, 0.5)


def test_where_nothing_is_inside_the_budget_the_weakest_is_kept_with_a_warning(context):
    lent = context(gain, lambda update: 10 * update)
    whole = adapter(lent.folder / "checkpoint-6")
    settled = settle(lent, [reached(6, 0.8, 20.0)], (whole, whole))
    assert settled.point.strength == 0.125
    assert "best at zero strength: on dev the base has 0.0%" in settled.warnings[0]
    assert "10.0% for 250.0% of the forgetting budget" in settled.warnings[0]


def test_tuning_that_only_costs_score_says_that_zero_strength_is_best(context):
    lent = context(lambda update: 0.5 - 0.1 * update, lambda update: 0.1)
    whole = adapter(lent.folder / "checkpoint-6")
    settled = settle(lent, [reached(6, 0.3, 0.1)], (whole, whole))
    assert settled.point.strength == 0.25  # an adapter that can be served, and moves answers least
    assert "on dev the base has 50.0%" in settled.warnings[0]


@pytest.mark.parametrize("figure", [math.nan, math.inf])
def test_a_strength_whose_figures_are_no_numbers_is_not_taken(context, figure):
    lent = context(lambda update: figure if update == 1.0 else gain(update), lambda update: 0.1)
    whole = adapter(lent.folder / "checkpoint-6")
    assert settle(lent, [reached(6, 0.0, 0.1)], (whole, whole)).point.strength == 0.75
    lent.forgotten = lambda weights: Forgetting(0.0, 0.0, None, figure if update_of(weights) > 0.6 else 0.1)
    assert settle(lent, [reached(6, 0.9, figure)], (whole, whole)).point.strength == 0.25


def test_a_smoke_run_sweeps_nothing(context):
    lent = context(gain, cost, budget=Budget(is_fast=True))
    whole = adapter(lent.folder / "checkpoint-6")
    settled = settle(lent, [reached(6, 0.8, None)], (whole, whole))
    assert (settled.adapter, settled.frontier, lent.measured) == (whole, (), [])


def test_a_start_that_nothing_beat_is_kept_as_it_is(context):
    lent = context(gain, cost)
    start = adapter(lent.folder / "start")
    settled = settle(lent, [reached(0, 0.8, 2.0), reached(6, 0.1, None)], (None, None), start)
    assert (settled.adapter, settled.step, settled.frontier) == (start, 0, ())
    assert lent.measured == []


def history(**changes) -> TrainingHistory:
    plain = TrainingHistory(
        method="sft",
        losses=(LossPoint(6, 1.0, 1e-3),),
        checkpoints=(reached(3, 0.5, 0.9), reached(6, 0.8, 2.0)),
        best_step=6,
        stopped="end",
        learning_rate=1e-3,
        rows=24,
        trainable_tokens=48,
        trainable_parameters=10,
        total_parameters=100,
        seconds=1.0,
        undertrained=False,
    )
    return replace(plain, **changes)


def test_further_training_starts_from_what_was_kept_at_its_strength():
    spent = Forgetting(0.1, 0.0, None, 0.8)
    part = history(strength=0.5, frontier=(StrengthPoint(0.5, 0.7, 0.3, spent), StrengthPoint(1.0, 0.8, 0.2, spent)))
    assert kept_point(part) == Checkpoint(6, 1.0, 0.7, 0.3, spent)
    assert kept_point(history(best_step=3)) == reached(3, 0.5, 0.9)

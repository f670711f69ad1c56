"""Trial and early stopping with real trainings and dev scores that are written down."""

from dataclasses import replace
from pathlib import Path

import pytest
from fit_ground import study
from inner_process import InnerProcess

import baselines.finetune
from baselines.finetune.clock import Clock
from baselines.finetune.schedule import Schedule
from baselines.finetune.sft import prepare, spec_of
from baselines.finetune.trial import settle_rate
from baselines.prompt.zero import zero_shot_program
from harness.contract import Budget, DevScore
from harness.records import Weights


@pytest.fixture
def process(tiny_model, tmp_path):
    return InnerProcess(tmp_path, Weights(str(tiny_model)))


@pytest.fixture
def scripted(make_context):
    """A context whose dev scores are given, one for each evaluation."""

    def make(*scores, budget=None):
        context = make_context("arm", budget=budget)
        left = iter(scores)
        context.score = lambda program, examples, *, with_loss=False: DevScore(*next(left))
        return context

    return make


def lesson_of(context, **options):
    options = baselines.finetune.lora_sft({"batch_size": 8, **options}).options  # 24 rows: three steps an epoch
    return prepare(study(), context, zero_shot_program(study(), context), options)


def settle(context, process, **options):
    plan = lesson_of(context, **options)
    return settle_rate(plan, context, process, Clock.of(context), spec_of(plan, context, process))


RATES = (1e-3, 1e-4, 3e-4)  # tried in rising order, whatever order they are given in


@pytest.mark.parametrize(
    ("scores", "winner"),
    [
        (((0.1, 8, 1.0), (0.9, 8, 3.0), (0.7, 8, 0.1)), 3e-4),  # a score that is clearly the best: 0.9 +- 0.11
        (((0.1, 8, 1.0), (0.9, 8, 3.0), (0.8, 8, 0.1)), 1e-3),  # one that is not: the lowest loss of those near it
        (((0.3, 8, None), (0.4, 8, None), (0.3, 8, None)), 3e-4),  # no loss to go by
        (((0.2, 8, 1.0), (0.2, 8, 0.9), (0.2, 8, 0.7)), 1e-3),  # equal scores: the lowest loss
        (((0.2, 8, 0.7), (0.2, 8, 0.7), (0.2, 8, 0.7)), 1e-4),  # all equal: the smallest rate
    ],
)
def test_the_trial_picks_the_rate_that_dev_prefers(scripted, process, scores, winner):
    rate, trials = settle(scripted(*scores), process, trial_rates=RATES, trial_steps=1)
    assert rate == winner
    assert [trial.dev_score for trial in trials] == [score for score, _, _ in scores]


def test_a_rate_that_the_task_fixes_is_not_tried(scripted, process):
    assert settle(scripted(), process, learning_rate=5e-4) == (5e-4, ())


def test_a_smoke_run_takes_the_middle_rate_without_a_trial(scripted, process):
    context = scripted(budget=Budget(is_fast=True))
    assert settle(context, process, trial_rates=RATES) == (3e-4, ())


def test_a_spent_budget_ends_the_trial_with_what_was_seen(scripted, process):
    context = scripted((0.2, 8, 0.7), budget=Budget(minutes=1e-6))
    rate, trials = settle(context, process, trial_rates=RATES, trial_steps=1)
    assert (rate, len(trials)) == (1e-4, 1)
    assert any("no time for 0.0003" in line for line in context.lines)


def run(context, process, patience=3, **options):
    plan = lesson_of(context, learning_rate=1e-3, **options)
    spec = spec_of(plan, context, process)
    return Schedule(context, process, plan.program, plan.dev, patience, "training").run(spec), spec


def test_training_stops_after_three_evaluations_without_gain_and_keeps_the_best(scripted, process):
    context = scripted((0.1, 8, 1.0), (0.5, 8, 0.9), (0.4, 8, 0.5), (0.5, 8, 0.9), (0.3, 8, 0.4))
    outcome, spec = run(context, process, epochs=10)
    assert [point.step for point in outcome.checkpoints] == [3, 6, 9, 12, 15]
    assert outcome.result.stopped == "early"
    assert outcome.best.name == "checkpoint-6"
    assert sorted(path.name for path in Path(spec.folder).iterdir()) == ["checkpoint-6", "outcome.json"]


def test_what_dev_says_of_a_checkpoint_is_logged_to_three_places(scripted, process):
    context = scripted((2 / 3, 8, 1.953364530751403), (1.0, 8, None))
    run(context, process)
    said = [line.partition("step ")[2] for line in context.lines if "dev loss" in line]
    assert said == ["3, dev 0.667, dev loss 1.953", "6, dev 1.000, dev loss not measured"]


def test_a_perfect_dev_score_ends_training(scripted, process):
    outcome, _ = run(scripted((1.0, 8, 0.2)), process, epochs=10)
    assert (outcome.result.stopped, outcome.result.steps) == ("early", 3)


def test_a_spent_budget_ends_training_with_its_best_checkpoint(scripted, process):
    from dataclasses import replace

    context = scripted((0.1, 8, 1.0))
    plan = lesson_of(context, learning_rate=1e-3)
    spec = replace(spec_of(plan, context, process), seconds=0.0)
    outcome = Schedule(context, process, plan.program, plan.dev, 3, "training").run(spec)
    assert (outcome.result.stopped, outcome.result.steps) == ("budget", 1)
    assert outcome.best.name == "checkpoint-1"


def test_evaluations_follow_the_option_and_end_with_the_last_step(scripted, process):
    context = scripted(*[(0.1 * n, 8, 1.0) for n in range(1, 6)])
    outcome, _ = run(context, process, epochs=3, eval_every=2)
    assert [point.step for point in outcome.checkpoints] == [2, 4, 6, 8, 9]


def test_checkpoints_that_cannot_be_chosen_any_more_leave_the_disk_at_once(scripted, process):
    """A standard error of 0.75 on eight rows is sqrt(0.75 * 0.25 / 8) = 0.15: 0.25 is clearly worse, 0.75 is not."""
    context = scripted((0.75, 8, 0.9), (0.25, 8, 0.8), (0.75, 8, 0.7))
    plan = lesson_of(context)
    spec = replace(spec_of(plan, context, process), steps=3, evaluate_at=(1, 2, 3), learning_rate=1e-3)
    seen = []
    context.log = lambda message: seen.append(sorted(path.name for path in Path(spec.folder).glob("checkpoint-*")))
    outcome = Schedule(context, process, plan.program, plan.dev, 5, "training").run(spec)
    assert seen[2] == ["checkpoint-1", "checkpoint-3"]  # as the third was judged
    assert [point.dev_score for point in outcome.checkpoints] == [0.75, 0.25, 0.75]
    assert outcome.best.name == "checkpoint-3"

"""The trial of learning rates: its time, what is measured for it, and what an earlier attempt left of it."""

import pytest
from fit_ground import study
from inner_process import InnerProcess, spec_in

import baselines.finetune
from baselines.finetune import progress
from baselines.finetune.trial import TRIALS, try_rates
from baselines.prompt.zero import zero_shot_program
from harness.contract import DevScore


class Times:
    """A clock whose remaining times are written down."""

    def __init__(self, *left: float | None):
        self.lefts, self.counted = iter(left), 0.0

    def left_of(self, share):
        return next(self.lefts)

    def count(self, seconds):
        self.counted += seconds


def lesson_of(context):
    options = baselines.finetune.lora_sft({}).options
    program = zero_shot_program(study(), context)
    return type("SftPlan", (), {"program": program, "dev": study().dev, "options": options})


RATES = (1e-4, 1e-3, 1e-2)


@pytest.fixture
def context(make_context):
    return make_context("arm")


@pytest.fixture
def trial(context):
    context.score = lambda program, examples, *, with_loss=False: DevScore(0.5, 8, 1.0)

    def run(*left, before=lambda process: None):
        clock, process = Times(*left), InnerProcess(context.folder, context.base)
        before(process)
        spec = spec_in(context.folder / "sft", steps=2)
        rate, trials = try_rates(RATES, lesson_of(context), context, process, clock, spec)
        return rate, [trial.setting for trial in trials], process, clock

    return run


def test_each_trial_may_take_what_is_left_of_the_trials_share(trial):
    _, tried, process, _ = trial(30.0, 20.0, 10.0)
    assert [spec.seconds for spec in process.runs] == [30.0, 20.0, 10.0]
    assert len(tried) == 3


def test_a_trial_that_was_cut_short_does_not_count(trial, context):
    # the second may take no time at all, so it ends after one of its two steps
    rate, tried, process, _ = trial(None, 1e-9, None)
    assert tried == ["learning_rate=0.0001"]
    assert len(process.runs) == 2
    assert any("0.001 had no time for its 2 steps" in line for line in context.lines)


def test_the_only_trial_counts_even_when_it_was_cut_short(trial):
    assert trial(0.0, 0.0)[1] == ["learning_rate=0.0001"]


def test_finished_trials_are_not_run_again_and_their_time_counts(trial, context):
    first = trial(None, None, None)
    assert [path.name for path in context.folder.iterdir()] == [f"sft-{TRIALS}"]  # adapters are gone
    again = trial(None, None, None)
    assert again[:2] == first[:2]
    assert again[2].runs == []
    assert first[3].counted == 0 < again[3].counted


def test_adapter_of_a_trial_that_was_cut_short_leaves_the_disk_too(trial, context):
    trial(None, 1e-9, None)
    assert [path.name for path in context.folder.iterdir()] == [f"sft-{TRIALS}"]


def test_adapters_that_a_death_after_the_choice_left_are_removed_when_it_is_recalled(trial, context, monkeypatch):
    def write_and_die(path, record, write=progress.write):
        write(path, record)
        if path.name.endswith(TRIALS):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(progress, "write", write_and_die)
        trial(None, None, None)
    other = context.folder / "sft-trials-of-somebody-else"
    other.mkdir()
    assert (context.folder / "sft-trial-0.001").exists()
    assert trial(None, None, None)[2].runs == []
    assert {path.name for path in context.folder.iterdir()} == {f"sft-{TRIALS}", other.name}


def test_training_after_recalled_trials_keeps_to_the_memory_that_they_came_to(trial, context):
    def lacking(process):
        process.micro_tokens = 16  # as the schedule leaves it once memory has run out

    first = trial(None, None, None, before=lacking)
    again = trial(None, None, None)
    assert again[2].runs == [] and first[2].micro_tokens == again[2].micro_tokens == 16
    less = trial(None, None, None, before=lambda process: process.keep_to(8))
    assert less[2].micro_tokens == 8


def test_trials_ask_nothing_of_what_was_forgotten(trial, context):
    """A few steps in, that says nothing of where a training ends: the best rate on the task is taken."""

    def never(weights):
        raise AssertionError("measured")

    context.forgetting = never
    rate, tried, _, _ = trial(None, None, None)
    assert (rate, len(tried)) == (RATES[0], 3)

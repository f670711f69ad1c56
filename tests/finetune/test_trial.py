"""The trial of learning rates: its time, what is measured for it, and what an earlier attempt left of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from fit_ground import study
from hypothesis import given
from hypothesis import strategies as st
from inner_process import InnerProcess, spec_in

import baselines.finetune
from baselines.finetune import progress
from baselines.finetune.progress import OUTCOME
from baselines.finetune.trial import TRIALS, Tried, best_rate, settle, try_rates
from baselines.prompt.zero import zero_shot_program
from harness.contract import DevScore
from harness.records import Forgetting, Trial


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


def test_trial_that_died_while_its_choice_was_measured_trains_nothing_again(trial, context):
    measured = context.forgetting

    def die(weights):
        raise KeyboardInterrupt

    context.forgetting = die
    with pytest.raises(KeyboardInterrupt):
        trial(None, None, None)
    assert (context.folder / "sft-trial-0.001" / OUTCOME).exists()
    context.forgetting = measured
    rate, tried, process, _ = trial(None, None, None)
    assert (rate, len(tried), process.runs) == (RATES[0], 3, [])


SCORES, LOSSES = (0.0, 0.5, 0.52, 1.0), (0.1, 1.0, float("nan"))
SPENT = (0.0, 0.5, 1.5, 20.0, float("inf"))


@given(st.lists(st.tuples(*map(st.sampled_from, (SCORES, LOSSES, SPENT))), min_size=1, max_size=5))
def test_what_is_settled_by_measuring_little_is_what_measuring_all_settles(drawn):
    whole = [
        (float(rate), Trial(f"{rate}", score, loss, Forgetting(0.0, 0.0, None, spent)))
        for rate, (score, loss, spent) in enumerate(drawn)
    ]
    spent = {rate: trial.forgetting for rate, trial in whole}
    tried = [Tried(rate, replace(trial, forgetting=None), Path()) for rate, trial in whole]
    measured = []

    def measure(one):
        measured.append(one.rate)
        return spent[one.rate]

    assert settle(tried, 40, measure) == best_rate(whole, 40)
    assert len(measured) == len(set(measured))


def test_rate_that_is_best_and_inside_the_budget_is_measured_alone():
    tried = [
        Tried(rate, Trial(f"{rate}", score, 1.0), Path()) for rate, score in ((1e-4, 0.0), (1e-3, 0.9), (1e-2, 0.4))
    ]
    measured = []

    def measure(one):
        measured.append(one.rate)
        return Forgetting(0.0, 0.0, None, 0.2)

    assert settle(tried, 40, measure) == 1e-3
    assert measured == [1e-3]

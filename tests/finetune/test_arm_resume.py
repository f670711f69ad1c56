"""Whole arms, cut anywhere and fitted again; and what they may take under a budget."""

from dataclasses import replace
from pathlib import Path

import pytest
from fit_ground import study
from inner_process import Death, InnerProcess, train_here

from baselines.finetune import lora_sft
from baselines.finetune.arms import REUSED
from baselines.finetune.dpo import lora_dpo
from harness.contract import Budget
from harness.store.files import hash_file

OPTIONS = {"trial_rates": [1e-3, 1e-2], "trial_steps": 2, "epochs": 2, "batch_size": 8, "dropout": 0.1}


def fit(context, kind="lora_dpo"):
    make = {"lora_sft": lora_sft, "lora_dpo": lora_dpo}[kind]
    return make(OPTIONS).fit(study(), context)


def without_times(fitted):
    history = timeless(fitted.training)
    return (replace(history, start=history.start and timeless(history.start)), fitted.trials, fitted.warnings)


def timeless(history):
    return replace(history, seconds=0.0, peak_memory_mb=None)


@pytest.fixture
def cut_arms(monkeypatch):
    """Training inside the test, cut at the n-th event of a kind."""

    def cut_at(kind: str | None, count: int = 1):
        left = [count]

        def dies(event, values):
            left[0] -= event == kind
            return event == kind and left[0] == 0

        def make(folder, base):
            process = InnerProcess(folder, base)
            process.dies = dies
            return process

        train_here(monkeypatch, make)

    return cut_at


def adapter_of(context) -> str:
    return hash_file(context.folder / "adapter" / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def uninterrupted_arm(make_context):
    with pytest.MonkeyPatch.context() as patch:
        train_here(patch)
        context = make_context("lora_dpo")
        return fit(context), adapter_of(context), context


# Seven trainings: two trials and SFT (steps 1 to 10), then three trials and preferences.
@pytest.mark.parametrize(
    ("event", "count"),
    [
        pytest.param("step", 1, marks=pytest.mark.slow),
        pytest.param("done", 2, marks=pytest.mark.slow),
        ("step", 8),
        pytest.param("done", 3, marks=pytest.mark.slow),
        pytest.param("done", 5, marks=pytest.mark.slow),
        ("done", 7),
    ],
)
def test_an_arm_cut_anywhere_ends_as_the_uninterrupted_one(make_context, cut_arms, uninterrupted_arm, event, count):
    context = make_context("lora_dpo")
    cut_arms(event, count)
    with pytest.raises(Death):
        fit(context)
    cut_arms(None)
    resumed = fit(context)
    expected, adapter, _ = uninterrupted_arm
    assert without_times(resumed) == without_times(expected)
    assert adapter_of(context) == adapter
    assert expected.reused_seconds == 0
    assert (resumed.reused_seconds > 0) == (count > 1)  # the first step was on no disk


def test_what_is_trained_is_not_trained_again_while_the_arm_is_not_on_record(uninterrupted_arm, monkeypatch):
    first, adapter, context = uninterrupted_arm
    train_here(monkeypatch)
    monkeypatch.setattr(InnerProcess, "run", None)
    again = fit(context)  # the run died before it could note how the arm was fitted
    assert without_times(again) == without_times(first)
    assert adapter_of(context) == adapter
    kept = [path.parent.name for path in (context.folder / "training").rglob("adapter_model.safetensors")]
    # of preferences: the best checkpoint inside the budget, the best on the task, and the strength that was chosen
    assert len(kept) <= 3


def test_under_a_budget_preferences_keep_a_third_of_the_minutes(make_context, monkeypatch):
    context = make_context("lora_dpo", budget=Budget(minutes=60))
    processes = []

    def make(folder, base):
        processes.append(InnerProcess(folder, base))
        return processes[0]

    train_here(monkeypatch, make)
    fit(context)
    seconds = {Path(spec.folder).name: spec.seconds for spec in processes[0].runs}
    assert seconds["sft-kl-1"] <= 2400
    # preferences begin with all that SFT has left of the hour
    assert 3000 < seconds["dpo"] <= 3600
    assert seconds["sft-trial-0.001"] <= 0.4 * 2400 < 0.4 * 3000 < seconds["dpo-trial-0.0002"] <= 0.4 * 3600


def test_under_a_budget_an_arm_does_not_take_what_had_more_time(make_context, cut_arms):
    cut_arms(None)
    first = make_context("lora_sft", budget=Budget(minutes=60))
    fit(first, "lora_sft")
    fit(make_context("lora_dpo", shared=first.shared, budget=Budget(minutes=60)))
    assert len(list((first.shared / "training").iterdir())) == 2


def test_an_sft_training_made_by_another_arm_counts_with_its_wall_clock(make_context, cut_arms):
    cut_arms(None)
    first = make_context("lora_sft")
    fit(first, "lora_sft")
    context = make_context("again", shared=first.shared)
    fitted = fit(context, "lora_sft")
    assert REUSED in fitted.warnings
    assert fitted.reused_seconds > fitted.training.seconds > 0  # trials and judging on dev are in it

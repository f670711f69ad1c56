from types import SimpleNamespace

import pytest

from harness.errors import HarnessError
from harness.planning import probe as module
from harness.records import Cost, Evidence, Fit
from harness.task import load_task

COST = Cost(12.0, 4.0, 0.5, 0.6, 40.0, 10.0, 700.0)


@pytest.fixture
def compared(monkeypatch):
    """Stand in for the run: remember what it was given, and return evidence of two arms."""
    given = []

    def compare(task, settings, observer):
        given.append((task, settings))
        arms = (
            Evidence(Fit("zero_shot"), "zero_shot", "prompt", "ok", cost=COST),
            Evidence(Fit("lora_sft"), "lora_sft", "tune", "failed", "out of memory"),
            Evidence(Fit("rag"), "rag", "rag", "unfinished", "not run yet"),
        )
        return SimpleNamespace(evidence=arms), None

    monkeypatch.setattr(module, "compare", compare)
    return given


def run(task_file, tiny_model, *arms):
    task = load_task(task_file(str(tiny_model), arms="[zero_shot, few_shot, lora_sft, qlora_sft, rag]"))
    return task, module.probe(task, tiny_model, "cpu", arms, observer=None)


def test_a_dry_run_is_a_smoke_run_on_dev_and_never_sees_the_test(compared, task_file, tiny_model):
    task, _ = run(task_file, tiny_model)
    [(trial, settings)] = compared
    assert trial.test == task.study.dev
    assert trial.digest != task.digest
    assert settings.is_fast and not settings.is_cached
    assert not settings.out.parent.exists()  # nothing is left behind


def test_the_first_arm_of_each_rung_is_tried_unless_some_are_named(compared, task_file, tiny_model):
    run(task_file, tiny_model)
    run(task_file, tiny_model, "qlora_sft")
    assert [settings.arms for _, settings in compared] == [("zero_shot", "lora_sft", "rag"), ("qlora_sft",)]


def test_measured_memory_and_speed_are_the_runs_own(compared, task_file, tiny_model):
    _, found = run(task_file, tiny_model, "zero_shot", "lora_sft")
    prompt, tuned = found.arms
    assert (prompt.measured_mb, prompt.seconds) == (700.0, 12.0)
    assert (tuned.measured_mb, tuned.reason) == (None, "out of memory")
    assert found.speed.asked == pytest.approx((40 + 10) / 0.5)


def test_arm_on_another_model_is_not_measured_against_the_wrong_forecast(compared, task_file, tiny_model):
    arms = "[zero_shot, {name: big, baseline: zero_shot, model: org/absent}]"
    task = load_task(task_file(str(tiny_model), arms=arms))
    with pytest.raises(HarnessError, match="big has another"):
        module.probe(task, tiny_model, "cpu", ("big",), observer=None)
    module.probe(task, tiny_model, "cpu", (), observer=None)
    assert compared[-1][1].arms == ("zero_shot",)

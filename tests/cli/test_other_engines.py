"""What commands say of arms that an engine of somebody else's cannot serve, and of its models."""

import json

import pytest
from click.testing import CliRunner
from stub_ground import echo_engine, no_torch, own_cache, stub_task, third_party

from harness.cli import main

__all__ = ["echo_engine", "no_torch", "own_cache", "stub_task", "third_party"]

ARMS = ("zero_shot", "label_score", "lora_sft")
CANNOT = {
    "label_score": "the engine echo of model 'echo' cannot do: loglikelihood",
    "lora_sft": "the engine echo of model 'echo' cannot do: adapters, loglikelihood, training",
}


@pytest.fixture
def echoed(stub_task, echo_engine):
    """Write a task whose own model an engine of somebody else's serves; returns a function of the arms."""

    def write(*arms):
        path = stub_task(*arms)
        lines = path.read_text().splitlines(keepends=True)
        served = ["model: {source: echo, engine: echo}\n" if line.startswith("model:") else line for line in lines]
        path.write_text("".join(served))
        return path

    return write


def invoke(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_check_names_each_arm_that_will_be_skipped_with_its_reason(echoed):
    report = json.loads(invoke("check", echoed(*ARMS), "--json").stdout)
    [found] = [finding for finding in report["findings"] if finding["kind"] == "skipped_arms"]
    assert found["severity"] == "warning"
    assert [hit["detail"] for hit in found["hits"]] == [f"{arm}: {reason}" for arm, reason in CANNOT.items()]
    shown = {seen["arm"]: (seen["prompt"] != "", seen["note"]) for seen in report["seen"]}
    assert shown["zero_shot"] == (True, "")
    for arm, reason in CANNOT.items():
        assert shown[arm] == (False, f"it will be skipped: {reason}")


def test_plan_leaves_skipped_arms_out_and_asks_for_no_files(echoed):
    result = invoke("plan", echoed(*ARMS), "--json")
    plan = json.loads(result.stdout)
    assert [cost["arm"] for cost in plan["costs"]] == ["zero_shot"]
    for arm, reason in CANNOT.items():
        assert f"{arm} will be skipped: {reason}" in plan["notes"]
    assert plan["gate"] is None  # nothing is tuned
    assert (plan["memory"], plan["memory_notes"]) == (
        [],
        ["echo: not predicted, the engine echo loads no files of a model here"],
    )


def test_plan_of_arms_that_are_all_skipped_is_refused(echoed):
    result = invoke("plan", echoed(*CANNOT))
    assert result.exit_code == 2
    for arm, reason in CANNOT.items():
        assert f"{arm} will be skipped: {reason}" in result.output


def test_probe_of_a_model_without_files_is_refused(echoed):
    result = invoke("plan", echoed("zero_shot"), "--probe")
    assert result.exit_code == 2
    assert "the engine echo of model 'echo' loads none here; leave the option out" in result.output


def test_export_of_an_arm_that_transformers_cannot_open_is_refused_in_one_sentence(echoed, tmp_path):
    run, out = tmp_path / "run", tmp_path / "out"
    assert invoke("compare", echoed("zero_shot", "few_shot"), "--out", run).exit_code == 0
    result = invoke("export", run, "--arm", "few_shot", "--out", out)
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        "Error: few_shot stands on model 'echo' of the engine echo, and an export holds a model that transformers "
        "opens; name an arm on such a model with --arm"
    ]
    assert not out.exists()

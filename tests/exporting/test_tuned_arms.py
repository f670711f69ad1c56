"""Tuned arms of every kind, and TRL's scripts run for real."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from math import log

import pytest
from safetensors.torch import load_file
from small_run import make_run

from harness.exporting.export_source import open_export
from harness.exporting.training.plan import plan_of
from harness.exporting.training.rows import PairRow
from harness.exporting.training.trl import write_trl
from harness.records import Message
from harness.store.files import encode

pytestmark = [pytest.mark.model, pytest.mark.slow]
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def tuned(tiny_model, tmp_path_factory):
    """A run of every tuned arm."""
    arms = ("lora_sft", "qlora_sft", "lora_dpo", "rag_lora_sft")
    return make_run(tmp_path_factory.mktemp("tuned"), tiny_model, *arms)


ONE_FILE = ("full_sft", "prefix_sft", "ia3_sft", "cpt_lora_sft", "lora_kto")


@pytest.fixture(scope="module")
def others(tiny_model, tmp_path_factory):
    """A run of the arms that are one file each."""
    return make_run(tmp_path_factory.mktemp("others"), tiny_model, *ONE_FILE)


@pytest.mark.parametrize("arm", ONE_FILE)
def test_arm_that_is_one_file_answers_as_the_run_did(others, tmp_path, invoke, arm):
    out = tmp_path / "out"
    result = invoke("export", others, "--arm", arm, "--out", out, "--verify", "10")
    assert "verified: 10 of 10 answers equal the run's" in result.output
    readme = (out / "README.md").read_text()
    assert (out / "training").is_dir() == (arm == "lora_kto")
    assert ("vllm serve" in readme) == (arm not in ("prefix_sft", "ia3_sft"))
    assert ("--lora-modules" in readme) == (arm in ("cpt_lora_sft", "lora_kto"))
    assert (out / "adapter").is_dir() == (arm != "full_sft")


@pytest.mark.parametrize("arm", ["ia3_sft", "cpt_lora_sft"])
def test_adapter_of_any_kind_is_merged_and_answers_as_the_run_did(others, tmp_path, invoke, arm):
    result = invoke("export", others, "--arm", arm, "--merged", "--out", tmp_path / "out", "--verify", "10")
    assert "verified: 10 of 10 answers equal the run's" in result.output


@pytest.mark.parametrize(("arm", "why"), [("prefix_sft", "cannot be merged"), ("full_sft", "whole already")])
def test_what_cannot_be_merged_is_refused_in_a_sentence(others, tmp_path, invoke, arm, why):
    result = invoke("export", others, "--arm", arm, "--merged", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert why in result.output
    assert not (tmp_path / "out").exists()


def run_script(path):
    """Run a script as its reader would; return the losses that it printed, and all it said."""
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return [float(loss) for loss in re.findall(r"'loss': '?([\d.e-]+)", done.stdout)], done.stdout


@pytest.mark.parametrize("arm", ["lora_sft", "qlora_sft", "lora_dpo", "rag_lora_sft"])
def test_every_tuned_arm_answers_as_the_run_did(tuned, tmp_path, invoke, arm):
    result = invoke("export", tuned, "--arm", arm, "--out", tmp_path / "out", "--verify", "10")
    assert "verified: 10 of 10 answers equal the run's" in result.output
    assert (tmp_path / "out" / "training" / "trl" / "train_sft.py").is_file()


def test_trl_script_trains_the_adapter_that_the_run_kept(finished, tuned_export):
    folder = tuned_export / "training" / "trl"
    losses, _ = run_script(folder / "train_sft.py")
    history = open_export(finished, "lora_sft").evidence.training
    recorded = [point.loss for point in history.losses][: history.best_step]
    assert losses == pytest.approx(recorded, rel=1e-3)
    trained, kept = load_file(folder / "adapter_sft" / WEIGHTS), load_file(tuned_export / "adapter" / WEIGHTS)
    assert trained.keys() == kept.keys()
    assert max(float((trained[name] - kept[name]).abs().max()) for name in kept) < 1e-4


def test_trl_preference_script_starts_at_its_reference_and_moves_the_adapter(finished, tuned_export, tmp_path):
    plan, _ = plan_of(open_export(finished, "lora_sft"))
    pairs = [PairRow((Message("user", f"Which, {i}?"),), f"answer {i}", "none") for i in range(8)]
    dpo = replace(plan.sft, learning_rate=1e-3, steps=2, warmup_steps=0, best_step=2, beta=0.1)
    plan = replace(plan, sft=replace(plan.sft, best_step=2), dpo=dpo, pairs=pairs)
    write_trl(plan, str(tuned_export / "model"), tmp_path / "trl")
    run_script(tmp_path / "trl" / "train_sft.py")
    losses, _ = run_script(tmp_path / "trl" / "train_dpo.py")
    # before the first update the policy is its own reference: loss = -log sigmoid(0) = log 2
    assert losses[0] == pytest.approx(log(2), abs=1e-3)
    before = load_file(tmp_path / "trl" / "adapter_sft" / WEIGHTS)
    after = load_file(tmp_path / "trl" / "adapter_dpo" / WEIGHTS)
    assert before.keys() == after.keys()
    assert any(bool((before[name] != after[name]).any()) for name in before)


def test_given_preferences_are_exported_for_every_tool(tuned, tmp_path, invoke):
    out = tmp_path / "out"
    invoke("export", tuned, "--arm", "lora_dpo", "--out", out)
    files = sorted(path.relative_to(out / "training").as_posix() for path in out.rglob("preferences.json*"))
    assert files == [
        "axolotl/preferences.jsonl",
        "llama_factory/preferences.json",
        "openai/preferences.jsonl",
        "trl/preferences.jsonl",
    ]
    row = json.loads((out / "training" / "openai" / "preferences.jsonl").read_text().splitlines()[0])
    assert row["preferred_output"] == [{"role": "assistant", "content": "answer 0"}]
    assert row["input"]["messages"][-1]["content"] == "Question: it's Which is it, 0?"


def test_pairs_that_the_arm_left_are_taken_before_the_tasks_own(tuned, tmp_path):
    source = open_export(tuned, "lora_dpo")
    given = source.task.study.preferences
    place = tuned / "adapters" / "lora_dpo" / "pairs.jsonl"
    left = place.read_text()
    try:
        place.unlink()
        plan, _ = plan_of(source)
        assert [pair.rejected for pair in plan.pairs] == [pair.rejected for pair in given]
        place.write_text("".join(encode(type(pair), replace(pair, rejected="mined")) + "\n" for pair in given))
        plan, _ = plan_of(source)
        assert {pair.rejected for pair in plan.pairs} == {"mined"}
        place.write_text(encode(type(given[0]), given[0]) + "\n")  # one, where the arm says that it used nine
        plan, notes = plan_of(source)
        assert plan.pairs == ()
    finally:
        place.write_text(left)


def test_merging_an_adapter_of_the_4_bit_base_warns(tuned, tmp_path, invoke):
    result = invoke("export", tuned, "--arm", "qlora_sft", "--merged", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "4-bit" in result.output
    assert "4-bit" in (tmp_path / "out" / "README.md").read_text()


def test_a_penalty_that_other_tools_do_not_know_is_named(tuned, tmp_path, invoke):
    for arm in ("qlora_sft", "lora_sft"):
        invoke("export", tuned, "--arm", arm, "--out", tmp_path / arm)
    assert "kl_to_base" in (tmp_path / "qlora_sft" / "README.md").read_text()
    assert "kl_to_base" not in (tmp_path / "lora_sft" / "README.md").read_text()


def test_passages_of_a_retrieving_tuned_arm_are_in_its_training_rows(tuned, tmp_path, invoke):
    invoke("export", tuned, "--arm", "rag_lora_sft", "--out", tmp_path / "out")
    for line in (tmp_path / "out" / "training" / "openai" / "train.jsonl").read_text().splitlines():
        assert "The quick brown fox jumps." in line or "Code E4 needs a new filter." in line

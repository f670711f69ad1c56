"""The training files that go to other tools."""

import json
import math
import random
import re
from dataclasses import replace

import pytest
import yaml
from small_run import TRAINING

from baselines.prompt.selection import drawn
from harness.exporting.training.configuration import write_yaml
from harness.exporting.training.openai import _weighted
from harness.exporting.training.plan import sft_history
from harness.exporting.training.recipe import recipe_of
from harness.exporting.training.rows import Row
from harness.program import Program, Prompt
from harness.records import (
    Evidence,
    Fit,
    GenerationSettings,
    Message,
    TrainingHistory,
    TrainingSchedule,
    Weights,
)

ROWS, BATCH = 13, 4  # of the tiny run; batches of four are the arms' default
PER_EPOCH = math.ceil(ROWS / BATCH)
AXOLOTL_KERNELS = ("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel")


SCHEDULE = TrainingSchedule("linear", 150, 7, 8)


def history(method: str = "sft", **more) -> TrainingHistory:
    return TrainingHistory(method, (), (), 40, "end", 1e-3, 13, 1, 1, 1, 1.0, False, **more)


@pytest.fixture
def program(tmp_path):
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": ["q_proj"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    return Program(Weights("base", None, str(tmp_path)), Prompt(), GenerationSettings(4))


def test_recipe_is_what_the_history_and_the_adapter_say(program):
    found = recipe_of(history(schedule=SCHEDULE), program, 3, beta=0.1)
    assert (found.schedule, found.steps, found.warmup_steps, found.batch_size) == ("linear", 150, 7, 8)
    assert (found.rank, found.alpha, found.target_modules) == (4, 8, ("q_proj",))
    assert (found.best_step, found.seed, found.beta, found.learning_rate) == (40, 3, 0.1, 1e-3)


def test_arm_that_does_not_tell_its_schedule_has_no_recipe(program):
    assert recipe_of(history(), program, 0) is None
    assert recipe_of(history(schedule=SCHEDULE), replace(program, weights=Weights("base")), 0) is None


def test_first_stage_of_preference_training_is_told_by_what_it_continued_from():
    start = history(schedule=SCHEDULE)
    alone, both = (Evidence(Fit("a"), "a", "tune", "ok", training=h) for h in (start, history("sft+dpo", start=start)))
    assert sft_history(alone) is start
    assert sft_history(both) is start


def test_rows_are_drawn_as_the_arms_draw_them():
    items = list(range(50))
    picked = random.Random(3).sample(range(len(items)), 20)
    assert tuple(items[number] for number in sorted(picked)) == drawn(items, 20, 3)


def test_small_numbers_stay_numbers_for_readers_of_older_yaml(tmp_path):
    write_yaml(tmp_path / "a.yaml", "a comment", {"learning_rate": 1e-05, "text": "no", "bf16": True})
    read = yaml.safe_load((tmp_path / "a.yaml").read_text())
    assert read == {"learning_rate": 1e-05, "text": "no", "bf16": True}


def test_earlier_answers_of_a_conversation_are_not_learnt():
    turns = (Message("user", "hello"), Message("assistant", "good day"), Message("user", "how much?"))
    assert [turn.get("weight") for turn in _weighted(Row(turns, "ten"))] == [None, 0, None, None]


@pytest.fixture
def training(tuned_export):
    return tuned_export / "training"


@pytest.mark.model
def test_configurations_say_what_the_arm_used(training):
    lora = yaml.safe_load((training / "llama_factory" / "sft.yaml").read_text())
    axolotl = yaml.safe_load((training / "axolotl" / "sft.yaml").read_text())
    steps = PER_EPOCH * TRAINING["epochs"]
    assert lora["max_steps"] == axolotl["max_steps"] == steps
    assert axolotl["num_epochs"] == TRAINING["epochs"]
    kept = int(re.search(r"checkpoint-(\d+)", (training / "axolotl" / "sft.yaml").read_text())[1])
    saves = range(axolotl["save_steps"], steps + 1, axolotl["save_steps"])
    assert kept in saves
    assert len([step for step in saves if step <= kept]) >= 4  # so that a stop loses little
    assert axolotl["save_total_limit"] >= len(saves)  # the kept checkpoint is the first of them
    assert lora["learning_rate"] == axolotl["learning_rate"] == TRAINING["learning_rate"]
    assert lora["per_device_train_batch_size"] == axolotl["micro_batch_size"] == BATCH
    assert (lora["lora_rank"], lora["lora_alpha"]) == (axolotl["lora_r"], axolotl["lora_alpha"]) == (8, 16)
    assert lora["lora_target"].split(",") == axolotl["lora_target_modules"]
    linear = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert {name.rpartition(".")[2] for name in axolotl["lora_target_modules"]} == linear
    assert kept % PER_EPOCH == 0  # a checkpoint is judged at the end of an epoch
    assert lora["save_steps"] == axolotl["save_steps"]


@pytest.mark.model
def test_configurations_for_a_cpu_differ_in_what_a_cpu_lacks(training):
    for tool, more in (("llama_factory", {"bf16"}), ("axolotl", {"bf16", *AXOLOTL_KERNELS})):
        gpu, cpu = (yaml.safe_load((training / tool / name).read_text()) for name in ("sft.yaml", "sft_cpu.yaml"))
        assert {name for name in cpu if cpu[name] != gpu.get(name)} == more
        assert not any(cpu[name] for name in more)
    assert "train sft_cpu.yaml" in (training.parent / "README.md").read_text()  # the machine of the run is one


@pytest.mark.model
def test_no_file_for_a_tool_that_is_not_executed_here_claims_to_have_been_tried(training):
    said = [path.read_text() for tool in ("llama_factory", "axolotl") for path in (training / tool).glob("*.yaml")]
    assert said and all(", and not tried" in text and "Tried with" not in text for text in said)
    lines = (training.parent / "README.md").read_text().splitlines()
    rows = [line.split("|") for line in lines if line.count("|") == 4]
    executed = {row[1].strip(): row[3].strip() for row in rows}
    assert (executed["LLaMA-Factory"], executed["Axolotl"]) == ("no; written for 0.9.5", "no; written for 0.19.0")


@pytest.mark.parametrize(("best_step", "save_steps"), [(1, 1), (4, 1), (60, 15), (100, 25), (97, 97), (14, 2)])
def test_checkpoints_come_at_divisors_of_the_kept_step(program, best_step, save_steps):
    recipe = replace(recipe_of(history(schedule=SCHEDULE), program, seed=0), best_step=best_step)
    assert recipe.save_steps == save_steps


def test_rates_are_written_as_a_person_would(program):
    rate = math.nextafter(6e-05, 0)
    assert repr(rate) != "6e-05"
    recipe = recipe_of(replace(history(schedule=SCHEDULE), learning_rate=rate), program, seed=0)
    assert repr(recipe.learning_rate) == "6e-05"


@pytest.mark.model
def test_dataset_info_names_the_file_and_the_keys_that_are_in_it(training):
    folder = training / "llama_factory"
    described = json.loads((folder / "dataset_info.json").read_text())["train"]
    row = json.loads((folder / described["file_name"]).read_text())[0]
    turn = row[described["columns"]["messages"]][-1]
    tags = described["tags"]
    assert turn[tags["role_tag"]] == tags["assistant_tag"]
    assert turn[tags["content_tag"]] == "answer 0"


@pytest.mark.model
def test_rows_are_as_the_arm_shows_them_and_only_the_last_answer_is_learnt(training):
    rows = [json.loads(line)["messages"] for line in (training / "axolotl" / "train.jsonl").read_text().splitlines()]
    with_system, with_history = rows[1], rows[2]
    assert [turn["role"] for turn in with_system] == ["system", "user", "assistant"]
    assert [(turn["role"], turn["train"]) for turn in with_history] == [
        ("user", False),
        ("assistant", False),
        ("user", False),
        ("assistant", True),
    ]
    assert with_history[2]["content"] == "Question: it's What is train number 2?"
    assert len((training / "trl" / "train.jsonl").read_text().splitlines()) == ROWS

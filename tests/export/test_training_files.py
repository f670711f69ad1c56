"""The training files that go to other tools."""

import json
import math
import random

import pytest
import yaml
from small_run import TRAINING

from baselines.prompt.selection import drawn
from harness.export.training.configuration import write_yaml
from harness.export.training.openai import _weighted
from harness.export.training.recipe import batch_size_of, schedule_of
from harness.export.training.rows import Row
from harness.records import Checkpoint, LossPoint, Message, TrainingHistory

ROWS, BATCH = 13, 4  # of the tiny run; batches of four are the arms' default
PER_EPOCH = math.ceil(ROWS / BATCH)


def history(rows: int, *checkpoints: Checkpoint, losses: tuple[LossPoint, ...] = ()) -> TrainingHistory:
    return TrainingHistory("sft", losses, checkpoints, 1, "end", 1e-3, rows, 1, 1, 1, 1.0, False)


@pytest.mark.parametrize(("warmup", "length"), [(0, 1000), (7, 150), (1, 20)])
def test_schedule_is_read_off_the_rates_that_transformers_gives(warmup, length):
    torch = pytest.importorskip("torch")
    from transformers import get_linear_schedule_with_warmup

    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=3e-4)
    scheduler = get_linear_schedule_with_warmup(optimizer, warmup, length)
    points = []
    for step in range(1, warmup + 4):  # early stopping may have ended it soon
        points.append(LossPoint(step, 1.0, scheduler.get_last_lr()[0]))
        optimizer.step()
        scheduler.step()
    assert schedule_of(points) == ("linear", warmup, length)


def test_rate_that_never_falls_is_constant_over_the_steps_recorded():
    points = [LossPoint(step, 1.0, 1e-3) for step in (1, 2, 3)]
    assert schedule_of(points) == ("constant_with_warmup", 0, 3)


def test_batch_size_is_the_option_where_an_epoch_had_that_length():
    # 120 rows in 15 steps an epoch: eight a batch, and no other size
    done = history(120, Checkpoint(15, 1.0, 0.5, 1.0), Checkpoint(150, 10.0, 0.9, 0.1))
    assert batch_size_of(done, told=8) == 8


def test_batch_size_of_another_version_is_not_believed_against_the_record():
    done = history(120, Checkpoint(150, 10.0, 0.9, 0.1))
    assert batch_size_of(done, told=4) == 8


def test_batch_size_that_could_be_several_is_not_guessed():
    # 16 rows in 2 steps: from 8 to 15 a batch
    assert batch_size_of(history(16, Checkpoint(2, 1.0, 0.5, 1.0)), told=None) is None


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
    saves = range(axolotl["save_steps"], steps + 1, axolotl["save_steps"])
    assert axolotl["save_total_limit"] >= len(saves)  # the kept checkpoint is the first of them
    assert lora["learning_rate"] == axolotl["learning_rate"] == TRAINING["learning_rate"]
    assert lora["per_device_train_batch_size"] == axolotl["micro_batch_size"] == BATCH
    assert (lora["lora_rank"], lora["lora_alpha"]) == (axolotl["lora_r"], axolotl["lora_alpha"]) == (8, 16)
    assert lora["lora_target"].split(",") == axolotl["lora_target_modules"]
    linear = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert {name.rpartition(".")[2] for name in axolotl["lora_target_modules"]} == linear
    assert lora["save_steps"] % PER_EPOCH == 0  # a checkpoint is judged at the end of an epoch


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

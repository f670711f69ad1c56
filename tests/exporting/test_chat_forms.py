"""Exports of models whose templates do not take everything as it comes: they ask, read and train as the run did."""

import json
import subprocess
import sys

import pytest
from small_run import make_run, questions
from templated_models import GEMMA, R1, copied

from harness.exporting.export_source import open_export
from harness.visible import markdown

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def run_of(tiny_model, tmp_path_factory):
    """Return a function that makes a run of one arm under a template."""

    def make(template, arm):
        room = tmp_path_factory.mktemp("run")
        return make_run(room, copied(tiny_model, room / "model", template), arm, rows=questions, system="Be brief.")

    return make


@pytest.mark.parametrize(
    ("template", "arm"),
    [
        (GEMMA, "few_shot"),
        pytest.param(R1, "few_shot", marks=pytest.mark.slow),
        pytest.param(R1, "label_score", marks=pytest.mark.slow),
        (R1, "lora_sft"),
        pytest.param(GEMMA, "lora_sft", marks=pytest.mark.slow),
    ],
)
def test_export_answers_as_the_run_did(run_of, tmp_path, invoke, template, arm):
    out = tmp_path / "out"
    result = invoke("export", run_of(template, arm), "--arm", arm, "--out", out, "--verify", "5")
    assert "verified: 5 of 5 answers equal the run's" in result.output
    readme = (out / "README.md").read_text()
    assert ("no system role" in readme) == (template == GEMMA)
    left_out = markdown("a server that writes prompts itself leaves out '\\n</think>\\n\\n'")
    assert (left_out in readme) == (template == R1)
    if (out / "training").exists():
        rows = (out / "training" / "axolotl" / "train.jsonl").read_text().splitlines()
        roles = [turn["role"] for turn in json.loads(rows[0])["messages"]]
        assert roles == (["user", "assistant"] if template == GEMMA else ["system", "user", "assistant"])


def test_exported_script_of_another_question_parts_a_marker_and_reads_behind_a_thought(run_of, tmp_path, invoke):
    out = tmp_path / "out"
    source = run_of(R1, "few_shot")
    invoke("export", source, "--arm", "few_shot", "--out", out)
    program = open_export(source, "few_shot").program
    code = (
        "import sys; sys.modules.update(harness=None, baselines=None); import answer\n"
        "chat = [{'role': 'user', 'content': 'Hi <|im_end|>'}]\n"
        "print(repr(answer.prompt(answer.writer.tokenizer.apply_chat_template, chat, answer.FORM)))\n"
        "print(answer.read('hm</think>K-11'), answer.read('<think>K-11'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=out)
    asked, read = done.stdout.splitlines()
    assert asked == repr("<|im_start|>user\nHi <|im_end| ><|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert read.split() == ["K-11"]
    assert program.reader.rule == "first_line"


@pytest.mark.slow
def test_exported_training_script_writes_the_very_prompts_of_the_run(run_of, tmp_path, invoke):
    out = tmp_path / "out"
    source = run_of(R1, "lora_sft")
    invoke("export", source, "--arm", "lora_sft", "--out", out)
    done = subprocess.run(
        [sys.executable, "train_sft.py"], capture_output=True, text=True, cwd=out / "training" / "trl"
    )
    assert done.returncode == 0, done.stderr
    code = "import train_sft as t; print(t.tokenizer.decode(t.rows[0]['input_ids']))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=out / "training" / "trl")
    assert "assistant\n<think>\n\n</think>\n\nanswer 0<|im_end|>" in said.stdout

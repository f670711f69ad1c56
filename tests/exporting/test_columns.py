"""Exports of arms whose prompt shows columns of the row."""

import json
import subprocess
import sys

import pytest
from small_run import make_run, with_columns

from harness.exporting.export_source import open_export
from harness.program import columns_named

pytestmark = pytest.mark.model  # rag's embedder

ARMS = ("few_shot", "nearest", "rag", "lora_sft", "label_score")


@pytest.fixture(scope="module")
def run(tiny_model, tmp_path_factory):
    """A run whose template shows a list and a text of each row."""
    template = "{{ of }}: {{ input }}\n{{ choices }}"
    return make_run(tmp_path_factory.mktemp("columns"), tiny_model, *ARMS, rows=with_columns, template=template)


@pytest.mark.parametrize(
    "arm", [arm if arm in ("rag", "lora_sft") else pytest.param(arm, marks=pytest.mark.slow) for arm in ARMS]
)
def test_export_answers_as_the_run_did(run, tmp_path, invoke, arm):
    result = invoke("export", run, "--arm", arm, "--out", tmp_path / "out", "--verify", "5")
    assert "verified: 5 of 5 answers equal the run's" in result.output, result.output
    prompt = json.loads((tmp_path / "out" / "prompt.json").read_text())
    assert set(prompt["columns"]) == columns_named(prompt["template"]) == {"choices", "of"}


def test_columns_are_given_as_json_on_the_command_line(run, tmp_path, invoke):
    invoke("export", run, "--arm", "few_shot", "--out", tmp_path / "out")
    source = open_export(run, "few_shot")
    example = source.task.test[0]
    columns = json.dumps({"choices": json.loads(example.columns[0].text), "of": example.columns[1].text})
    command = [sys.executable, tmp_path / "out" / "answer.py", example.question.text]
    done = subprocess.run([*command, columns], capture_output=True, text=True)
    stored = source.predictions[example.id].text
    assert done.stdout == (source.program.reader.read(stored) or "") + "\n", done.stderr
    assert 'answer.py "QUESTION" \'{"choices": "...", "of": "..."}\'' in (tmp_path / "out" / "README.md").read_text()
    done = subprocess.run([*command, "{}"], capture_output=True, text=True)
    assert "the prompt shows columns that are not given: choices, of" in done.stderr


def test_training_files_hold_what_the_model_was_shown(run, tmp_path, invoke):
    invoke("export", run, "--arm", "lora_sft", "--out", tmp_path / "out")
    lines = (tmp_path / "out" / "training" / "openai" / "train.jsonl").read_text().splitlines()
    asked = json.loads(lines[0])["messages"][0]["content"]
    number = asked.split(":")[0].removeprefix("set ")
    assert asked.endswith(f"What is train {number}?\nA) answer {number}\nB) answer {int(number) % 4}")

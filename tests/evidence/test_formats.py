"""`compare` looks at a model's format before anything is asked."""

import json

import pytest
from click.testing import CliRunner
from templated_models import GEMMA, R1, copied

from harness.cli import main
from harness.evidence.formats import look_at_formats
from harness.evidence.models import find_models
from harness.task import load_task


@pytest.fixture
def task(tiny_model, tmp_path):
    """Return a function that writes a task on a model under another chat template."""

    def write(template, row=lambda row: row):
        copied(tiny_model, tmp_path / "model", template)
        for split, count in (("train", 12), ("dev", 4), ("test", 4)):
            rows = [row({"input": f"What is {split} {n}?", "target": f"code {n % 3}"}) for n in range(count)]
            (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
        data = {split: f"{split}.jsonl" for split in ("train", "dev", "test")}
        said = {"version": 1, "name": "codes", "model": "./model", "data": data, "arms": ["zero_shot", "lora_sft"]}
        (tmp_path / "task.yaml").write_text(json.dumps(said | {"prompt": {"system": "Be brief."}}))
        return tmp_path / "task.yaml"

    return write


def refusal(file):
    """The one line that `compare` ends with, before it makes a run folder."""
    done = CliRunner().invoke(main, ["compare", str(file), "--out", str(file.parent / "run")])
    assert done.exit_code == 2
    assert not (file.parent / "run").exists()
    return done.output.splitlines()[-1]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("", "model 'model' has no chat template, so it cannot hold a conversation"),
        ("{{ raise_exception('no chats') }}", "the chat template of 'model' cannot show a question: no chats"),
        ("{% for message in messages %}", "chat template"),
    ],
)
def test_model_that_holds_no_conversation_is_refused_before_anything_is_asked(task, template, why):
    assert why in refusal(task(template))


def test_answers_that_the_model_cannot_give_are_refused_by_name(task):
    said = refusal(task(None, lambda row: {**row, "target": row["target"].replace("1", "<|im_start|>")}))
    assert said.startswith("  - 6 rows (train ")  # 1, 4, 7 and 10 of train, 1 of dev and 1 of test
    assert "control token to 'model'" in said


def test_rows_whose_turns_the_model_refuses_are_named(task):
    def greeted(row):
        turns = [("assistant", "Good day."), ("user", row["input"]), ("assistant", row["target"])]
        return {"messages": [{"role": role, "content": text} for role, text in turns]}

    assert "turns that 'model' cannot be shown (system, assistant, user)" in refusal(task(GEMMA, greeted))


def test_what_was_found_is_kept_by_the_models_name(task):
    said = load_task(task(R1))
    [notes] = look_at_formats(said, find_models(said, print)[1]).values()
    assert notes == (
        "the chat template of 'model' opens a thought before an answer: it is closed at once, so that the answer "
        "stands behind it",
    )

"""`harness regress --task`: the task's own score, and unrelated questions."""

import json
import shutil

import pytest
from click.testing import CliRunner

from harness.cli import main

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def task_file(ground, tmp_path):
    folder = tmp_path / "task"
    folder.mkdir()
    shutil.copy(ground.path("known.jsonl"), folder)
    for split, count in (("train", 12), ("dev", 6), ("test", 10)):
        rows = [{"id": f"{split}{i}", "input": f"{split} {i}?", "target": f"T-{i % 3}"} for i in range(count)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "task.yaml").write_text(
        f"version: 1\nname: tiny\ndescription: a tiny task\nmodel: {ground.model}\n"
        "data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl}\n"
        'prompt: {system: "Answer with a code.", template: "{{ input }}"}\n'
        "metric: {primary: exact_match}\n"
        "general: {tasks: [known.jsonl], limit: 40, max_drop: 0.04, keep: 0.8, deployment: routed}\n"
        "arms: [zero_shot]\n"
    )
    return folder / "task.yaml"


def with_task(ground, task_file, *arguments):
    asked = ["regress", "--base", str(ground.model), "--tuned", ground.path("harmless"), "--task", str(task_file)]
    return CliRunner().invoke(main, [*asked, "--out", "out", *arguments])


def test_task_adds_its_own_score_and_unrelated_questions_and_its_settings(ground, task_file, written):
    result = with_task(ground, task_file)
    assert result.exit_code == 0, result.output
    found = written()
    assert found["primary_metric"] == "exact_match"
    assert found["task_change"]["difference"]["n"] == 10
    assert found["base_score"]["estimate"] == found["tuned_score"]["estimate"]
    assert found["gate"]["off_task_rate"]["n"] == found["gate"]["prompted_off_task_rate"]["n"] == 40
    assert (found["limits"]["max_drop"], found["limits"]["keep"]) == (0.04, 0.8)
    # a check is asked whether ability was lost, wherever the adapter is used
    assert found["limits"]["deployment"] == "shared"


def test_options_go_before_the_tasks_own_settings(ground, task_file, written):
    result = with_task(ground, task_file, "--limit", "6", "--max-drop", "0.05")
    assert result.exit_code == 2, result.output  # six items show nothing
    assert written()["limits"]["max_drop"] == 0.05
    assert written()["manifest"]["general"]["limit"] == 6
    assert written()["gate"]["off_task_rate"]["n"] == 6


def test_baseline_keeps_the_bases_answers_to_the_task(ground, task_file, written):
    fresh = with_task(ground, task_file, "--baseline", "base.json")
    first = written()
    again = with_task(ground, task_file, "--baseline", "base.json")
    assert fresh.exit_code == again.exit_code == 0, again.output
    assert "the base is not measured" in again.stderr
    assert written()["task_change"] == first["task_change"]
    assert written()["base_score"] == first["base_score"]


def test_baseline_of_another_task_is_refused(ground, task_file):
    with_task(ground, task_file, "--baseline", "base.json")
    text = task_file.read_text()
    task_file.write_text(text.replace("Answer with a code.", "Answer with a word."))
    result = with_task(ground, task_file, "--baseline", "base.json")
    assert result.exit_code == 2
    assert "task is" in result.output

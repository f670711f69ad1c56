import shutil
from pathlib import Path

import pytest

from harness.errors import TaskFileError
from harness.planning.plan import make_plan
from harness.task import load_task

ALL = "[zero_shot, rag, lora_sft]"


def plan_of(file, model):
    return make_plan(load_task(file), lambda source: model, "cpu", None)


def said(plan):
    return " ".join(plan.answerable.reasons)


def test_a_large_test_set_answers_the_question(task_file, tiny_model):
    plan = plan_of(task_file(str(tiny_model), test=500, arms=ALL), tiny_model)
    assert plan.answerable.state == "yes"
    assert [memory.arm for memory in plan.memory] == ["zero_shot", "rag", "lora_sft"]
    assert plan.goal.items_for_rate <= 500


def test_one_item_is_a_plan_that_says_no(task_file, tiny_model):
    plan = plan_of(task_file(str(tiny_model), test=1, arms=ALL), tiny_model)
    assert plan.answerable.state == "no"
    assert "fewer than 2" in said(plan)


def test_four_groups_claim_nothing(task_file, tiny_model):
    plan = plan_of(task_file(str(tiny_model), test=40, group_size=10, arms=ALL), tiny_model)
    assert (plan.groups, plan.answerable.state) == (4, "no")
    assert "4 groups" in said(plan)


def test_groups_of_one_are_no_groups(task_file, tiny_model):
    file = task_file(str(tiny_model), test=40)
    rows = (file.parent / "test.jsonl").read_text().splitlines()
    grouped = [row[:-1] + f', "group": "g{number}"}}' for number, row in enumerate(rows)]
    (file.parent / "test.jsonl").write_text("\n".join(grouped) + "\n")
    assert plan_of(file, tiny_model).groups is None


def test_a_goal_of_one_is_out_of_reach_and_gains_are_not(task_file, tiny_model):
    plan = plan_of(task_file(str(tiny_model), test=200, arms=ALL, lines="goal: {at_least: 1.0}"), tiny_model)
    assert plan.answerable.state == "partly"
    assert "give a goal below 1" in said(plan)


def test_without_a_prompt_arm_nothing_can_be_recommended(task_file, tiny_model):
    plan = plan_of(task_file(str(tiny_model), test=200, arms="[lora_sft]"), tiny_model)
    assert "no prompt arm" in said(plan)
    assert plan.gains == ()
    assert not any("a prompt is right" in world.text for world in plan.scenarios)


def test_prompts_alone_have_no_gate_and_no_gain(task_file, tiny_model):
    plan = plan_of(task_file(str(tiny_model), test=300, arms="[zero_shot]"), tiny_model)
    assert [world.right for world in plan.scenarios] == ["prompt"]
    assert (plan.gate, plan.gains) == (None, ())
    assert "no tuned arm" in said(plan)


def test_without_dev_a_part_of_train_is_planned_with(task_file, tiny_model):
    file = task_file(str(tiny_model), test=60, arms=ALL)
    (file.parent / "dev.jsonl").unlink()
    file.write_text(file.read_text().replace("dev: dev.jsonl, ", ""))
    plan = plan_of(file, tiny_model)
    assert any("of the 16 rows" in note for note in plan.notes)


def test_train_of_one_group_and_no_dev_is_a_fault(task_file, tiny_model):
    file = task_file(str(tiny_model), group_size=99)
    file.write_text(file.read_text().replace("dev: dev.jsonl, ", ""))
    with pytest.raises(TaskFileError, match="no dev split"):
        plan_of(file, tiny_model)


def test_a_model_that_is_not_here_has_no_memory_predicted(task_file):
    plan = plan_of(task_file("org/absent"), None)
    assert plan.memory == ()
    assert "not on this machine" in plan.memory_notes[0]


def test_arm_on_another_model_is_predicted_by_that_model(task_file, tiny_model, tmp_path):
    large = shutil.copytree(tiny_model, tmp_path / "large")
    file = task_file(str(tiny_model), arms=f"[zero_shot, {{name: big, baseline: zero_shot, model: {large}}}]")
    plan = make_plan(load_task(file), lambda source: Path(source), "cpu", None)
    assert [memory.arm for memory in plan.memory] == ["zero_shot", "big"]
    assert any("larger model takes longer" in text for text in plan.assumed)
    assert [note.split(":")[0] for note in plan.memory_notes] == [str(tiny_model), str(large)]


def test_model_that_is_not_here_leaves_the_others_predicted(task_file, tiny_model):
    file = task_file(str(tiny_model), arms="[zero_shot, {name: big, baseline: zero_shot, model: org/absent}]")
    plan = make_plan(load_task(file), lambda source: tiny_model if source == str(tiny_model) else None, "cpu", None)
    assert [memory.arm for memory in plan.memory] == ["zero_shot"]
    assert "org/absent: not predicted" in plan.memory_notes[1]


def test_labels_too_rare_for_macro_f1_are_named(task_file, tiny_model):
    file = task_file(str(tiny_model), test=40, lines="metric: {primary: macro_f1}")
    rows = (file.parent / "test.jsonl").read_text().splitlines()
    (file.parent / "test.jsonl").write_text("\n".join([rows[0].replace("B2", "C3"), *rows[1:]]) + "\n")
    assert "the label 'c3'" in said(plan_of(file, tiny_model)).lower()


def test_plan_is_json_ready(task_file, tiny_model):
    import json

    plan = plan_of(task_file(str(tiny_model), test=20), tiny_model)
    assert json.loads(json.dumps(plan.to_dict(), allow_nan=False))["items"] == 20

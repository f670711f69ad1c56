"""The field case sec-prompt-template-cost: prompts' templates that never end or fill the memory are one fault."""

import json
from pathlib import Path

import pytest

CASES = json.loads(
    (Path(__file__).parent.parent / "field" / "sec-prompt-template-cost" / "templates.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", CASES)
def test_template_that_costs_too_much_is_one_fault_with_its_place(task_folder, name):
    task_folder.settings["prompt"] = {"template": CASES[name]}
    [fault] = task_folder.faults()
    assert fault.startswith("task.yaml line ")
    assert "make it simpler" in fault
    assert any(limit in fault for limit in ("2 seconds of processor time", "1 GB of memory", "4,000,000 characters"))


def test_every_row_is_tried_and_the_one_that_a_template_hangs_at_is_named(task_folder):
    template = "{{ input }}{% if 'question 7' in input %}{{ 'x'|center(2000000000) }}{% endif %}"
    task_folder.settings["prompt"] = {"template": template}
    [fault] = task_folder.faults()
    assert "(tried with train.jsonl line 8)" in fault


def test_row_whose_text_is_copied_too_often_is_named_as_any_other(task_folder):
    """Of 450,000 characters nine are more than 4,000,000, though the template does nothing but copy."""
    rows = [{"question": "x" * 450_000 if n == 2 else f"q{n}", "answer": "a"} for n in range(4)]
    task_folder.write_rows("train.jsonl", rows)
    task_folder.settings["prompt"] = {"template": "{{ input }} " * 8}
    task_folder.load()
    task_folder.settings["prompt"] = {"template": "{{ input }} " * 9}
    [fault] = task_folder.faults()
    assert "writes more than 4,000,000 characters; make it simpler (tried with train.jsonl line 3)" in fault


@pytest.mark.parametrize("question", ["question", "input"])
def test_template_that_nests_too_deeply_is_one_fault(task_folder, question):
    task_folder.settings["prompt"] = {"template": f"{{{{ input }}}}{{{{ {'not ' * 400}{question} }}}}"}
    [fault] = task_folder.faults()
    assert fault.startswith("task.yaml line ")
    assert "nests too deeply, or calls itself without end; make it simpler" in fault


def test_row_whose_question_the_template_drops_is_left_out_or_a_fault(task_folder):
    task_folder.settings["prompt"] = {"template": "{% if 'question 7' not in input %}{{ input }}{% endif %}"}
    faults = task_folder.faults()
    assert any("train.jsonl line 8: prompt.template leaves the question of this row out" in fault for fault in faults)


def test_template_that_reaches_out_is_refused_when_the_file_is_read(task_folder):
    """The field case sec-exported-template: harmless in a sandbox, where the name is undefined, and nowhere else."""
    code = "namespace.__init__.__globals__.__builtins__.__import__('os').system('touch marker-export')"
    template = f"{{{{ input }}}}{{% if namespace.__init__ is defined %}}{{{{ {code} }}}}{{% endif %}}"
    task_folder.settings["prompt"] = {"template": template}
    [fault] = task_folder.faults()
    assert "names that begin with an underscore lead out of a template's values; take it out" in fault


@pytest.mark.parametrize("drawn", ["(input ~ ' ')|list|random", "lipsum(1)"])
def test_template_that_would_be_another_one_each_time_is_a_fault(task_folder, drawn):
    task_folder.settings["prompt"] = {"template": f"{{{{ {drawn} }}}}{{{{ input }}}}"}
    [fault] = task_folder.faults()
    assert fault.startswith("task.yaml line ")
    assert "random" in fault or "lipsum" in fault

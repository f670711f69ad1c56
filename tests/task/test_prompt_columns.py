"""Columns of a row in the prompt's template: carried, shown, compared, and nothing else of the row."""

import csv
import json
from pathlib import Path

import pytest

from harness.checking import examine, read_material
from harness.metrics.choices import choices_of
from harness.program import Prompt, Shot
from harness.records import Column
from harness.task import load_task

CASES = Path(__file__).parent.parent / "field" / "choices-in-columns"
ROW = {"question": "Which?", "answer": "B", "choices": ["red", "blue"]}


def with_template(task_folder, template, rows, **others):
    """Load a task with this template whose train rows are `rows`; dev and test have their columns too."""
    task_folder.settings["prompt"] = {"template": template}
    task_folder.write_rows("train.jsonl", rows)
    for split in ("dev", "test"):
        task_folder.write_rows(f"{split}.jsonl", [rows[0] | {"question": f"{split}?"}])
    task_folder.settings["data"] |= others
    return task_folder.load()


def shown(task, split="train"):
    rows = task.test if split == "test" else getattr(task.study, split)
    prompt = Prompt(task.study.system, task.study.template)
    return [prompt.messages(row.question)[-1].content for row in rows]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (["red", "blue"], "A) red\nB) blue"),
        ([1, 2.5], "A) 1\nB) 2.5"),
        ({"text": ["red", "blue"], "label": ["1", "2"]}, "1) red\n2) blue"),
        ({"a": 1}, '{"a": 1}'),
        ("red or blue", "red or blue"),
        (7, "7"),
        (2.0, "2"),
        (True, "true"),
        (None, ""),
        ([{"name": "get"}], '{"name": "get"}'),
    ],
)
def test_cell_is_shown_as_a_person_would_write_it(task_folder, cell, text):
    task = with_template(task_folder, "{{ input }}\n{{ choices }}", [ROW | {"choices": cell}])
    assert shown(task) == [f"Which?\n{text}"]


def test_list_under_another_name_is_a_line_each(task_folder):
    task = with_template(task_folder, "{{ notes }}\n{{ input }}", [ROW | {"notes": ["one", "two"]}])
    assert shown(task) == ["one\ntwo\nWhich?"]


def test_template_may_go_through_a_list_and_into_an_object(task_folder):
    template = (
        "{{ input }}{% for one in choices %} {{ loop.index0 }}={{ one }}{% endfor %} {{ more.of }} {{ more.it[0] }}"
    )
    task = with_template(task_folder, template, [ROW | {"more": {"of": "set", "it": ["x"]}}])
    assert shown(task) == ["Which? 0=red 1=blue set x"]


def test_column_whose_name_is_no_word_is_named_with_underscores(task_folder):
    task = with_template(task_folder, "{{ input }} {{ Option_A }}", [ROW | {"Option A": "red"}])
    assert shown(task) == ["Which? red"]


def test_column_may_have_the_name_of_a_function_that_the_template_does_not_call(task_folder):
    task = with_template(task_folder, "{{ input }} {{ dict }}", [ROW | {"dict": "Duden"}])
    assert shown(task) == ["Which? Duden"]


def test_function_of_jinja_may_still_be_called(task_folder):
    counted = "{% set n = namespace(x=1) %}{{ input }} {{ n.x }}"
    assert shown(with_template(task_folder, counted, [ROW])) == ["Which? 1"]


def test_only_what_the_template_names_is_carried(task_folder):
    task = with_template(task_folder, "{{ input }} {{ of }}", [ROW | {"of": "x", "secret": "y"}])
    assert task.study.train[0].columns == (Column("of", "x"),)
    assert "in the prompt: of; not used: choices, secret" in task.notes[0]


def test_giant_cell_is_no_part_of_a_prompt(task_folder):
    with pytest.raises(Exception, match="no model reads 1,000,000"):
        with_template(task_folder, "{{ input }} {{ of }}", [ROW | {"of": "x" * 1_000_000}])


def test_text_of_a_column_is_never_run(task_folder):
    cell = "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}"
    assert shown(with_template(task_folder, "{{ input }} {{ of }}", [ROW | {"of": cell}])) == [f"Which? {cell}"]


@pytest.mark.parametrize(
    "attempt", ["{{ choices.__class__ }}", "{{ choices.append(1) }}", "{{ choices.labels.__len__() }}"]
)
def test_template_stays_in_its_sandbox(task_folder, attempt):
    task_folder.settings["prompt"] = {"template": "{{ input }}" + attempt}
    task_folder.write_rows("train.jsonl", [ROW])
    assert any("unsafe" in fault or "underscore" in fault for fault in task_folder.faults())


def test_task_without_columns_in_its_template_keeps_its_digest(task_folder):
    before = task_folder.load().digest
    rows = [{"question": f"train question {n}", "answer": f"answer {n}", "of": "more"} for n in range(10)]
    task_folder.write_rows("train.jsonl", rows)
    assert task_folder.load().digest == before


def test_what_a_column_holds_is_part_of_the_digest(task_folder):
    first = with_template(task_folder, "{{ input }} {{ of }}", [ROW | {"of": "x"}]).digest
    assert with_template(task_folder, "{{ input }} {{ of }}", [ROW | {"of": "y"}]).digest != first


# ---- faults -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (
            "{{ input }} {{ choises }}",
            "prompt.template names 'choises', which is not a column of the rows (did you mean",
        ),
        ("{{ input }} {{ dict }}", "prompt.template names 'dict', which is not a column of the rows"),
        ("{{ input }} {{ namespace }}", "prompt.template names 'namespace', which is not a column of the rows"),
        ("{{ input }} {{ self }}", "prompt.template names 'self', which is Jinja's own and no column of the rows"),
        ("{{ input }} {{ answer }}", "prompt.template shows 'answer', which holds the answer; take {{ answer }} out"),
    ],
)
def test_template_that_cannot_be_filled_is_one_fault_at_its_place(task_folder, template, fault):
    with pytest.raises(Exception) as caught:
        with_template(task_folder, template, [ROW])
    (found,) = caught.value.faults
    assert found.startswith("task.yaml line") and fault in found


def test_conversation_itself_is_no_column_to_show(task_folder):
    task_folder.only_train("train.jsonl")
    task_folder.settings["prompt"] = {"template": "{{ input }} {{ messages }}"}
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    task_folder.write_rows("train.jsonl", [{"messages": turns}])
    assert "prompt.template shows 'messages', which holds the answer" in task_folder.faults()[0]


def test_row_that_the_template_drops_or_breaks_on_is_named(task_folder):
    template = "{% if choices %}{{ input }}{{ choices[1] }}{% endif %}"
    rows = [ROW, ROW | {"choices": ["red"]}, ROW | {"choices": []}]
    with pytest.raises(Exception) as caught:
        with_template(task_folder, template, rows)
    broken, dropped = caught.value.faults
    assert broken.startswith("train.jsonl line 2: prompt template") and "no element 1" in broken
    assert dropped == (
        "train.jsonl line 3: prompt.template leaves the question of this row out; put {{ input }} where it belongs"
    )


# ---- part of the question -----------------------------------------------------------------


def test_one_question_with_other_choices_is_another_question(task_folder):
    rows = [ROW, ROW | {"choices": ["green", "grey"], "answer": "A"}]
    task = with_template(task_folder, "{{ input }}\n{{ choices }}", rows)
    assert len(task.study.train) == 2
    kinds = {finding.kind for finding in examine(read_material(task.file)).findings}
    assert not kinds & {"conflict_train", "repeat_train"}


def test_question_and_choices_on_both_sides_are_a_leak(task_folder):
    with_template(task_folder, "{{ input }}\n{{ choices }}", [ROW])
    task_folder.write_rows("test.jsonl", [ROW])
    assert task_folder.faults()[0].startswith("test.jsonl line 1: has the same input as train.jsonl line 1")
    task_folder.write_rows("test.jsonl", [ROW | {"choices": ["blue", "red"]}])
    task_folder.load()


def test_preferences_and_feedback_are_asked_with_their_columns(task_folder):
    beside = {"choices": ["x", "y"]}
    task_folder.write_rows("pairs.jsonl", [{"prompt": "p", "chosen": "a", "rejected": "b"} | beside])
    task_folder.write_rows("said.jsonl", [{"prompt": "q", "completion": "a", "label": True} | beside])
    files = {"preferences": "pairs.jsonl", "feedback": "said.jsonl"}
    task = with_template(task_folder, "{{ input }}\n{{ choices }}", [ROW], **files)
    prompt = Prompt(template=task.study.template)
    asked = [prompt.messages(row.question)[-1].content for row in (*task.study.preferences, *task.study.feedback)]
    assert asked == ["p\nA) x\nB) y", "q\nA) x\nB) y"]


def test_solved_examples_are_shown_with_their_columns(task_folder):
    task = with_template(task_folder, "{{ input }}\n{{ choices }}", [ROW])
    template = task.study.template
    prompt = Prompt(template=template, shots=(Shot.of(task.study.train[0]),), shot_template=template)
    assert [turn.content for turn in prompt.messages(task.test[0].question)] == [
        "Which?\nA) red\nB) blue",
        "B",
        "test?\nA) red\nB) blue",
    ]


def test_column_that_some_rows_lack_is_empty_there(task_folder):
    without = {"question": "And?", "answer": "A"}
    task = with_template(task_folder, "{{ input }}{% if of %} ({{ of }}){% endif %}", [ROW | {"of": "x"}, without])
    assert shown(task) == ["Which? (x)", "And?"]
    said = (
        "column 'of', which prompt.template shows, is empty (train.jsonl 1 row): fill it, or ask for it with {% if of"
    )
    assert any(note.startswith(said) for note in task.notes)


# ---- the field case, and others of its kind -----------------------------------------------


def exam(folder, rows, template, columns):
    """Write a task of multiple choice and return it as loaded."""
    parts = {"test": rows[:20], "dev": rows[20:40], "train": rows[40:]}
    for split, some in parts.items():
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some))
    settings = {"version": 1, "name": "exam", "arms": ["echo"], "prompt": {"template": template}}
    settings["data"] = {split: f"{split}.jsonl" for split in parts} | {"columns": columns}
    (folder / "task.yaml").write_text(json.dumps(settings))
    return load_task(folder / "task.yaml")


def test_choices_in_columns_of_their_own_are_shown(tmp_path):
    with (CASES / "columns.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    template = "{{ input }}\nA) {{ A }}\nB) {{ B }}\nC) {{ C }}\nD) {{ D }}"
    task = exam(tmp_path, rows, template, {})
    assert shown(task, "test")[0].endswith("Which is it?\nA) Danube\nB) Oder\nC) Rhine\nD) Seine")
    assert choices_of(task.test[0]) == {"a": "Danube", "b": "Oder", "c": "Rhine", "d": "Seine"}
    assert not [note for note in task.notes if "is not used" in note]


def test_choices_in_a_list_are_shown(tmp_path):
    rows = [json.loads(line) for line in (CASES / "list.jsonl").read_text().splitlines()]
    task = exam(tmp_path, rows, "{{ input }}\n{{ choices }}", {})
    assert shown(task, "test")[0].endswith("Which is it?\nA) Danube\nB) Oder\nC) Rhine\nD) Seine")
    assert choices_of(task.test[0]) == {"a": "Danube", "b": "Oder", "c": "Rhine", "d": "Seine"}


def test_choices_that_are_left_out_are_a_warning(tmp_path):
    rows = [json.loads(line) for line in (CASES / "list.jsonl").read_text().splitlines()]
    exam(tmp_path, rows, "{{ input }}", {})
    findings = examine(read_material(tmp_path / "task.yaml")).findings
    [found] = [finding for finding in findings if finding.kind == "unused"]
    assert (found.severity, found.title) == ("warning", "column 'choices' is not used")
    assert found.remedy == "the question is asked without it: name it in prompt.template, as {{ choices }}"
    assert found.hits[0].detail == "the first of train.jsonl 40 rows, dev.jsonl 20 rows, test.jsonl 20 rows"


def test_choices_with_labels_of_their_own_are_shown_by_them(tmp_path):
    rows = [
        {"question": f"Which is {n}?", "answerKey": "2", "choices": {"text": [f"x{n}", f"y{n}"], "label": ["1", "2"]}}
        for n in range(60)
    ]
    task = exam(tmp_path, rows, "{{ input }}\n{{ choices }}", {"input": "question", "target": "answerKey"})
    assert shown(task, "test")[3] == "Which is 3?\n1) x3\n2) y3"
    assert choices_of(task.test[3]) == {"1": "x3", "2": "y3"}


def test_options_with_a_passage_are_shown(tmp_path):
    rows = [
        {"passage": f"Text {n}.", "query": f"Who is {n}?", "option_a": f"x{n}", "option_b": f"y{n}", "label": "b"}
        for n in range(60)
    ]
    template = "{{ passage }}\n\n{{ input }}\n(a) {{ option_a }}\n(b) {{ option_b }}"
    task = exam(tmp_path, rows, template, {"input": "query", "target": "label"})
    assert shown(task, "test")[3] == "Text 3.\n\nWho is 3?\n(a) x3\n(b) y3"
    assert choices_of(task.test[3]) == {"a": "x3", "b": "y3"}


def test_system_prompt_that_the_template_shows_stands_there_alone(task_folder):
    def row(number):
        chat = [{"role": "user", "content": f"Where is {number}?"}, {"role": "assistant", "content": "Here."}]
        return {"messages": chat, "system": f"You sell tickets in town {number}."}

    task_folder.write_rows("train.jsonl", [row(number) for number in range(8)])
    task_folder.write_rows("dev.jsonl", [row(8)])
    task_folder.write_rows("test.jsonl", [row(9)])
    del task_folder.settings["data"]["columns"]
    [read] = task_folder.load().test
    assert [message.role for message in read.messages] == ["system", "user"]
    task_folder.settings["prompt"] = {"template": "{{ system }}\n{{ input }}"}
    [read] = task_folder.load().test
    assert [message.role for message in read.messages] == ["user"]
    assert [column.text for column in read.columns] == ["You sell tickets in town 9."]

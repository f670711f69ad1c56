import json
import re
import subprocess
import sys

import pytest
from checked_tasks import tickets
from click.testing import CliRunner

from harness.cli import main


@pytest.fixture
def task(tmp_path):
    """A clean task of 1,000 rows, and its folder."""
    folder = tmp_path / "task"
    folder.mkdir()
    return tickets(), folder


def run(*arguments):
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def leaky(task, count=1):
    for row in task.rows["test"][:count]:
        task.add("train", input=row["input"], target=row["target"])
    return task


def test_clean_task_exits_with_zero_and_counts_first(task):
    result = run(task[0].write(task[1]))
    assert result.exit_code == 0
    assert "task.yaml: 0 errors, 0 warnings, " in result.output.splitlines()[0]


def test_leak_exits_with_one_and_shows_the_pair(task):
    result = run(leaky(task[0]).write(task[1]))
    assert result.exit_code == 1
    assert "test.jsonl line 1 (id test-1) and train.jsonl line 701 (id train-701)" in result.output


def test_unreadable_task_exits_with_two_in_the_usual_form(task):
    for row in task[0].rows["train"][:36]:  # of 700: more than one in twenty
        row["target"] = ""
    result = run(task[0].write(task[1]))
    assert result.exit_code == 2
    assert "task.yaml: 36 problems\n  - train.jsonl lines 1, 2, 3 and 33 more: 'target' is empty" in result.output


def test_both_outputs_count_the_same_problems_though_one_lists_fewer(task):
    rows = task[0].rows["train"]
    for row, other in zip(rows[:60], rows[60:120], strict=True):
        row["id"] = other["id"]
    result = run(task[0].write(task[1]))
    assert "task.yaml: 60 problems\n" in result.stderr
    assert "and 10 more faults" in result.stderr
    assert "cannot be read (60 problems)" in result.stdout


@pytest.mark.parametrize("key", ["\ud800x", "\0"])
def test_key_that_cannot_be_printed_exits_with_two_and_names_its_line(task, key):
    task[0].rows["train"][4]["KEY"] = "x"
    path = task[0].write(task[1])
    rows = path.with_name("train.jsonl")
    rows.write_text(rows.read_text().replace('"KEY"', json.dumps(key)))
    result = run(path)
    assert result.exit_code == 2
    assert f"train.jsonl line 5: key {key!a} has a character that cannot be stored" in result.output


@pytest.mark.parametrize(
    ("content", "line", "column", "said"),
    [("a: 1\n\tb: 2\n", 2, 1, "not valid YAML"), ("", None, None, "is empty; it should hold keys"), ("a: [", 1, 5, "")],
)
def test_file_that_is_no_task_file_has_a_report_in_json(tmp_path, content, line, column, said):
    (tmp_path / "task.yaml").write_text(content)
    result = run(tmp_path / "task.yaml", "--json")
    report = json.loads(result.stdout)
    [fault] = report["faults"]
    assert (fault["file"], fault["line"], fault["column"]) == ("task.yaml", line, column)
    assert said in fault["text"]
    assert (report["exit_code"], result.exit_code) == (2, 2)
    assert "task.yaml: 1 problem" in result.stderr


def test_missing_task_file_exits_with_two(tmp_path):
    assert run(tmp_path / "task.yaml").exit_code == 2


def test_five_examples_are_shown_and_json_lists_all(task):
    path = leaky(task[0], 8).write(task[1])
    shown = run(path).output
    assert shown.count(" and train.jsonl line 7") == 5
    assert "and 3 more (--json lists all)" in shown
    result = run(path, "--json")
    report = json.loads(result.output)
    [leak] = [finding for finding in report["findings"] if finding["kind"] == "leak"]
    assert [hit["rows"][0]["number"] for hit in leak["hits"]] == list(range(1, 9))
    assert (report["exit_code"], report["counts"]["error"], result.exit_code) == (1, 8, 1)


def test_fix_writes_a_copy_that_passes(task, tmp_path):
    path = leaky(task[0], 3).write(task[1])
    result = run(path, "--fix", tmp_path / "clean")
    assert result.exit_code == 0
    assert run(tmp_path / "clean" / "task.yaml").exit_code == 0
    assert "3 errors" in result.output.splitlines()[0]


def test_training_row_is_shown_with_its_masked_part(task):
    task[0].rows["train"][0] = {"id": "a", "input": "Which desk?", "target": "repair"}
    path = task[0].write(task[1])
    path.write_text(path.read_text().replace('"zero_shot"', '"zero_shot", "lora_sft", "qlora_sft"'))
    output = run(path).output
    assert "[no loss] " in output
    assert "[loss] repair" in output
    assert "qlora_sft: the same as lora_sft" in output


def test_check_loads_neither_torch_nor_transformers(task):
    path = task[0].write(task[1])
    path.write_text(path.read_text().replace('"zero_shot"', '"zero_shot", "few_shot", "lora_sft", "lora_dpo"'))
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom harness.cli import main\n"
        f"assert CliRunner().invoke(main, ['check', {str(path)!r}]).exit_code == 0\n"
        "print({'torch', 'transformers', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_worst_findings_and_the_counts_come_last(task):
    output = run(leaky(task[0], 2).write(task[1])).output
    kinds = re.findall(r"^(error|warning|note): ", output, flags=re.MULTILINE)
    assert kinds == sorted(kinds, key=["note", "warning", "error"].index)
    assert kinds[-1] == "error"
    assert output.index("What each arm will show") < output.index(f"{kinds[0]}: ")
    assert output.splitlines()[-1].startswith("Found: 2 errors")

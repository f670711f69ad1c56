import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.drafting import Purpose
from harness.task import load_task


def rows(count: int) -> str:
    labels = ("yes", "no", "maybe")
    return "".join(
        json.dumps({"text": f"is number {n} of {n * n}?", "label": labels[n % 3]}) + "\n" for n in range(count)
    )


def init(*arguments: str):
    return CliRunner().invoke(main, ["init", *arguments])


def test_init_writes_a_task_that_loads_and_says_what_to_do_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tickets.jsonl").write_text(rows(300))
    result = init("--from", "tickets.jsonl", "--model", "some/model")
    assert result.exit_code == 0, result.output
    assert "tickets.jsonl: 300 rows, read as plain columns (input: text, target: label)" in result.output
    assert "harness check tickets/task.yaml" in result.output
    assert load_task(Path("tickets/task.yaml")).model.source == "some/model"
    assert sorted(path.name for path in Path("tickets").iterdir()) == [
        "dev.jsonl",
        "task.schema.json",
        "task.yaml",
        "test.jsonl",
        "train.jsonl",
    ]


def test_editor_is_pointed_at_the_schema_that_lies_beside_the_task(tmp_path):
    (tmp_path / "rows.jsonl").write_text(rows(300))
    init("--from", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"))
    first = (tmp_path / "out" / "task.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=task.schema.json"
    assert "properties" in json.loads((tmp_path / "out" / "task.schema.json").read_text())


def test_second_init_into_the_same_folder_is_refused(tmp_path):
    (tmp_path / "rows.jsonl").write_text(rows(300))
    arguments = ("--from", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"))
    assert init(*arguments).exit_code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    result = init(*arguments)
    assert result.exit_code == 2
    assert "is not empty; give --out a folder that is new or empty" in result.output
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize(("name", "said"), [("nothing.csv", "there is no such file"), ("", "is a folder")])
def test_init_without_a_file_says_so(tmp_path, name, said):
    result = init("--from", str(tmp_path / name), "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert f"{said}; give --from a file of rows" in result.output
    assert "Traceback" not in result.output


def test_misspelt_model_is_met_with_the_right_one_and_nothing_is_written(tmp_path):
    (tmp_path / "rows.jsonl").write_text(rows(300))
    result = init("--from", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"), "--model", "smolm2-135m")
    assert result.exit_code == 2
    assert "model 'smolm2-135m' is not an alias (did you mean 'smollm2-135m'?)" in result.output
    assert not (tmp_path / "out").exists()


def two_answers(count: int) -> str:
    """Rows in which two columns may be the answer."""
    return "".join(
        json.dumps({"text": f"is number {n} of {n * n}?", "mood": "ab"[n % 2], "urgency": "xyz"[n % 3]}) + "\n"
        for n in range(count)
    )


def test_doubt_about_the_answer_ends_with_exit_code_2_and_the_flag_that_settles_it(tmp_path):
    (tmp_path / "rows.jsonl").write_text(two_answers(90))
    arguments = ("--from", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"))
    result = init(*arguments)
    assert result.exit_code == 2
    assert "it is not clear which column holds the answer" in result.output
    assert "'mood' has 'a', 'b'; 'urgency' has 'x', 'y', 'z'. Say which with --target, such as" in result.output
    assert not (tmp_path / "out").exists()
    assert init(*arguments, "--target", "urgency").exit_code == 0
    assert {item.target for item in load_task(tmp_path / "out" / "task.yaml").test} == set("xyz")


def on_a_terminal(arguments: list[str], typed: str) -> tuple[int, str]:
    """Run the command with a terminal as its input, as a person would."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from harness.cli import main; main()", *arguments],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(slave)
    os.write(master, typed.encode())
    output, _ = process.communicate(timeout=120)
    os.close(master)
    return process.returncode, output.decode()


def test_doubt_is_asked_about_at_a_terminal(tmp_path):
    (tmp_path / "rows.jsonl").write_text(two_answers(90))
    arguments = ["init", "--from", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out")]
    code, said = on_a_terminal(arguments, "3\n2\n")
    assert code == 0, said
    assert "(--target answers this)" in said
    assert "1  mood: 'a', 'b'" in said
    assert "give a number from 1 to 2" in said
    assert {item.target for item in load_task(tmp_path / "out" / "task.yaml").test} == set("xyz")


def test_columns_of_the_question_are_asked_for_at_a_terminal(tmp_path):
    def row(n: int) -> str:
        texts = {name: f"{name} number {n} of all {n * n}" for name in ("title", "body", "notes")}
        return json.dumps({**texts, "label": "ab"[n % 2]}) + "\n"

    (tmp_path / "rows.jsonl").write_text("".join(map(row, range(90))))
    arguments = ["init", "--from", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out")]
    assert init(*arguments[1:]).exit_code == 2
    code, said = on_a_terminal(arguments, "1, 2\n")
    assert code == 0, said
    text = load_task(tmp_path / "out" / "task.yaml").test[0].question.text
    assert text.startswith("title: title number") or text.startswith("body: body number")
    assert "notes" not in text


def interview(tmp_path, typed: str):
    (tmp_path / "rows.jsonl").write_text(rows(90))
    arguments = ["init", "--from", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"), "--interview"]
    return CliRunner().invoke(main, arguments, input=typed)


def test_interview_sets_goal_gain_deployment_and_prices(tmp_path):
    result = interview(tmp_path, "customers\nmuch\ny\n250,000\n2.5\n")
    assert result.exit_code == 0, result.output
    task = load_task(tmp_path / "out" / "task.yaml")
    assert (task.limits.goal, task.limits.smallest_gain, task.limits.deployment) == (0.97, 0.01, "routed")
    assert (task.cost.requests_per_month, task.cost.gpu_hour) == (250_000, 2.5)
    assert "customers ask, a wrong answer costs much, 250,000 requests a month" in task.file.read_text()


def test_interview_takes_what_is_not_known_for_not_known(tmp_path):
    assert interview(tmp_path, "colleagues\nlittle\nn\n\n\n").exit_code == 0
    task = load_task(tmp_path / "out" / "task.yaml")
    # 0.80 for little harm, less 0.05 where colleagues look at the answers
    assert (task.limits.goal, task.limits.smallest_gain, task.limits.deployment) == (0.75, 0.02, "shared")
    assert (task.cost.requests_per_month, task.cost.gpu_hour) == (None, None)


def test_interview_without_anybody_to_answer_is_refused(tmp_path):
    result = interview(tmp_path, "customers\n")
    assert result.exit_code == 2
    assert "--interview: 1 problem\n  - asks five questions; give it at a terminal, or leave it out" in result.output
    result = interview(tmp_path, "customers\nmuch\ny\na lot\n\n")
    assert result.exit_code == 2
    assert "'a lot' is not a number of requests; give a number such as 50000, or nothing" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("harm", "requests", "gain"),
    [("little", 500, 0.05), ("little", 50_000, 0.02), ("some", 500, 0.02), ("some", 100_000, 0.01), ("much", 5, 0.01)],
)
def test_smaller_gains_are_worth_it_where_errors_cost_much_or_very_many_are_asked(harm, requests, gain):
    assert Purpose("program", harm, False, requests, None).smallest_gain == gain

import json
from pathlib import Path

from click.testing import CliRunner

from harness.cli import main
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


def test_init_without_a_file_says_so(tmp_path):
    result = init("--from", str(tmp_path / "nothing.csv"), "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "there is no such file; give --from a file of rows" in result.output
    assert "Traceback" not in result.output


def test_misspelt_model_is_met_with_the_right_one_and_nothing_is_written(tmp_path):
    (tmp_path / "rows.jsonl").write_text(rows(300))
    result = init("--from", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"), "--model", "smolm2-135m")
    assert result.exit_code == 2
    assert "model 'smolm2-135m' is no alias (did you mean 'smollm2-135m'?)" in result.output
    assert not (tmp_path / "out").exists()

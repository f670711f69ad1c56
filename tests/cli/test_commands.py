import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main

COMMANDS = main.list_commands(None)  # type: ignore[arg-type]


def invoke(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "Example:" in result.output


LIBRARIES = ("torch", "transformers", "pandas", "scipy", "numpy")


@pytest.mark.parametrize(
    ("argument", "heavy"),
    [
        ("--help", (*LIBRARIES, "pydantic")),
        ("list", (*LIBRARIES, "baselines", "reports")),
        ("doctor", (*LIBRARIES, "baselines", "reports")),
    ],
)
def test_what_only_says_something_imports_nothing_heavy(argument, heavy, tmp_path):
    code = (
        "import sys\nfrom harness.cli import main\n"
        f"try: main(['{argument}'])\nexcept SystemExit: pass\n"
        f"sys.exit(', '.join(sorted(set({heavy}) & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_missing_task_file_says_what_and_what_to_do_without_a_traceback(tmp_path):
    result = invoke("compare", str(tmp_path / "nowhere.yaml"))
    assert result.exit_code == 2
    assert "nowhere.yaml" in result.output
    assert "Traceback" not in result.output


def test_report_of_a_folder_that_is_no_run_is_refused(tmp_path):
    result = invoke("report", str(tmp_path))
    assert result.exit_code == 2
    assert "is not a run folder" in result.output


def test_schema_is_json_that_knows_the_task_files_keys():
    import json

    result = invoke("schema")
    assert result.exit_code == 0
    assert {"model", "data", "arms"} <= json.loads(result.output)["properties"].keys()


def test_model_that_is_not_there_is_named_with_the_remedy(tmp_path):
    for split in ("train", "dev", "test"):
        Path(tmp_path / f"{split}.jsonl").write_text(f'{{"input": "{split} q", "target": "a"}}\n')
    task = tmp_path / "task.yaml"
    task.write_text(
        "version: 1\nname: t\ndescription: d\nmodel: ./no-such-model\n"
        "data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl, columns: {input: input, target: target}}\n"
        "metric: {primary: exact_match}\narms: [zero_shot]\n"
    )
    result = invoke("compare", str(task), "--out", str(tmp_path / "run"))
    assert result.exit_code == 2
    assert "no-such-model" in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "run").exists()


def test_folder_that_cannot_be_made_is_a_message_not_a_traceback(tmp_path, tiny_model):
    for split in ("train", "dev", "test"):
        Path(tmp_path / f"{split}.jsonl").write_text(f'{{"input": "{split} q", "target": "a"}}\n')
    (tmp_path / "task.yaml").write_text(
        f"version: 1\nname: t\ndescription: d\nmodel: {tiny_model}\n"
        "data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl}\narms: [zero_shot]\n"
    )
    result = invoke("compare", str(tmp_path / "task.yaml"), "--out", str(tmp_path / "task.yaml" / "run"))
    assert result.exit_code == 2
    assert "task.yaml" in result.output
    assert "Traceback" not in result.output


def test_reader_that_has_seen_enough_ends_a_command_without_a_word():
    read, write = os.pipe()
    os.close(read)
    harness = Path(sys.executable).with_name("harness")
    try:
        done = subprocess.run([harness, "schema"], stdout=write, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_shell_completes_commands_and_options():
    harness = [sys.executable, "-c", "from harness.cli import main; main(prog_name='harness')"]

    def completed(words: str) -> list[str]:
        place = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1), "_HARNESS_COMPLETE": "bash_complete"}
        done = subprocess.run(harness, env=os.environ | place, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert completed("harness comp") == ["plain,compare"]
    assert completed("harness compare --str") == ["plain,--strict"]

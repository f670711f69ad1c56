"""`harness compare` as scripts use it: what it takes, where the newest run is, and with which exit code it ends."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from recorder import Recorder
from stub_ground import no_torch, own_cache, stub_task, third_party

from harness.cli import main
from harness.cli.compare import exit_code
from harness.evidence.compare import Settings, compare
from harness.task import load_task

__all__ = ["no_torch", "own_cache", "stub_task", "third_party"]


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_folder_stands_for_its_task_file_and_latest_leads_to_the_newest_run(tmp_path, stub_task, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = stub_task("steady").parent
    assert call("compare", folder).exit_code == 0
    first = Path("runs/latest").resolve()
    assert (first / "result.json").is_file()
    stub_task("steady", "terse")
    assert call("compare", folder).exit_code == 0
    second = Path("runs/latest").resolve()
    assert {first, second} == {path.resolve() for path in Path("runs").glob("tiny-*")}
    assert first != second
    assert f"report: runs/{second.name}/report.html" in call("report", "runs/latest").output
    assert len(call("list", "runs").output.splitlines()) == 2


def test_what_is_no_link_is_left_alone_under_the_name_of_latest(tmp_path, stub_task, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "latest").mkdir(parents=True)
    result = call("compare", stub_task("steady"))
    assert result.exit_code == 0
    assert "runs/latest is not a link, so it stays" in result.output
    assert not Path("runs/latest").is_symlink()


@pytest.mark.parametrize(
    ("options", "code"),
    [([], 0), (["--strict"], 3), (["--fail-on", "undecided, rethink"], 1), (["--fail-on", "rethink"], 0)],
)
def test_undecided_run_ends_as_the_script_asked(tmp_path, stub_task, options, code):
    result = call("compare", stub_task("steady"), "--out", tmp_path / "run", *options)
    assert "Undecided:" in result.output  # ten items decide nothing
    assert result.exit_code == code


def test_smoke_run_counts_as_undecided_whatever_it_seems_to_say(tmp_path, stub_task):
    run, _ = compare(load_task(stub_task("steady")), Settings(tmp_path / "run"), Recorder())
    decided = replace(run, decision=replace(run.decision, action="prompt"))
    smoke = replace(decided, is_fast=True)
    assert exit_code(decided, frozenset(), is_strict=True) == 0
    assert exit_code(decided, frozenset({"prompt"}), is_strict=True) == 1
    assert exit_code(smoke, frozenset(), is_strict=True) == 3
    assert exit_code(smoke, frozenset({"prompt"}), is_strict=False) == 0


@pytest.mark.parametrize("place", ["outside", "its task's folder"])
def test_report_of_a_run_ends_with_a_command_that_can_be_pasted(tmp_path, stub_task, monkeypatch, place):
    task = stub_task("steady")
    run = tmp_path / "a run"
    assert call("compare", task, "--fast", "--limit", "4", "--out", run).exit_code == 0
    monkeypatch.chdir(task.parent if place != "outside" else tmp_path / "..")
    said = call("report", run).output.splitlines()
    command = shlex.split(said[-1])
    assert command[:2] == ["harness", "compare"]
    assert Path(command[2]).resolve() == task.resolve()
    assert command[3:] == ["--limit=4"]  # the whole run has a folder of its own
    if place != "outside":
        assert command[2] == task.name


def test_report_of_an_unfinished_run_names_its_folder_and_of_a_lost_task_a_placeholder(tmp_path, stub_task):
    task, run = stub_task("steady", "terse"), tmp_path / "a run"
    assert call("compare", task, "--arm", "steady", "--out", run).exit_code == 0
    commands = [line.strip() for line in call("report", run).output.splitlines() if line.startswith("  harness ")]
    assert shlex.join(["harness", "compare", str(task), f"--out={run}"]) in commands
    task.unlink()
    assert "  harness compare TASK_FILE" in call("report", run).output.splitlines()


def test_word_that_is_no_verdict_is_refused_with_those_that_are(tmp_path):
    result = call("compare", tmp_path, "--fail-on", "undecided,tune")
    assert result.exit_code == 2
    assert "'tune' is not a verdict; give some of prompt, rag, fine_tune, combine, rethink, undecided" in result.output


def test_options_that_do_not_go_together_are_refused_before_anything_is_loaded(tmp_path, stub_task):
    result = call("compare", stub_task("steady"), "--out", tmp_path / "run", "--adaptive", "--fast")
    assert result.exit_code == 2
    assert "--adaptive and --fast do not go together" in result.output
    assert not (tmp_path / "run").exists()


def test_items_asked_in_rounds_are_told_at_the_end_of_a_run(tmp_path, stub_task):
    task = stub_task("steady", extra="goal: {at_least: 0.9}\n")
    rows = [f'{{"id": "t{i}", "input": "What is item {i}?", "target": "answer {i % 3}"}}\n' for i in range(90)]
    (task.parent / "test.jsonl").write_text("".join(rows))
    result = call("compare", task, "--out", tmp_path / "run", "--adaptive")
    said = " ".join(result.output.split())
    assert result.exit_code == 0
    assert "steady was asked 30 of 90 items: it is below the goal" in said
    assert "stopping early raises no chance of error" in said
    assert "steady was asked 30 of 90 items" in " ".join(call("report", tmp_path / "run").output.split())

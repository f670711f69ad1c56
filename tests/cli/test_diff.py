"""`harness diff` on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from stub_ground import no_torch, own_cache, stub_task, third_party

from harness.cli import main

__all__ = ["no_torch", "own_cache", "stub_task", "third_party"]


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def runs(tmp_path, stub_task, monkeypatch):
    """Two runs: the second one has another goal."""
    monkeypatch.chdir(tmp_path)
    task = stub_task("steady", "tuned")
    assert call("compare", task, "--out", "then").exit_code == 0
    task.write_text(task.read_text() + "goal: {at_least: 0.5}\n")
    assert call("compare", task, "--out", "now").exit_code == 0


def test_verdicts_end_the_output_and_what_differs_is_named(runs):
    result = call("diff", "then", "now", "--pair", "steady:tuned")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[-2].startswith("then: ")
    assert lines[-1].startswith("now:  ")
    assert "  task: goal.at_least: 0.9 → 0.5" in lines
    assert lines.index("steady → tuned: items that flipped") < next(i for i, x in enumerate(lines) if x[:4] == "arm ")


def test_json_and_markdown_are_what_is_written_beside_the_page(runs):
    shown = call("diff", "then", "now", "--json", "--out", "both")
    assert json.loads(shown.output) == json.loads(Path("both/diff.json").read_text())
    assert call("diff", "then", "now", "--markdown").output.strip() == Path("both/diff.md").read_text().strip()
    assert "<!doctype html>" in Path("both/diff.html").read_text()
    assert Path("both/diff.html").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pair", "steady"], "'steady' names no two arms; write THEN:NOW"),
        (["--json", "--markdown"], "give one of them"),
    ],
)
def test_wrong_use_is_refused_in_a_sentence(runs, arguments, said):
    result = call("diff", "then", "now", *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_folder_that_is_no_run_is_refused(runs, tmp_path):
    (tmp_path / "empty").mkdir()
    result = call("diff", "then", "empty")
    assert result.exit_code == 2
    assert "is not a run folder" in result.output

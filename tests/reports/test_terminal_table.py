"""The table that ends a run on the terminal: it fits, marks the winner, and ends with commands that can be pasted."""

import dataclasses
import shlex
from pathlib import Path

import pytest

from harness.api.summary import cells
from harness.cli.results import MARK, SPARED, next_commands, print_results


@pytest.fixture
def shown(run, capsys, monkeypatch):
    """Print a run at a width and return its lines, those above the first empty one apart."""

    def shown(width, found=run):
        monkeypatch.setenv("COLUMNS", str(width))
        print_results(found, Path("runs/a b/report.html"), "harness compare 'my task'")
        lines = capsys.readouterr().out.splitlines()
        return lines[: lines.index("")], lines[lines.index("") :]

    return shown


@pytest.mark.parametrize("width", [60, 80, 200])
def test_table_fits_the_terminal_and_has_every_arm_with_its_figure(shown, run, width):
    above, _ = shown(width)
    table = above[: 1 + next(i for i, line in enumerate(above) if run.evidence[-1].arm in line)]
    assert max(map(len, table)) <= width
    for row in cells(run):
        (line,) = [line for line in table if line.removeprefix(MARK).strip().startswith((f"{row[0]} ", f"{row[0]}:"))]
        assert row[1] in line and row[2] in line


def test_columns_that_were_left_out_are_named(shown):
    assert not any("not shown" in line for line in shown(200)[0])
    (said,) = [line for line in shown(80)[0] if line.startswith("not shown for lack of width: ")]
    assert set(said.partition(": ")[2].partition(";")[0].split(", ")) <= set(SPARED)


def test_only_the_recommended_arm_is_marked(shown, run):
    marked = [line for line in shown(200)[0] if line.startswith(MARK)]
    assert run.decision.arm is not None
    assert [line.split()[1] for line in marked] == [run.decision.arm]
    undecided = dataclasses.replace(run, decision=dataclasses.replace(run.decision, arm=None))
    assert not any(line.startswith(MARK) for line in shown(200, undecided)[0])


def test_last_lines_are_commands_with_quoted_paths(shown):
    _, below = shown(80)
    commands = [line.strip() for line in below if line.startswith("  harness ")]
    assert "harness export 'runs/a b' --verify" in commands
    assert "harness compare 'my task'" in commands  # arms failed
    for command in commands:
        assert shlex.split(command)[0] == "harness"


def test_smoke_run_is_followed_by_the_whole_one_alone(run):
    smoke = dataclasses.replace(run, is_fast=True)
    assert [command for _, command in next_commands(smoke, Path("r"), "harness compare t")] == ["harness compare t"]

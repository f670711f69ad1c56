"""The command as a stranger meets it: on a machine where nothing was fetched, and where everything is there."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.engine.cache import make_whole
from harness.general.assets import embedded_model_folder, items_folder


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """Stand in an empty folder, with a cache in which nothing is."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def told(*arguments: str):
    return CliRunner().invoke(main, ["doctor", *arguments])


def test_what_was_not_fetched_ends_with_1_and_names_set_up(bare):
    result = told()
    assert result.exit_code == 1
    assert "FAULT    model" in result.output and "-> harness setup" in result.output
    assert result.output.splitlines()[-1] == "harness compare lacks something: 2 faults above."


def test_machine_that_has_all_ends_with_0(bare):
    for folder in (embedded_model_folder(), items_folder()):
        make_whole(folder, lambda making: (making / "file").write_text("something"))
    result = told()
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "harness compare has all that it needs."


def test_json_holds_every_line_that_is_printed(bare):
    result = told("--json")
    said = json.loads(result.output)
    assert (result.exit_code, said["is_ready"]) == (1, False)
    faults = {finding["subject"] for finding in said["findings"] if finding["state"] == "fault"}
    assert faults == {"model", "benchmarks"}
    printed = " ".join(told().output.split())
    for finding in said["findings"]:
        assert " ".join(finding["text"].split()[:4]) in printed
        assert bool(finding["remedy"]) == (finding["state"] != "ok")


def test_lines_fit_a_terminal_of_80_columns_but_for_paths(bare):
    for line in told().output.splitlines():
        assert len(line) <= 80 or "/" in line.split()[-1], line

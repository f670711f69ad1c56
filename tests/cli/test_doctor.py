"""The command as a stranger meets it: on a machine where nothing was fetched, and where everything is there."""

import json
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from harness.assets.cache import make_whole
from harness.assets.models import embedded_model_folder
from harness.cli import main
from harness.general.assets import items_folder


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


def without_figures(text):
    return re.sub(r"\d+(\.\d+)?", "#", " ".join(text.split()))


def test_json_holds_every_line_that_is_printed(bare):
    result = told("--json")
    said = json.loads(result.output)
    assert (result.exit_code, said["is_ready"]) == (1, False)
    faults = {finding["subject"] for finding in said["findings"] if finding["state"] == "fault"}
    assert faults == {"model", "benchmarks"}
    printed = without_figures(told().output)  # free memory is another one by now
    for finding in said["findings"]:
        assert " ".join(without_figures(finding["text"]).split()[:4]) in printed
        assert bool(finding["remedy"]) == (finding["state"] != "ok")


def test_lines_fit_a_terminal_of_80_columns_but_for_paths(bare):
    for line in told().output.splitlines():
        assert len(line) <= 80 or "/" in line.split()[-1], line


def from_a_shell(site, *arguments: str):
    """Run the command with the modules in `site` ahead of those that are installed."""
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", "-c", "from harness.cli import main; main()", "doctor", *arguments]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)


def test_package_of_another_version_is_a_fault_with_the_command_that_helps(tmp_path):
    (tmp_path / "peft-0.1.dist-info").mkdir()
    (tmp_path / "peft-0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: peft\nVersion: 0.1\n")
    done = from_a_shell(tmp_path, "--json")
    (peft,) = [one for one in json.loads(done.stdout)["findings"] if one["subject"] == "peft"]
    assert (done.returncode, peft["state"]) == (1, "fault")
    assert peft["text"].startswith("0.1 is installed") and peft["remedy"].startswith("pip install 'peft")


def test_package_that_the_examination_itself_needs_is_named_without_a_traceback(tmp_path):
    (tmp_path / "psutil.py").write_text("raise ModuleNotFoundError('No module named psutil', name='psutil')\n")
    done = from_a_shell(tmp_path)
    assert (done.returncode, done.stderr) == (2, "Error: package 'psutil' is not installed; give: pip install psutil\n")

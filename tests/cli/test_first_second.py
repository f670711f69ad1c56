"""Ctrl-C while the command is still being imported is as clean as later."""

import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

# As the installed script does it, with a word when its first line is done.
START = "import sys; from harness.start import main; print('begun', file=sys.stderr, flush=True); main()"


def heed_signals():
    """Programs that a script puts into the background do not hear Ctrl-C; those of a terminal do."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("delay", [0.01, 0.03, 0.1, 0.2, 0.4, 0.8])
def test_ctrl_c_in_the_first_second_leaves_no_traceback(tmp_path, delay):
    command = [sys.executable, "-c", START, "compare", str(tmp_path / "pipe")]
    (tmp_path / "pipe").write_text("version: 1\n")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_signals)
    assert process.stderr.readline() == "begun\n"
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
    # ended by the signal itself, by the command that heard it, or already at its end
    assert process.returncode in (-signal.SIGINT, 130, 2), said


def test_installed_command_begins_there():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"]["harness"] == "harness.start:main"


SWALLOWED = """
import os, signal, time
import harness.cli.schema
from harness.cli import main

def dumps(*arguments, **options):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
    except BaseException as stop:
        raise ValueError("Error building `dataclass` serializer") from stop  # as pydantic's core does

harness.cli.schema.json.dumps = dumps
main(["schema"])
"""


def test_signal_that_a_library_turns_into_a_fault_of_its_own_is_an_interruption():
    done = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, text=True)
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    assert done.stderr.endswith("\ninterrupted\n")  # this command keeps nothing
    assert "fault of harness" not in done.stderr


def test_nothing_that_takes_time_is_imported_before_ctrl_c_is_heard():
    shown = "import sys; before = set(sys.modules); import harness.start; print(*sorted(set(sys.modules) - before))"
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {root!r}); {shown}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["harness", "harness.start"]

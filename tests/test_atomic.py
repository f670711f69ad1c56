"""Folders that are whole or absent, whatever ends the process that makes them."""

import os
import signal
import subprocess
import sys

import pytest

from harness.atomic import locked, making, whole_folder

MAKE = """
import os, signal, sys
from pathlib import Path
from harness.atomic import whole_folder

with whole_folder(Path(sys.argv[1])) as folder:
    (folder / "new").write_text("whole")
    os.kill(os.getpid(), signal.SIGKILL)
"""
HOLD = """
import sys
from pathlib import Path
from harness.atomic import locked

with locked(Path(sys.argv[1]), waits=sys.argv[2] == "waits"):
    print("held", flush=True)
    sys.stdin.read()
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_folder_takes_the_place_of_the_older_one_as_a_whole(tmp_path):
    target = tmp_path / "deeper" / "target"
    for name in ("old", "new"):
        with whole_folder(target) as folder:
            (folder / name).write_text(name)
            assert names(target) == ["old"] if name == "new" else not target.exists()
        assert names(target) == [name]
    assert names(target.parent) == ["target"]


def test_fault_in_the_block_leaves_what_was_there(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "old").touch()
    with pytest.raises(OSError, match="full"), whole_folder(tmp_path / "target") as folder:
        (folder / "new").touch()
        raise OSError("full")
    assert (names(tmp_path), names(tmp_path / "target")) == (["target"], ["old"])


def test_killed_process_leaves_no_folder_that_looks_whole(tmp_path):
    done = subprocess.run([sys.executable, "-c", MAKE, str(tmp_path / "target")])
    assert done.returncode == -signal.SIGKILL
    [left] = names(tmp_path)
    assert left.startswith(".target.") and left.endswith(".part")


def test_what_a_process_of_the_same_number_left_is_not_taken_up(tmp_path):
    left = tmp_path / f".target.{os.getpid()}.part"
    left.mkdir()
    (left / "old").touch()
    with making(tmp_path / "target") as folder:
        assert (folder, names(folder)) == (left, [])
    assert names(tmp_path) == []


def holder(file, how="at once"):
    command = [sys.executable, "-c", HOLD, str(file), how]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_lock_is_refused_to_others_until_its_holder_is_gone(tmp_path):
    with holder(tmp_path / "lock") as first:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), locked(tmp_path / "lock", waits=False):
            pass
        with holder(tmp_path / "lock", "waits") as second:
            first.kill()
            assert second.stdout.readline() == "held\n"
            second.stdin.close()
    with locked(tmp_path / "lock", waits=False):
        pass

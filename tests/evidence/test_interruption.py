"""The command as a shell starts it, stopped in the ways in which runs are stopped."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.store.folder import RunFolder

HARNESS = Path(sys.executable).with_name("harness")


def heed_signals():
    """A terminal's programs hear Ctrl-C; those that a script puts into the background do not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def start(task: Path, out: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [HARNESS, "compare", str(task), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # the group to which a terminal would send
        preexec_fn=heed_signals,
    )


def wait_for(process: subprocess.Popen, words: str) -> str:
    """Read what the command says up to the line that holds these words."""
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"it ended with {process.wait()} and never said {words!r}")


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_until_gone(pids) -> None:
    deadline = time.monotonic() + 10
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline, "something is still running"
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_training_ends_everything_and_says_how_to_resume(tmp_path, stub_task, monkeypatch, number, code):
    path = stub_task("steady", "training")
    process = start(path, tmp_path / "run")
    pids = [int(pid) for pid in re.findall(r"training in (\d+) and (\d+)", wait_for(process, "training in"))[0]]
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=10)
    assert process.returncode == code
    assert "give the same command again to resume" in said
    assert "Traceback" not in said
    wait_until_gone(pids)
    with RunFolder(tmp_path / "run").locked():
        pass  # the lock is free
    monkeypatch.setenv("TRAIN_ON", "1")
    again = subprocess.run([HARNESS, "compare", path, "--out", tmp_path / "run"], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "steady: begins" not in again.stderr


@pytest.mark.parametrize("words", ["reading", "run folder", "loading the model", "benchmarks", "answering test"])
def test_ctrl_c_ends_with_130_at_any_moment(tmp_path, stub_task, monkeypatch, words):
    monkeypatch.setenv("SCORECARD_PACE", "0.3")  # seconds that a batch takes
    process = start(stub_task("steady"), tmp_path / "run")
    wait_for(process, words)
    below = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "interrupted; what is finished is kept: give the same command again to resume" in said
    assert "Traceback" not in said
    wait_until_gone([child.pid for child in below])


def test_ctrl_c_while_outputs_are_written_ends_with_130_and_nothing_half_written(tmp_path, stub_task, third_party):
    """The report is drawn by a format of somebody else's that takes its time."""
    (third_party / "somebody_elses_report.py").write_text(
        "import sys, time\n"
        "class Slow:\n"
        "    name = 'slow'\n"
        "    def render(self, run):\n"
        "        print('drawing', file=sys.stderr, flush=True)\n"
        "        time.sleep(60)\n"
    )
    points = third_party / "somebody_elses-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "[harness.reports]\nslow = somebody_elses_report:Slow\n")
    process = start(stub_task("steady"), tmp_path / "run")
    wait_for(process, "drawing")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    assert list((tmp_path / "run").glob("*.part")) == []


def test_killed_orchestrator_takes_worker_and_trainer_with_it_and_the_next_run_resumes(
    tmp_path, stub_task, monkeypatch
):
    path = stub_task("steady", "training")
    process = start(path, tmp_path / "run")
    pids = [int(pid) for pid in re.findall(r"training in (\d+) and (\d+)", wait_for(process, "training in"))[0]]
    process.kill()
    wait_until_gone(pids)
    process.communicate()
    monkeypatch.setenv("TRAIN_ON", "1")
    again = subprocess.run([HARNESS, "compare", path, "--out", tmp_path / "run"], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "steady: begins" not in again.stderr


def test_second_run_of_a_folder_is_refused_while_the_first_works(tmp_path, stub_task):
    path = stub_task("training")
    process = start(path, tmp_path / "run")
    wait_for(process, "training in")
    second = subprocess.run([HARNESS, "compare", path, "--out", tmp_path / "run"], capture_output=True, text=True)
    assert second.returncode == 2
    assert "another run is using" in second.stderr
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=10)


def test_two_runs_that_begin_at_once_in_a_new_folder_one_refuses(tmp_path, stub_task):
    path = stub_task("training")
    both = [start(path, tmp_path / "run") for _ in range(2)]
    deadline = time.monotonic() + 20
    while all(process.poll() is None for process in both):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    refused, other = sorted(both, key=lambda process: process.poll() is None)
    assert refused.returncode == 2
    assert "another run is using" in refused.communicate()[1]
    wait_for(other, "training in")
    os.killpg(other.pid, signal.SIGINT)
    other.communicate(timeout=10)


def test_run_folder_that_is_removed_on_the_way_is_named_as_gone(tmp_path, stub_task):
    out = tmp_path / "run"
    process = start(stub_task("steady", "training"), out)
    pids = [int(pid) for pid in re.findall(r"training in (\d+) and (\d+)", wait_for(process, "training in"))[0]]
    shutil.rmtree(out)
    os.kill(pids[0], signal.SIGKILL)  # the arm ends, which is to be written down
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert f"{out} is gone" in said
    assert "finished is kept" not in said

"""The supervisor against worker processes that are scripts of a few lines: each ends in a way of its own."""

import os
import queue
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from harness.engine import faults
from harness.evidence.supervise import Supervisor, WorkerDied

# A worker's two ends; `job` is what it was sent last.
OPENING = """
import json, os, signal, subprocess, sys, time
def say(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
"""


@pytest.fixture
def supervise(tmp_path):
    """Return a function that makes a supervisor of workers which do `body` for every job."""
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)

    def make(body: str, stall_seconds: float = 20.0) -> Supervisor:
        script = OPENING + textwrap.indent(textwrap.dedent(body), "    ")
        command = [sys.executable, "-S", "-c", script]
        return Supervisor(command, log=tmp_path / "run.log", lock=lock, stall_minutes=stall_seconds / 60)

    yield make
    os.close(lock)


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_worker_that_says_nothing_is_killed_with_its_children_and_the_stage_is_named(supervise):
    body = """
    child = subprocess.Popen(["sleep", "600"])
    say("progress", stage="training", child=child.pid, worker=os.getpid())
    time.sleep(600)
    """
    supervisor = supervise(body, stall_seconds=1.2)
    started, events = time.monotonic(), []
    with pytest.raises(WorkerDied, match=r"said nothing for 0\.02 min during training.*budget\.stall_minutes") as died:
        for event in supervisor.do({}):
            events.append(event)
    assert time.monotonic() - started < 10
    assert not died.value.is_memory
    assert not is_running(events[0]["worker"])
    wait_until(lambda: not is_running(events[0]["child"]))


def test_worker_that_speaks_now_and_then_may_take_longer_than_the_deadline(supervise):
    body = """
    for step in range(8):
        say("progress", stage="training")
        time.sleep(0.3)
    say("end")
    """
    supervisor = supervise(body, stall_seconds=1.5)
    started = time.monotonic()
    assert [event["event"] for event in supervisor.do({})][-1] == "end"
    assert time.monotonic() - started > 1.5
    supervisor.__exit__(None, None, None)


PATIENT = """
import os, sys
from pathlib import Path
from harness.evidence.supervise import Supervisor

lock = os.open(sys.argv[1] + "/lock", os.O_CREAT | os.O_RDWR)
with Supervisor(sys.argv[2:], log=Path(sys.argv[1]) / "run.log", lock=lock, stall_minutes=1.5 / 60) as supervisor:
    for event in supervisor.do({}):
        print(event["event"], flush=True)
"""


def test_orchestrator_that_was_stopped_for_a_while_does_not_take_its_worker_for_silent(tmp_path):
    body = """
    for step in range(15):
        say("progress", stage="training")
        time.sleep(0.3)
    say("end")
    """
    worker = [sys.executable, "-S", "-c", OPENING + textwrap.indent(textwrap.dedent(body), "    ")]
    orchestrator = subprocess.Popen(
        [sys.executable, "-c", PATIENT, str(tmp_path), *worker], stdout=subprocess.PIPE, text=True
    )
    orchestrator.stdout.readline()
    orchestrator.send_signal(signal.SIGSTOP)  # Ctrl-Z
    time.sleep(3)
    orchestrator.send_signal(signal.SIGCONT)
    said, _ = orchestrator.communicate(timeout=20)
    assert orchestrator.returncode == 0
    assert said.splitlines()[-1] == "end"


@pytest.mark.parametrize(
    ("ending", "cause", "is_memory"),
    [
        ("os._exit(7)", "exit code 7", False),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "killed by signal 11", False),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed by signal 9\\)", False),
    ],
)
def test_death_in_a_job_names_its_cause_and_ends_what_the_worker_started(
    supervise, monkeypatch, ending, cause, is_memory
):
    monkeypatch.setattr(faults, "memory_kills", lambda: 0)  # a system that counts, and killed nothing for memory
    monkeypatch.setattr("harness.evidence.supervise.memory_kills", lambda: 0)
    body = f"""
    child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
    say("progress", stage="learning", child=child.pid)
    {ending}
    """
    supervisor = supervise(body)
    events = []
    with pytest.raises(WorkerDied, match=f"during learning.*{cause}") as died:
        for event in supervisor.do({}):
            events.append(event)
    assert died.value.is_memory == is_memory
    assert died.value.is_killed == ("SIGKILL" in ending)
    wait_until(lambda: not is_running(events[0]["child"]))


@pytest.mark.parametrize("counts", [(3, 4), (None, None)], ids=["counted", "nobody counts"])
def test_kill_by_a_system_that_lacks_memory_is_told_from_others(supervise, monkeypatch, counts):
    said = iter(counts)
    monkeypatch.setattr(faults, "memory_kills", lambda: next(said))
    monkeypatch.setattr("harness.evidence.supervise.memory_kills", faults.memory_kills)
    with pytest.raises(WorkerDied, match="because memory ran out") as died:
        list(supervise("os.kill(os.getpid(), signal.SIGKILL)").do({}))
    assert (died.value.is_memory, died.value.is_killed) == (True, False)


def test_last_word_of_a_worker_that_ended_while_nobody_listened_is_heard(supervise, monkeypatch):
    class Late(queue.Queue):
        """As after a Ctrl-Z: the first look times out although the worker has spoken, and ended."""

        def get(self, *given, **named):
            if not hasattr(self, "looked"):
                self.looked = True
                wait_until(lambda: self.qsize() == 2)  # the event, and the end behind it
                worker.wait()
                raise queue.Empty
            return super().get(*given, **named)

    popen = subprocess.Popen
    monkeypatch.setattr(queue, "Queue", Late)
    supervisor = supervise("""
    say("failed", kind="memory", is_last=True)
    os._exit(1)
    """)

    def start(*given, **named):
        nonlocal worker
        worker = popen(*given, **named)
        return worker

    worker = None
    monkeypatch.setattr(subprocess, "Popen", start)
    assert [event["event"] for event in supervisor.do({})] == ["failed"]


def test_child_that_holds_the_dead_workers_output_open_does_not_hide_the_death(supervise):
    body = """
    subprocess.Popen(["sleep", "600"])  # inherits standard output
    os._exit(7)
    """
    started = time.monotonic()
    with pytest.raises(WorkerDied, match="exit code 7"):
        list(supervise(body, stall_seconds=600).do({}))
    assert time.monotonic() - started < 10


def test_next_job_after_a_death_gets_a_new_worker(supervise):
    body = """
    if job["name"] == "dying":
        os._exit(7)
    say("end", worker=os.getpid())
    """
    with supervise(body) as supervisor:
        [first] = supervisor.do({"name": "a"})
        with pytest.raises(WorkerDied):
            list(supervisor.do({"name": "dying"}))
        [second] = supervisor.do({"name": "b"})
    assert first["worker"] != second["worker"]
    assert not is_running(second["worker"])


def test_worker_that_died_while_idle_costs_no_job(supervise):
    body = """
    say("end", worker=os.getpid())
    """
    with supervise(body) as supervisor:
        [first] = supervisor.do({})
        os.kill(first["worker"], 9)
        wait_until(lambda: not is_running(first["worker"]))
        [second] = supervisor.do({})
    assert second["worker"] != first["worker"]


def test_half_an_event_of_a_dying_worker_is_no_event(supervise):
    body = """
    say("progress", stage="learning")
    sys.stdout.write('{"event": "progress", "stage": "hal')
    sys.stdout.flush()
    os._exit(3)
    """
    events = []
    with pytest.raises(WorkerDied, match="during learning.*exit code 3"):
        for event in supervise(body).do({}):
            events.append(event)
    assert len(events) == 1


def test_worker_that_calls_its_failure_the_last_is_replaced(supervise):
    body = """
    if job["name"] == "failing":
        say("failed", reason="CUDA error", kind="unknown", is_last=True, worker=os.getpid())
        time.sleep(600 if job["lingers"] else 0)
        os._exit(1)
    say("end", worker=os.getpid())
    """
    with supervise(body) as supervisor:
        [failed] = supervisor.do({"name": "failing", "lingers": False})
        [after] = supervisor.do({"name": "good"})
    assert after["event"] == "end"
    assert after["worker"] != failed["worker"]


def test_stopping_in_a_hurry_leaves_nobody(supervise):
    body = """
    child = subprocess.Popen(["sleep", "600"])
    say("progress", stage="training", child=child.pid, worker=os.getpid())
    time.sleep(600)
    """
    with pytest.raises(KeyboardInterrupt), supervise(body) as supervisor:
        for event in supervisor.do({}):
            pids = event["child"], event["worker"]
            raise KeyboardInterrupt
    wait_until(lambda: not any(map(is_running, pids)))


def test_worker_whose_orchestrator_is_gone_ends_with_all_that_it_started(tmp_path):
    """The real worker process: standard input ends, as it does when the orchestrator is killed."""
    code = (
        "import subprocess, sys; subprocess.Popen(['sleep', '600']); from harness.evidence.worker import main; main()"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), "model"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
    me = psutil.Process(worker.pid)
    wait_until(lambda: me.children())
    [child] = me.children()
    worker.stdin.close()
    worker.wait(timeout=10)
    wait_until(lambda: not is_running(child.pid))


def test_line_that_is_no_event_goes_to_the_log_and_ends_no_run(supervise, tmp_path):
    supervisor = supervise('print("a library greets", flush=True)\nsay("end")')
    assert [event["event"] for event in supervisor.do({})] == ["end"]
    supervisor.__exit__(None, None, None)
    assert (tmp_path / "run.log").read_text() == "a library greets\n"

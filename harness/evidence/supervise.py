"""Keeps one worker process at work, ends it when it hangs, and replaces it when it is gone."""

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.engine.faults import memory_kills, was_for_memory

STOP_SECONDS = 20  # a worker that does not end by itself is killed then
LOOK_SECONDS = 1.0  # how often a silent worker is looked after


class WorkerDied(Exception):
    """The worker process ended, or was ended, in the middle of a job."""

    def __init__(self, reason: str, *, is_memory: bool = False, is_killed: bool = False) -> None:
        self.is_memory = is_memory  # the system may have killed it to free memory
        self.is_killed = is_killed  # by signal 9, and not by a system that counts what it kills for memory
        super().__init__(reason)


class Supervisor:
    """Starts a worker when there is a job, sends jobs, and passes its events on.

    The worker leads a process group of its own: whatever it started is ended with it, and a
    terminal's Ctrl-C reaches the orchestrator alone.
    """

    def __init__(self, command: Sequence[str], *, log: Path, lock: int, stall_minutes: float) -> None:
        """Take note of how a worker is started.

        Args:
            command: What starts a worker that reads jobs and writes events, a JSON object a line.
            log: File that its standard error is added to.
            lock: Descriptor that it holds too, so that no second run begins beside it.
            stall_minutes: A worker that says nothing for so long is ended.
        """
        self._command = list(command)
        self._log = log
        self._lock = lock
        self._stall_minutes = stall_minutes
        self._worker: _Worker | None = None

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._worker is not None:
            self._worker.stop(seconds=0 if kind else STOP_SECONDS)

    def renew(self) -> None:
        """Let the worker end; the next job gets a new process, with nothing of the last model in memory."""
        if self._worker is not None:
            self._worker.stop(seconds=STOP_SECONDS)
            self._worker = None

    def do(self, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Send a job and yield its events; the last one is 'end' or 'failed'.

        Raises:
            WorkerDied: If the process ends first, or hangs; the next job gets a new one.
        """
        worker = self._send(job)
        stage = "its start"
        while True:
            event = worker.next_event(self._stall_minutes * 60)
            if event is None:
                self._worker = None
                raise self._death(worker, stage)
            stage = event.get("stage", stage)
            if event["event"] == "failed" and event["is_last"]:
                self._worker = None
                worker.stop(seconds=STOP_SECONDS)
            yield event
            if event["event"] in ("end", "failed"):
                return

    def _send(self, job: dict[str, Any]) -> "_Worker":
        line = json.dumps(job) + "\n"
        if self._worker is not None:
            if self._worker.take(line):
                return self._worker
            self._worker.stop(seconds=0)  # it died while idle: no job of its is lost
        self._worker = _Worker(self._command, self._log, self._lock)
        self._worker.take(line)
        return self._worker

    def _death(self, worker: "_Worker", stage: str) -> WorkerDied:
        if worker.is_gone:
            code = worker.stop(seconds=STOP_SECONDS)
            is_killed = code == -signal.SIGKILL
            is_memory = is_killed and was_for_memory(worker.memory_kills)
            cause = "killed by signal 9, most often because memory ran out" if is_memory else _cause(code)
            text = f"the worker process died during {stage} ({cause}); the last lines of run.log say more"
            return WorkerDied(text, is_memory=is_memory, is_killed=is_killed and not is_memory)
        worker.stop(seconds=0)
        return WorkerDied(
            f"the worker said nothing for {self._stall_minutes:g} min during {stage}, so it was ended; "
            "if this machine needs longer, raise budget.stall_minutes"
        )


class _Worker:
    """One process, and a thread that reads what it says."""

    def __init__(self, command: Sequence[str], log: Path, lock: int) -> None:
        self.memory_kills = memory_kills()  # of the whole system, so far
        with log.open("a", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                pass_fds=(lock,),
                process_group=0,
            )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.is_gone = False  # it closed its output

    def take(self, line: str) -> bool:
        """Send a line; return whether there is a process that can read it."""
        assert self._process.stdin is not None  # a pipe
        if self._process.poll() is not None:
            return False
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def next_event(self, seconds: float) -> dict[str, Any] | None:
        """Wait for an event; None when the process is gone, or said nothing for so long."""
        silent = 0.0  # counted in looks: while this process itself is stopped, no worker can be heard
        has_ended = False
        while not self.is_gone and silent < seconds:
            try:
                line = self._lines.get(timeout=min(seconds - silent, LOOK_SECONDS))
            except queue.Empty:
                silent += LOOK_SECONDS
                self.is_gone = has_ended  # a child of its may hold its output open; its last word was waited for
                has_ended = self._process.poll() is not None
                continue
            if line is not None:
                event: dict[str, Any] = json.loads(line)
                return event
            self.is_gone = True
        return None

    def stop(self, seconds: float) -> int:
        """Let it end by itself for so long, then kill it; end whatever it left behind. Returns its exit code."""
        assert self._process.stdin is not None and self._process.stdout is not None  # pipes
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=seconds)
        with suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says the second of zombies
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self._reader.join(timeout=LOOK_SECONDS)
        if not self._reader.is_alive():
            self._process.stdout.close()
        return code

    def _read(self) -> None:
        """Put whole lines into the queue, and None behind the last one."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # else it died while it wrote
                self._lines.put(line)
        self._lines.put(None)


def _cause(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

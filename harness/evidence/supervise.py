"""Keeps one worker process at work, ends it when it hangs, and replaces it when it is gone."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.child import Child
from harness.engine.faults import memory_kills, was_for_memory
from harness.store.files import appending

STOP_SECONDS = 20  # a worker that does not end by itself is killed then


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
        self._worker: Child | None = None
        self._memory_kills: int | None = None  # when the worker began

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
            event = worker.receive_object(self._stall_minutes * 60, self._note)
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

    def _send(self, job: dict[str, Any]) -> Child:
        line = json.dumps(job)
        if self._worker is not None:
            if self._worker.send(line):
                return self._worker
            self._worker.stop(seconds=0)  # it died while idle: no job of its is lost
        self._memory_kills = memory_kills()
        with appending(self._log) as errors:
            self._worker = Child(self._command, errors=errors, descriptors=[self._lock], leads_group=True)
        self._worker.send(line)
        return self._worker

    def _note(self, line: str) -> None:
        """Keep a line that is not an event."""
        with suppress(OSError), appending(self._log) as log:
            log.write(line)

    def _death(self, worker: Child, stage: str) -> WorkerDied:
        if worker.is_gone:
            code = worker.stop(seconds=STOP_SECONDS)
            is_killed = code == -signal.SIGKILL
            is_memory = is_killed and was_for_memory(self._memory_kills)
            cause = "killed by signal 9, most often because memory ran out" if is_memory else _cause(code)
            text = f"the worker process died during {stage} ({cause}); the last lines of run.log say more"
            return WorkerDied(text, is_memory=is_memory, is_killed=is_killed and not is_memory)
        worker.stop(seconds=0)
        return WorkerDied(
            f"the worker said nothing for {self._stall_minutes:g} min during {stage}, so it was ended; "
            "if this machine needs longer, raise budget.stall_minutes"
        )


def _cause(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

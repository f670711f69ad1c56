"""Keeps one worker process at work, and replaces it when it dies."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import psutil

from harness.store.folder import RunFolder

SAMPLE_SECONDS = 0.5
STOP_SECONDS = 20  # a worker that does not end by itself is killed then


class WorkerDied(Exception):
    """The worker process ended in the middle of a job."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"the worker process died ({_cause(code)}); the last lines of run.log say more")


class Supervisor:
    """Starts a worker when there is a job, sends jobs, and passes its events on."""

    def __init__(self, folder: RunFolder, model: str, *, is_fast: bool, lock: int) -> None:
        self._command = [sys.executable, "-m", "harness.evidence.worker", str(folder.path), model]
        if is_fast:
            self._command.append("--fast")
        self._log = folder.log
        self._lock = lock  # held by the worker too, so that no second run begins beside it
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop(is_urgent=kind is not None)

    @property
    def pid(self) -> int | None:
        """The worker's process id while it lives."""
        return self._process.pid if self._process else None

    def do(self, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Send a job and yield its events; the last one is 'end' or 'failed'.

        Raises:
            WorkerDied: If the process ends first; the next job gets a new one.
        """
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # both are pipes
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it died while idle; its output ends at once
        for line in process.stdout:
            if not line.endswith("\n"):
                break  # it died while it wrote
            event: dict[str, Any] = json.loads(line)
            yield event
            if event["event"] in ("end", "failed"):
                return
        self._process = None
        with process:  # closes its pipes
            raise WorkerDied(process.wait())

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is not None:
            self._process.communicate()  # it died while idle: no job of its is lost
            self._process = None
        if self._process is None:
            with self._log.open("a", encoding="utf-8") as log:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    pass_fds=(self._lock,),
                )
        return self._process

    def _stop(self, *, is_urgent: bool) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        if is_urgent:
            process.terminate()
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        for child in children:
            if child.is_running():
                child.kill()


class MemoryWatch:
    """Samples the memory of this process and all below it, and keeps the largest sum.

    Where the system tells (Linux), shared pages are divided among those that share them; elsewhere
    they are counted in each, and the sum is an upper bound.
    """

    def __init__(self) -> None:
        self.peak_mb = _memory_mb()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            self.peak_mb = max(self.peak_mb, _memory_mb())


def _memory_mb() -> float:
    me = psutil.Process()
    total = 0
    for process in (me, *me.children(recursive=True)):
        try:
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except psutil.Error:
            continue  # it ended between the two calls
    return total / 2**20


def _cause(code: int) -> str:
    if code == -9:
        return "killed by signal 9, most often because memory ran out"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

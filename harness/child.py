"""Child processes: started from what is installed, never from the user's folder, and spoken to by lines."""

import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from harness.environment import defaults

MARK = "HARNESS_CHILD"  # the variable that names the child which a process belongs to
LOOK_SECONDS = 1.0  # how often a silent process is looked after


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs an installed module in a process of its own.

    `python -m` alone puts the working folder first on the path, so that a `harness` or a `json.py` of the user's
    would be imported instead of ours; -P leaves it out, there and in what that process starts in turn.

    Args:
        module: Dotted name of the module.
        arguments: What the module finds in `sys.argv[1:]`.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def variables(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a child finds set: what is set here, less what would put the working folder on a Python's path.

    Defaults of `harness.environment` are there. PYTHONSAFEPATH is for what the child starts in turn. An empty or
    relative entry of PYTHONPATH, as a line such as `PYTHONPATH=$PYTHONPATH:/lib` leaves where the variable was not
    set, stands for the working folder too.

    Args:
        extra: Set there besides.
    """
    kept = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if Path(entry).is_absolute()]
    paths = {"PYTHONPATH": os.pathsep.join(kept)} if kept else {}
    others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**defaults(), **others, **paths, "PYTHONSAFEPATH": "1", **(extra or {})}


def end_marked(mark: str) -> None:
    """Kill every process that was started with a mark in its environment, whatever session or group it is in.

    A library may start a server of its own that leaves the group (`setsid`) and has nobody above it any more: what it
    inherited still tells whose it is. This process itself is spared. Where the system shows no environments, nothing
    is found.
    """
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and f"{process.environ().get(MARK, '')}/".startswith(f"{mark}/"):
                process.kill()


class Child:
    """A process that reads lines and says lines; a thread listens, so that nobody waits for it without an end."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        errors: IO[Any] | int,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
        leads_group: bool = False,
    ) -> None:
        """Start it.

        Args:
            command: What is run.
            errors: Where its standard error goes, as `Popen` takes it.
            environment: Set there besides what is set here.
            descriptors: Of files that it holds open too.
            leads_group: Whether it leads a process group of its own: whatever it starts is ended with it, also what
                leaves the group, and a terminal's Ctrl-C does not reach it.
        """
        self._mark = f"{os.environ.get(MARK, '')}/{secrets.token_hex(8)}" if leads_group else ""
        marked = {MARK: self._mark} if leads_group else {}
        self._leads_group = leads_group
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            env=variables({**(environment or {}), **marked}),
            pass_fds=tuple(descriptors),
            process_group=0 if leads_group else None,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.is_gone = False  # it says no more

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid

    def send(self, line: str) -> bool:
        """Send a line; return whether there is a process that can read it."""
        assert self._process.stdin is not None  # a pipe
        if self._process.poll() is not None:
            return False
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def receive(self, seconds: float) -> str | None:
        """Wait for a line; None when the process is gone, or said nothing for so long."""
        silent = 0.0  # counted in looks: while this process itself is stopped, no child can be heard
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
                return line
            self.is_gone = True
        return None

    def receive_object(self, seconds: float, aside: Callable[[str], object]) -> dict[str, Any] | None:
        """Wait for a line that is a JSON object; None when the process is gone, or said nothing for so long.

        Args:
            seconds: The longest silence.
            aside: Told every other line, such as one that a library printed before its output was led elsewhere.
        """
        while (line := self.receive(seconds)) is not None:
            try:
                said = json.loads(line)
            except (ValueError, RecursionError):
                said = None
            if isinstance(said, dict):
                return said
            aside(line)
        return None

    def stop(self, seconds: float) -> int:
        """Let it end by itself for so long, then kill it and all that it started. Returns its exit code."""
        assert self._process.stdin is not None and self._process.stdout is not None  # pipes
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=seconds)
        with suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says the second of zombies
            os.killpg(self._process.pid, signal.SIGKILL) if self._leads_group else self._process.kill()
        code = self._process.wait()
        if self._mark:
            end_marked(self._mark)
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

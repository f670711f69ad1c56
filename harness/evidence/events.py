"""How the worker tells the orchestrator what it is doing: one JSON object a line."""

import json
import time
from contextlib import suppress
from typing import Any, TextIO

# Progress more often than this is not readable, and costs a line each.
_PROGRESS_SECONDS = 0.25


class EventWriter:
    """Writes events; progress is thinned, everything else goes out at once."""

    def __init__(self, stream: TextIO, log: TextIO) -> None:
        self._stream = stream
        self._log = log
        self._last = ("", 0.0)

    def emit(self, event: str, **values: Any) -> None:
        """Send one event."""
        self._stream.write(json.dumps({"event": event, **values}) + "\n")
        self._stream.flush()

    def log(self, message: str) -> None:
        """Send one line for whoever watches, and keep it in the run's log."""
        self.emit("log", message=message)
        with suppress(OSError):  # a log that cannot be written ends no run
            self._log.write(message + "\n")
            self._log.flush()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Send how far a stage is."""
        now = time.monotonic()
        is_due = stage != self._last[0] or done >= total or now - self._last[1] >= _PROGRESS_SECONDS
        if is_due:
            self._last = (stage, now)
            self.emit("progress", stage=stage, done=done, total=total)

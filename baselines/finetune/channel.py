"""The line of JSON between the training process and its parent; see `trainer` for what is said."""

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO


class Channel:
    """Both ends of the protocol, as the training process sees them."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        os.dup2(2, 1)  # whatever a library prints joins the log
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        os._exit(0)  # the parent closed the pipe, or died

    def receive(self) -> dict[str, Any]:
        """Wait for the parent's next line."""
        message: dict[str, Any] = json.loads(self._lines.get())
        return message

    def send(self, event: str, **values: object) -> None:
        """Write one line to the parent."""
        self._out.write(json.dumps({"event": event, **values}) + "\n")
        self._out.flush()

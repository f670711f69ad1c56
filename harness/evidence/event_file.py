"""events.jsonl: what a run does, one JSON object a line, for scripts and `harness view`; docs/events.md lists them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.evidence.provenance import now
from harness.regular_files import read_regular
from harness.store.files import appending

EVENTS = "events.jsonl"
VERSION = 2
BEAT_SECONDS = 30.0


class EventFile:
    """Adds events to a run's file; a disk that refuses ends no run, since the ledger and not this file is the truth."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS

    def add(self, event: str, **values: Any) -> None:
        """Write one event with its version and time."""
        line = json.dumps({"v": VERSION, "time": now(), "event": event, **values}, ensure_ascii=False)
        with suppress(OSError, UnicodeEncodeError), appending(self._path) as file:
            file.write(line + "\n")

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Write `alive` now and then until the block ends: some stages take minutes without a word."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(BEAT_SECONDS):
                self.add("alive")

        heart = threading.Thread(target=beat, daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()


def read_events(folder: Path) -> list[dict[str, Any]]:
    """Return the events of a run folder, oldest first; [] where it has none.

    A line that is being written, or was cut by a crash, is passed over, and so is one of another version.
    """
    try:
        lines = read_regular(folder / EVENTS).decode(errors="replace").split("\n")
    except OSError:
        return []
    return [event for line in lines if (event := _event(line)) is not None]


def _event(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("v") == VERSION and "event" in found else None

"""What a run shows while it works: a live line on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from harness.cli.printing import console, moving
from harness.decision.words import duration
from harness.evidence.jobs import Observer
from harness.evidence.states import EndState
from harness.visible import visible

# A log file should show that the run is alive without being flooded.
PLAIN_SECONDS = 15.0


@contextmanager
def observer(stream: TextIO) -> Iterator[Observer]:
    """Lend the display that fits the stream."""
    printed = console(stream)
    if not printed.is_terminal:
        yield PlainDisplay(printed)
        return
    with (
        moving(stream),
        Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=printed,
            transient=True,
        ) as progress,
    ):
        yield LiveDisplay(printed, progress)


class PlainDisplay:
    """One line a stage, and one now and then inside it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = ""
        self._stage = ""
        self._stage_began = self._last_line = 0.0
        self._stage_first = 0  # what was done when the stage was taken up

    def began(self, name: str, number: int, total: int) -> None:
        """Name the job."""
        self._title, self._stage = f"[{number}/{total}] {name}", ""
        self._print(f"{self._title}: begins")

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show a new stage at once, and an old one every PLAIN_SECONDS."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_began, self._stage_first, self._last_line = stage, now, done, now
            self._print(f"{self._title}: {stage}" + (f" (of {total})" if total > 1 else ""))
        elif now - self._last_line >= PLAIN_SECONDS and done > self._stage_first:
            self._last_line = now
            left = (now - self._stage_began) / (done - self._stage_first) * (total - done)
            self._print(f"{self._title}: {stage} {done}/{total}, about {duration(left)} left")

    def log(self, message: str) -> None:
        """Pass a line on."""
        self._print(message)

    def ended(self, name: str, state: EndState, seconds: float) -> None:
        """Say how the job ended."""
        self._print(f"{self._title}: {_outcome(state)} after {duration(seconds)}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


class LiveDisplay(PlainDisplay):
    """A line that moves; what ended stays above it."""

    def __init__(self, console: Console, progress: Progress) -> None:
        super().__init__(console)
        self._progress = progress
        self._bar = progress.add_task("", total=None)

    def began(self, name: str, number: int, total: int) -> None:
        """Name the job."""
        self._title, self._stage = f"[{number}/{total}] {name}", ""
        self._progress.reset(self._bar, description=_plain(self._title), total=None)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Move the line."""
        if stage != self._stage:
            self._stage = stage
            title = _plain(f"{self._title}: {stage}")
            self._progress.reset(self._bar, description=title, completed=done, total=total)
        self._progress.update(self._bar, completed=done, total=total)


def _plain(text: str) -> str:
    """Return a text that rich takes for no markup."""
    return visible(text).replace("[", r"\[")


def _outcome(state: EndState) -> str:
    return "done" if state.status == "ok" else f"{state.status}: {state.reason}"

"""What a run shows while it works: a live line on a terminal, plain lines elsewhere."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from harness.cli.printing import console, moving
from harness.decision.words import duration, score_range, share
from harness.evidence.forecast import Forecast
from harness.evidence.phases import may_end_early
from harness.evidence.states import EndState
from harness.evidence.watch import Agenda, Observer
from harness.records import Interval
from harness.visible import visible

# A log file should show that the run is alive without being flooded: a line inside a stage, and one at least.
PLAIN_SECONDS = 15.0
MOST_SILENT = 25.0


@contextmanager
def observer(stream: TextIO) -> Iterator[Observer]:
    """Lend the display that fits the stream."""
    printed = console(stream)
    if not printed.is_terminal:
        display = PlainDisplay(printed)
        with _ticking(display.tick):
            yield display
        return
    with (
        moving(stream),
        Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=printed,
            transient=True,
        ) as progress,
    ):
        live = LiveDisplay(printed, progress)
        with _ticking(live.tick):
            yield live


@contextmanager
def _ticking(tick: Callable[[], None]) -> Iterator[None]:
    """Call `tick` every second until the block ends."""
    is_over = threading.Event()

    def run() -> None:
        while not is_over.wait(1.0):
            tick()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


class PlainDisplay:
    """One line a stage, and one now and then inside it; each with the time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = ""
        self._stage = ""
        self._stage_began = self._last_line = 0.0
        self._stage_first = 0  # what was done when the stage was resumed
        self._score = ""
        self._forecast: Forecast | None = None
        self._lock = threading.RLock()

    def planned(self, agenda: Agenda, forecast: Forecast) -> None:
        """Say what will run, and about how long."""
        self._forecast = forecast
        if not agenda.jobs:
            return
        left = forecast.left()
        known = (
            f"about {duration(left)}, by {forecast.source}"
            if left is not None
            else "about how long is told after the first of them"
        )
        names = ", ".join(job.name.replace(":", " by ") if job.kind == "judge" else job.name for job in agenda.jobs)
        more = ", and perhaps more, which these will tell" if agenda.may_grow else ""
        self._print(f"{len(agenda.jobs)} to do: {names}{more}")
        self._print(f"on {agenda.items} test items ({agenda.train} train, {agenda.dev} dev): {known}")

    def began(self, name: str, number: int, total: int) -> None:
        """Name the job."""
        more = "+" if self._forecast and self._forecast.may_grow else ""
        self._title, self._stage, self._score = f"[{number}/{total}{more}] {name}", "", ""
        self._print(f"{self._title}: begins")

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show a new stage at once, and an old one every PLAIN_SECONDS."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_began, self._stage_first = stage, now, done
            self._print(f"{self._title}: {stage}{_count(done, total)}")
        elif now - self._last_line >= PLAIN_SECONDS and done > self._stage_first:
            left = (now - self._stage_began) / (done - self._stage_first) * (total - done)
            most, least = ("at most ", 0.0) if may_end_early(stage) else ("", left)
            rest = f"{most}about {duration(left)} left in it{self._in_all(least)}"
            self._print(f"{self._title}: {stage} {done}/{total}, {rest}")

    def log(self, message: str) -> None:
        """Pass a line on."""
        self._print(message)

    def scored(self, name: str, metric: str, score: Interval) -> None:
        """Keep the figure for the line that ends the job."""
        self._score = f": {share(score.estimate)} {metric} ({score_range(score)})"

    def ended(self, name: str, state: EndState, seconds: float) -> None:
        """Say how the job ended."""
        word, reason = ("done", "") if state.status == "ok" else (state.status, f": {state.reason}")
        self._print(f"{self._title}: {word} after {duration(seconds)}{reason}{self._score}{self._in_all()}")
        self._stage = ""

    def tick(self) -> None:
        """Say that the run is alive where nothing else has for a while."""
        if self._title and time.monotonic() - self._last_line >= MOST_SILENT:
            self._print(f"{self._title}: still {self._stage or 'at work'}{self._in_all()}")

    def _in_all(self, of_stage: float = 0.0) -> str:
        """Say how long the run still takes, where that is known: no less than its stage."""
        left = self._forecast.left() if self._forecast else None
        left = None if left is None else max(left, of_stage)
        word = "about" if self._forecast and self._forecast.source else "very roughly"  # by this run's own jobs alone
        bound = "at most " if self._forecast and self._forecast.is_most else ""
        bound = "at least " if self._forecast and self._forecast.may_grow else bound
        return f"; {bound}{word} {duration(left)} left in all" if left else ""

    def _print(self, text: str) -> None:
        with self._lock:
            self._last_line = time.monotonic()
            self._console.print(f"{self._stamp()}{text}", markup=False, soft_wrap=True)

    def _stamp(self) -> str:
        """Return the time of a line, as this machine's clock has it."""
        return time.strftime("%Y-%m-%d %H:%M:%S ")


class LiveDisplay(PlainDisplay):
    """A line that moves; what ended stays above it."""

    def __init__(self, console: Console, progress: Progress) -> None:
        super().__init__(console)
        self._progress = progress
        self._bar = self._new_bar("")

    def began(self, name: str, number: int, total: int) -> None:
        """Name the job."""
        more = "+" if self._forecast and self._forecast.may_grow else ""
        self._title, self._stage, self._score = f"[{number}/{total}{more}] {name}", "", ""
        self._replace_bar(self._title)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Move the line."""
        if stage != self._stage:
            self._stage = stage
            self._replace_bar(f"{self._title}: {stage}")
        self._progress.update(self._bar, completed=done, total=total)

    def tick(self) -> None:
        """Show the time left of the run."""
        self._progress.update(self._bar, left=self._in_all().removeprefix("; "))

    def _replace_bar(self, title: str) -> None:
        """Begin a new line: a bar that is reset would keep the total of the stage before."""
        self._progress.remove_task(self._bar)
        self._bar = self._new_bar(title)

    def _new_bar(self, title: str) -> TaskID:
        return self._progress.add_task(_plain(title), total=None, left=self._in_all().removeprefix("; "))

    def _stamp(self) -> str:
        return ""


def _count(done: int, total: int) -> str:
    """Say how far a stage is as it begins or is resumed: ' (of 6)', ' (2/6)'; nothing where it is of one piece."""
    if total <= 1:
        return ""
    return f" ({done}/{total})" if done else f" (of {total})"


def _plain(text: str) -> str:
    """Return a text that rich takes for no markup."""
    return visible(text).replace("[", r"\[")

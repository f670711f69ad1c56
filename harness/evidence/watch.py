"""Who follows a run: the event file, the forecast, and whoever the caller sends."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

from harness.evidence.event_file import EventFile
from harness.evidence.forecast import Forecast, Outlook, PlannedJob
from harness.evidence.states import EndState
from harness.records import Interval, Run

PROGRESS_SECONDS = 5.0  # between two lines of one stage in the event file


class Observer(Protocol):
    """Whoever watches a run: the terminal, or nobody."""

    def began(self, name: str, number: int, total: int) -> None:
        """A job (an arm, or a base's general ability) began."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """A stage of the job is further."""

    def log(self, message: str) -> None:
        """Something worth a line happened."""

    def ended(self, name: str, state: EndState, seconds: float) -> None:
        """The job ended."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a run will do."""

    jobs: tuple[PlannedJob, ...]
    items: int  # test items
    dev: int
    train: int
    may_grow: bool = False  # more may follow: a base that only an arm's fit tells, or the dearer arms of a climb


@runtime_checkable
class Following(Protocol):
    """An observer that is told more."""

    def planned(self, agenda: Agenda, forecast: Forecast) -> None:
        """The run is about to begin; the forecast can be asked at any time."""

    def scored(self, name: str, metric: str, score: Interval) -> None:
        """A job's arm has a figure on the test items; its end is told next."""


class Watch:
    """Keeps `Observer`: writes the events, keeps the forecast, and passes everything on."""

    def __init__(
        self, observer: Observer, events: EventFile, outlook: Outlook, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin to follow.

        Args:
            observer: Who is told as well.
            events: Where the events are kept.
            outlook: What is known of the jobs beforehand.
            clock: Seconds.
        """
        self.observer = observer
        self.forecast = Forecast(outlook, clock)
        self._events = events
        self._outlook = outlook
        self._clock = clock
        self._job = ""  # name of the current one in the plan
        self._stage = ("", 0.0)  # the one that was written last, and when

    def started(self, **values: Any) -> None:
        """The run was claimed."""
        self._events.add("run_started", **values)

    def planned(self, agenda: Agenda) -> None:
        """The jobs are known."""
        self.forecast.plan(agenda.jobs, may_grow=agenda.may_grow)
        jobs = self._told(agenda.jobs)
        items = {"test": agenda.items, "dev": agenda.dev, "train": agenda.train}
        left = _whole(self.forecast.left())
        may_grow = agenda.may_grow
        self._events.add("planned", jobs=jobs, may_grow=may_grow, items=items, left=left, source=self.forecast.source)
        if isinstance(self.observer, Following):
            self.observer.planned(agenda, self.forecast)

    def replanned(self, added: Sequence[PlannedJob], dropped: Collection[str], *, may_grow: bool) -> None:
        """Jobs turned out to be needed, or not to be."""
        self.forecast.replan(added, dropped, may_grow=may_grow)
        if added or dropped:
            left = _whole(self.forecast.left())
            self._events.add(
                "replanned", added=self._told(added), dropped=sorted(dropped), may_grow=may_grow, left=left
            )

    def _told(self, jobs: Sequence[PlannedJob]) -> list[dict[str, Any]]:
        return [{**asdict(job), "work": self._outlook.work.get(job.name)} for job in jobs]

    def begins(self, key: str) -> None:
        """A job is about to begin: its name in the plan, which its title need not be."""
        self._job, self._stage = key, ("", 0.0)
        self.forecast.begin(key)

    def began(self, name: str, number: int, total: int) -> None:
        """A job began."""
        self._events.add("job_started", job=self._job, title=name, number=number, total=total)
        self.observer.began(name, number, total)

    def progress(self, stage: str, done: int, total: int) -> None:
        """A stage is further; the file gets a new stage at once, and an old one now and then."""
        at = self._clock()
        self.forecast.stage(stage, done, total)
        if stage != self._stage[0] or at - self._stage[1] >= PROGRESS_SECONDS:
            self._stage = (stage, at)
            left = _whole(self.forecast.left())
            self._events.add("progress", job=self._job, stage=stage, done=done, total=total, left=left)
        self.observer.progress(stage, done, total)

    def log(self, message: str) -> None:
        """Something worth a line happened."""
        self._events.add("log", message=message)
        self.observer.log(message)

    def replayed(self, replayed: int, asked: int) -> None:
        """So many of the job's answers came from the cache."""
        self.forecast.replayed(replayed, asked)
        self._events.add("replayed", job=self._job, replayed=replayed, asked=asked)

    def scored(self, name: str, metric: str, score: Interval) -> None:
        """A job's arm has a figure."""
        self._events.add("scored", job=self._job, metric=metric, **asdict(score))
        if isinstance(self.observer, Following):
            self.observer.scored(name, metric, score)

    def ended(self, name: str, state: EndState, seconds: float, written: float | None = None) -> None:
        """A job ended; its answers had so many tokens, on average."""
        self.forecast.end(is_good=state.status == "ok", written=written)
        left = _whole(self.forecast.left())
        values = {"status": state.status, "reason": state.reason, "seconds": round(seconds, 1)}
        self._events.add("job_ended", job=self._job, **values, left=left)
        self.observer.ended(name, state, seconds)

    def finished(self, run: Run) -> None:
        """The verdict is there."""
        decision = run.decision
        verdict = {"action": decision.action, "arm": decision.arm, "sentence": decision.sentence}
        self._events.add("run_ended", verdict=verdict, is_fast=run.is_fast)

    def stopped(self, reason: str) -> None:
        """The run ended without a verdict: it was interrupted, or cannot continue."""
        self._events.add("run_stopped", reason=reason)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)

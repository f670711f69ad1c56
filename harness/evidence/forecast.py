"""How long a run still takes: each job's work, at the speed of earlier runs, corrected by what this one has seen.

Work is counted in tokens (`harness.planning.forecast`); a job takes its work over the speed with which such jobs went
before. Jobs that ended tell how much slower or faster this machine is today, and the rest is scaled by that.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

MOST_REPLAYED = 0.05  # share of a job's answers from the cache, above which its time tells nothing of the others'


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job of a run, before it begins."""

    name: str  # of the fit, the base or the judge
    kind: str  # the arm's entry point, 'base' or 'judge'
    model: str  # as the task file names it


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a run's jobs beforehand."""

    work: Mapping[str, float] = field(default_factory=dict)  # tokens, by the job's name
    speeds: Mapping[tuple[str, str], float] = field(default_factory=dict)  # tokens a second, by kind and model
    source: str = ""  # who says so; '' when no speed is known

    def seconds(self, job: PlannedJob) -> float | None:
        """Return what a job is expected to take; None where nothing tells."""
        work, speed = self.work.get(job.name), self.speed(job)
        return None if work is None or speed is None else work / speed

    def speed(self, job: PlannedJob) -> float | None:
        """Return the speed of such jobs, or the usual one of the model's where there was none."""
        of_model = sorted(speed for (_, model), speed in self.speeds.items() if model == job.model)
        return self.speeds.get((job.kind, job.model), of_model[len(of_model) // 2] if of_model else None)


class Forecast:
    """The time left of a run; told when jobs begin and end."""

    def __init__(self, outlook: Outlook, clock: Callable[[], float] = time.monotonic) -> None:
        self._outlook = outlook
        self._clock = clock
        self._waiting: list[PlannedJob] = []
        self._expected = self._took = 0.0  # of the jobs that ended and tell something
        self._current: PlannedJob | None = None
        self._is_unforeseen = False  # a job is at work that nobody announced
        self.may_grow = False  # more jobs may turn out to be needed, so that what is left is the least
        self._began = 0.0
        self._is_replayed = False

    @property
    def source(self) -> str:
        """Who says how long it takes; '' when nobody does yet."""
        return self._outlook.source

    def plan(self, jobs: Sequence[PlannedJob], *, may_grow: bool = False) -> None:
        """Take note of what will be done, and whether more may follow."""
        self._waiting, self.may_grow = list(jobs), may_grow

    def replan(self, added: Sequence[PlannedJob], dropped: Collection[str], *, may_grow: bool) -> None:
        """Take note of jobs that turned out to be needed, of names that are not, and whether more may follow."""
        self._waiting = [*(job for job in self._waiting if job.name not in dropped), *added]
        self.may_grow = may_grow

    def begin(self, name: str) -> None:
        """Take note that a job begins."""
        self._current = next((job for job in self._waiting if job.name == name), None)
        self._is_unforeseen = self._current is None
        self._waiting = [job for job in self._waiting if job.name != name]
        self._began, self._is_replayed = self._clock(), False

    def replayed(self, replayed: int, asked: int) -> None:
        """Take note of how many answers of the job came from the cache, and how many were asked."""
        self._is_replayed = replayed > MOST_REPLAYED * (replayed + asked)

    def end(self, *, is_good: bool) -> None:
        """Take note that the job ended; one that failed or was replayed tells nothing of the others."""
        size = self._size(self._current) if self._current else None
        if size and is_good and not self._is_replayed:
            self._expected += size
            self._took += self._clock() - self._began
        self._current, self._is_unforeseen = None, False

    def left(self) -> float | None:
        """Return the seconds that the run still takes; None where nothing tells."""
        rate = self._rate()
        jobs = [*self._waiting, *([self._current] if self._current else [])]
        sizes = [self._size(job) for job in jobs]
        if rate is None or self._is_unforeseen or any(size is None for size in sizes):
            return None
        spent = self._clock() - self._began if self._current else 0.0
        of_current = (self._size(self._current) or 0.0) * rate if self._current else 0.0
        rest = sum(size for size in sizes if size is not None) * rate - of_current
        return rest + max(of_current - spent, 0.0)

    def expected(self, jobs: Sequence[PlannedJob]) -> float | None:
        """Return the seconds that some jobs would take; None where nothing tells."""
        rate, sizes = self._rate(), [self._size(job) for job in jobs]
        if rate is None or any(size is None for size in sizes):
            return None
        return rate * sum(size for size in sizes if size is not None)

    def _size(self, job: PlannedJob | None) -> float | None:
        """Return a job's expected seconds, or its work where no speed is known."""
        if job is None:
            return None
        return self._outlook.seconds(job) if self._outlook.source else self._outlook.work.get(job.name)

    def _rate(self) -> float | None:
        """Return the seconds that one unit of size takes here."""
        if self._expected:
            return self._took / self._expected
        return 1.0 if self._outlook.source else None

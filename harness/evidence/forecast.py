"""How long a run still takes: each job's work, at the speed of earlier runs, corrected by what this one has seen.

Work is counted in tokens (`harness.planning.forecast`); a job takes its work over the speed with which such jobs went
before, whole jobs both times. Jobs that ended tell how much slower or faster this machine is today, and the rest is
scaled by that. Without earlier runs the jobs that ended are all there is: their seconds without the stages that no work
makes longer, over what they turned out to be. In the only training of an
arm its own steps say how long that takes at most, and what follows is forecast by itself.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from harness.evidence.phases import ALONE, Behind, Phases

LOADING = "loading the model"
FIXED = (LOADING, ALONE)  # stages whose time does not grow with a job's work
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
    writing: Mapping[str, "Writing"] = field(default_factory=dict)  # by the job's name, of arms
    behind: Mapping[str, Behind] = field(default_factory=dict)  # by the job's name, of arms that train once

    def seconds(self, job: PlannedJob) -> float | None:
        """Return what a job is expected to take; None where nothing tells."""
        work = self.work.get(job.name)
        return None if work is None else self.seconds_of(work, job)

    def seconds_of(self, work: float, job: PlannedJob) -> float | None:
        """Return what so much of a job's work is expected to take; None where nothing tells."""
        speed = self.speed(job)
        return None if speed is None else work / speed

    def speed(self, job: PlannedJob) -> float | None:
        """Return the speed of such jobs, or the usual one of the model's where there was none."""
        of_model = sorted(speed for (_, model), speed in self.speeds.items() if model == job.model)
        return self.speeds.get((job.kind, job.model), of_model[len(of_model) // 2] if of_model else None)


@dataclass(frozen=True, slots=True)
class Writing:
    """What of an arm's work is written: a model that does not stop by itself writes more than was expected."""

    answers: int
    expected: float  # tokens an answer, over all of its samples
    weight: float  # of a written token

    def beyond(self, written: float) -> float:
        """Return the work that answers of so many tokens, on average, are beyond what was expected."""
        return self.answers * (written - self.expected) * self.weight


class Forecast:
    """The time left of a run; told when jobs begin and end."""

    def __init__(self, outlook: Outlook, clock: Callable[[], float] = time.monotonic) -> None:
        self._outlook = outlook
        self._clock = clock
        self._waiting: list[PlannedJob] = []
        self._expected = self._took = 0.0  # of the jobs that ended and tell something
        self._alone: list[float] = []  # seconds in which an arm was timed on single questions
        self._stages: dict[str, float] = {}  # seconds of the current job's fixed stages
        self._stage = ("", 0.0)  # the current one, and since when
        self._phases = Phases(clock)
        self._current: PlannedJob | None = None
        self._is_unforeseen = False  # a job is at work that nobody announced
        self.may_grow = False  # more jobs may turn out to be needed, so that what is left is the least
        self._began = 0.0
        self._is_replayed = False

    @property
    def source(self) -> str:
        """Who says how long it takes; '' when nobody does yet."""
        return self._outlook.source

    @property
    def is_most(self) -> bool:
        """Whether what is left is the most: it counts the steps of a training that dev may end."""
        is_known = self._current is not None and self._current.name in self._outlook.behind
        return is_known and self._phases.phase == "training" and self._phases.training_left is not None

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
        self._stages, self._stage = {}, ("", self._began)
        self._phases = Phases(self._clock)

    def stage(self, name: str, done: int = 0, total: int = 1) -> None:
        """Take note of the stage that the job is in, and of how far it is."""
        self._phases.follow(name, done, total)
        self._enter(name)

    def _enter(self, name: str) -> None:
        before, since = self._stage
        now = self._clock()
        if before in FIXED:
            self._stages[before] = self._stages.get(before, 0.0) + now - since
        self._stage = (name, now)

    def replayed(self, replayed: int, asked: int) -> None:
        """Take note of how many answers of the job came from the cache, and how many were asked."""
        self._is_replayed = replayed > MOST_REPLAYED * (replayed + asked)

    def end(self, *, is_good: bool, written: float | None = None) -> None:
        """Take note that the job ended; one that failed or was replayed tells nothing of the others.

        Args:
            is_good: Whether it did all of its work.
            written: Tokens of its answers, on average, where it wrote some.
        """
        self._enter("")
        job, took = self._current, self._clock() - self._began
        size = self._size(job) if job else None
        if job and size and is_good and not self._is_replayed:
            self._expected += size if self.source else self._turned_out(job, size, written)
            self._took += took if self.source else took - sum(self._stages.values())
            if ALONE in self._stages:
                self._alone.append(self._stages[ALONE])
        self._current, self._is_unforeseen = None, False

    def _turned_out(self, job: PlannedJob, work: float, written: float | None) -> float:
        """Return what a job's work was, by what it wrote; no less than half of what was expected."""
        writing = self._outlook.writing.get(job.name)
        return work if writing is None or written is None else max(work + writing.beyond(written), work / 2)

    def left(self) -> float | None:
        """Return the seconds that the run still takes; None where nothing tells."""
        rest, current = self.expected(self._waiting), self._current
        of_current = self.expected([current]) if current else 0.0
        if rest is None or of_current is None or self._is_unforeseen:
            return None
        behind = self._behind(current) if current else None
        if behind is not None:
            return rest + behind
        spent = self._clock() - self._began if current else 0.0
        if current and not self.source:  # then loading is no part of what is expected
            self._enter(self._stage[0])
            spent -= self._stages.get(LOADING, 0.0)
        return rest + max(of_current - spent, 0.0)

    def _behind(self, job: PlannedJob) -> float | None:
        """Return the seconds that an arm still takes once it trains; None before, and of other jobs."""
        work, rate, phases = self._outlook.behind.get(job.name), self._rate(), self._phases
        if work is None or rate is None or phases.phase == "before":
            return None
        choosing, closing = (rate * self._size_of(part, job) for part in (work.choosing, work.closing))
        if phases.phase == "training":
            return None if phases.training_left is None else phases.training_left + choosing + closing
        if phases.phase == "choosing":
            return max(choosing - phases.spent, 0.0) + closing
        return max(closing - phases.spent, 0.0)

    def _size_of(self, work: float, job: PlannedJob) -> float:
        seconds = self._outlook.seconds_of(work, job) if self.source else None
        return work if seconds is None else seconds

    def expected(self, jobs: Sequence[PlannedJob]) -> float | None:
        """Return the seconds that some jobs would take; None where nothing tells."""
        rate, sizes = self._rate(), [self._size(job) for job in jobs]
        if rate is None or any(size is None for size in sizes):
            return None
        arms = sum(job.name in self._outlook.writing for job in jobs)
        alone = arms * fmean(self._alone) if self._alone and not self.source else 0.0
        return rate * sum(size for size in sizes if size is not None) + alone

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

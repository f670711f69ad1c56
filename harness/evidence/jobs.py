"""What a run has to do, job by job, and what becomes of each."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from harness.errors import HarnessError
from harness.evidence.memory import MemoryWatch
from harness.evidence.provenance import now
from harness.evidence.states import (
    ENDED,
    FITTED,
    MANIFEST,
    MEMORY,
    NOT_MEASURED,
    RUN,
    TROUBLE,
    EndState,
    FittedState,
    Trouble,
    base_name,
)
from harness.evidence.supervise import Supervisor, WorkerDied
from harness.records import Outcome, Weights
from harness.store.files import decode, encode
from harness.store.ledger import Ledger, Series
from harness.task.task import Task

# An eighth of the usual batch is the least that is tried.
MOST_SHRINKS = 3


class Observer(Protocol):
    """Whoever watches a run: the terminal, or nobody."""

    def began(self, name: str, number: int, total: int) -> None:
        """A job (an arm, or a base's general ability) began."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """A stage of the job went on."""

    def log(self, message: str) -> None:
        """Something worth a line happened."""

    def ended(self, name: str, state: EndState, seconds: float) -> None:
        """The job ended."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing for the worker to do."""

    title: str
    key: str  # what its states are kept under
    message: Mapping[str, Any]
    arm: str | None = None  # None: the general ability of a base


@dataclass(frozen=True, slots=True)
class Jobs:
    """Does what is still to do; the ledger says what that is, and keeps what came of it."""

    task: Task
    ledger: Ledger
    supervisor: Supervisor
    observer: Observer

    def run(self, asked: Sequence[str]) -> None:
        """Run the arms in `asked` (all, when it is empty) that have not ended well yet, or are invalid.

        The base's general ability comes first: it needs no arm, and it finds a wrong benchmark name
        before anything is spent. The quantised bases come last, when it is known which arms stand on one.

        Raises:
            HarnessError: If the model or the base's general ability cannot be had.
        """
        arms = [
            _arm_job(arm.name) for arm in self.task.arms if self._is_open(arm.name) and self._is_asked(arm.name, asked)
        ]
        first = [] if self.ledger.general("base") else [_base_job(None)]
        for number, job in enumerate([*first, *arms], start=1):
            self._run_one(job, number, len(first) + len(arms))
        quantised = list(self._missing_bases())
        for number, job in enumerate(quantised, start=1):
            self._run_one(job, number, len(quantised))

    def _is_open(self, arm: str) -> bool:
        """Whether an arm has not ended well, or lost too many items to be judged; such arms are tried again.

        Items that cannot be asked at all are lost for good, and no reason to try.
        """
        if not self._ended_well(arm):
            return True
        found = self.ledger.predictions(Series(arm, seed=self.task.seeds[0])).values()
        lost = [p.outcome for p in found if not p.outcome.is_measured]
        is_invalid = self.task.limits.are_too_many(len(lost), len(found))
        return is_invalid and any(outcome is not Outcome.INVALID_INPUT for outcome in lost)

    def _ended_well(self, arm: str) -> bool:
        stored = self.ledger.state(arm, ENDED)
        return stored is not None and decode(EndState, stored).status == "ok"

    def _is_asked(self, arm: str, asked: Sequence[str]) -> bool:
        return not asked or arm in asked

    def _missing_bases(self) -> Iterator[Job]:
        """List the quantised bases that good arms are to be compared with."""
        used = set()
        for arm in self.task.arms:
            stored = self.ledger.state(arm.name, FITTED)
            if stored and self._ended_well(arm.name):
                used.add(decode(FittedState, stored).program["weights"]["quantization"])
        return (_base_job(name) for name in sorted(filter(None, used)) if self.ledger.general(f"base_{name}") is None)

    def _run_one(self, job: Job, number: int, total: int) -> None:
        self.observer.began(job.title, number, total)
        began = time.monotonic()
        with MemoryWatch() as memory:
            try:
                state = self._do(job)
            finally:
                self._account(job, time.monotonic() - began, memory.peak_mb)
        self.observer.ended(job.title, state, time.monotonic() - began)
        if job.arm is None and state.status != "ok":
            if job.message["quantization"] is None:
                raise HarnessError(f"{job.title} could not be measured: {state.reason}")
            self.observer.log(f"{job.title} could not be measured, so its arms' forgetting is not: {state.reason}")

    def _do(self, job: Job) -> EndState:
        """Let the worker do one job, and record how an arm ended that did not get to say so itself."""
        state = self._persist(job)
        if job.arm is None:
            return state
        if state.status == "failed":
            self.ledger.put_state(job.arm, ENDED, encode(EndState, state))
        stored = self.ledger.state(job.arm, ENDED)
        return decode(EndState, stored) if stored else EndState("failed", "the arm left no end state")

    def _persist(self, job: Job) -> EndState:
        """Do a job; when memory runs out, again with half the batch, MOST_SHRINKS times at most.

        A worker that somebody killed is started again as it was, once: the second time memory may be the reason,
        since not everything that frees memory is counted by the system.
        """
        trouble = self._taken_up(job)
        was_killed = False
        while True:
            state, ending = self._attempt(job, trouble.shrink)
            if ending == "killed" and not was_killed:
                was_killed = True
                self.observer.log(f"{job.title}: {state.reason}; starting it again")
                continue
            if ending == "told":
                break
            if trouble.shrink == MOST_SHRINKS:
                state = EndState("failed", f"{state.reason}; also with 1/{2**MOST_SHRINKS} of the usual batch")
                break
            shrink = trouble.shrink + 1
            earlier = trouble.notes[:-1] if trouble.shrink else trouble.notes  # this try's last note is outdone
            note = f"memory ran out, so batches were cut to 1/{2**shrink} of the usual ({state.reason})"
            self.observer.log(f"{job.title}: {note}")
            trouble = self._note(job, replace(trouble, shrink=shrink, notes=(*earlier, note)))
        if trouble.is_retry:
            self._note(job, replace(trouble, is_retry=False))
        return state

    def _taken_up(self, job: Job) -> Trouble:
        """Return what an unfinished attempt came to; an arm that ended is tried again with whole batches.

        Where answers of the ended attempt may stay, the notes about its batches stay too.
        """
        stored = self.ledger.state(job.key, TROUBLE)
        trouble: Trouble = decode(Trouble, stored) if stored else Trouble()
        if self.ledger.state(job.key, ENDED) is None or trouble.is_retry:
            return trouble
        notes = trouble.notes if self.ledger.state(job.key, FITTED) else ()
        return self._note(job, Trouble(0, notes, is_retry=True))

    def _note(self, job: Job, trouble: Trouble) -> Trouble:
        self.ledger.put_state(job.key, TROUBLE, encode(Trouble, trouble))
        return trouble

    def _attempt(self, job: Job, shrink: int) -> tuple[EndState, Literal["told", "memory", "killed"]]:
        """Return how the worker got on, and whether memory ran out or somebody killed it."""
        try:
            for event in self.supervisor.do({**job.message, "shrink": shrink}):
                if event["event"] == "failed":
                    if event["kind"] == "fatal":
                        raise HarnessError(event["reason"])
                    return EndState("failed", event["reason"]), "memory" if event["kind"] == "memory" else "told"
                self._heed(event, job)
        except WorkerDied as death:
            return EndState("failed", str(death)), (
                "memory" if death.is_memory else "killed" if death.is_killed else "told"
            )
        return EndState("ok"), "told"

    def _heed(self, event: Mapping[str, Any], job: Job) -> None:
        """Act on one event of the worker."""
        kind = event["event"]
        if kind == "progress":
            self.observer.progress(event["stage"], event["done"], event["total"])
        elif kind == "log":
            self.observer.log(event["message"])
        elif kind == "ready":
            self._check_engine({key: value for key, value in event.items() if key != "event"})
        elif kind == "cache":
            self._count(job, event["replayed"], event["asked"])

    def _check_engine(self, engine: Mapping[str, Any]) -> None:
        """Refuse a worker that would answer the rest of a run on another device or in another number format.

        Raises:
            HarnessError: If the run began with others: its arms could not be compared.
        """
        before = self._manifest().get("engine", engine)
        for name in ("device", "dtype"):
            if before.get(name) != engine.get(name):
                raise HarnessError(
                    f"the run began with {name} {before.get(name)} and would go on with {engine.get(name)}, so that "
                    "its arms could not be compared; bring the first one back, or give another --out folder"
                )
        self._amend({"engine": dict(engine)})

    def _count(self, job: Job, replayed: int, asked: int) -> None:
        """Say how many answers were not asked again, and add them up over the run."""
        if replayed:
            self.observer.log(f"{replayed} of {replayed + asked} answers came from the cache")
        if replayed and not asked and self.ledger.state(job.key, MEMORY) is None:
            self.ledger.put_state(job.key, MEMORY, NOT_MEASURED)  # perhaps no model was in memory
        before = self._manifest().get("answers", {"replayed": 0, "asked": 0})
        self._amend({"answers": {"replayed": before["replayed"] + replayed, "asked": before["asked"] + asked}})

    def _account(self, job: Job, seconds: float, peak_mb: float) -> None:
        """Add to what the run and the arm have cost, over all attempts."""
        spent = self._manifest()
        self._amend(
            {
                "finished": now(),
                "seconds": spent.get("seconds", 0.0) + seconds,
                "peak_memory_mb": max(spent.get("peak_memory_mb", 0.0), peak_mb),
            }
        )
        before = self.ledger.state(job.key, MEMORY)
        if job.arm and before != NOT_MEASURED:
            self.ledger.put_state(job.arm, MEMORY, str(max(float(before or 0.0), peak_mb)))

    def _manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ledger.state(RUN, MANIFEST) or "{}")
        return found

    def _amend(self, values: Mapping[str, Any]) -> None:
        self.ledger.put_state(RUN, MANIFEST, json.dumps(self._manifest() | dict(values)))


def _arm_job(name: str) -> Job:
    return Job(name, name, {"job": "arm", "name": name}, name)


def _base_job(quantization: Literal["nf4"] | None) -> Job:
    title = f"general ability of the {'4-bit ' if quantization else ''}base"
    return Job(title, base_name(Weights("", quantization)), {"job": "base", "quantization": quantization})

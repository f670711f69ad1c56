"""What a run has to do, job by job, and what becomes of each."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from harness.errors import HarnessError
from harness.evidence.agenda import Job, OfModel, ToDo
from harness.evidence.interim import interim_score, written_tokens
from harness.evidence.judging import still_to_judge
from harness.evidence.memory import MemoryWatch
from harness.evidence.models import ServedModel
from harness.evidence.provenance import now
from harness.evidence.states import (
    ENDED,
    FITTED,
    MEMORY,
    NOT_MEASURED,
    TROUBLE,
    EndState,
    Trouble,
    amend_manifest,
    manifest_of,
)
from harness.evidence.supervise import Supervisor, WorkerDied
from harness.evidence.watch import Agenda, Watch
from harness.records import Fit
from harness.store.files import decode, encode
from harness.store.ledger import Ledger
from harness.task.task import Task

# An eighth of the usual batch is the least that is tried.
MOST_SHRINKS = 3


@dataclass(frozen=True, slots=True)
class Jobs:
    """Does what is still to do; the ledger says what that is, and keeps what came of it."""

    task: Task
    models: Sequence[ServedModel]
    ledger: Ledger
    supervisor: Supervisor
    watch: Watch
    # Finds out, once a run, which data its benchmarks read; says whether the task that a worker reads is another now.
    pin_benchmarks: Callable[[], bool]

    def run(
        self,
        asked: Sequence[str],
        *,
        is_whole: bool = True,
        items: int | None = None,
        retries: bool = True,
        count: "Count | None" = None,
    ) -> None:
        """Run the arms in `asked` (all, when it is empty), every fit of them that has not ended well or is invalid.

        One model after another, so that one base is in memory at a time. A base's general ability comes before its
        arms: it needs none, and it finds a wrong benchmark name before anything is spent. Its other quantisations
        come last, when it is known which arms stand on one. A run that is not whole (`harness.evidence.climb`) measures
        it only where an arm needs it, and gives the count of the runs before and after it. A round
        (`harness.evidence.adaptive`) asks the first test items, so many; a later one runs no fit again that failed.

        Raises:
            HarnessError: If the task's own model or its base's general ability cannot be had. Where another model
                cannot, the arms on it fail, and the others run.
        """
        count = count or Count()
        todo = ToDo(self.task, self.models, self.ledger, self.watch, items, retries, frozenset(count.tried))
        planned = [todo.of_model(model, asked, is_whole=is_whole) for model in self.models]
        is_more_answered = any(job.fit is not None for one in planned for job in one.first)
        judges = todo.judges(is_more_answered=is_more_answered)
        known = [*(job for one in planned for job in (*one.first, *one.bases)), *judges]
        self._announce(known, planned, len(self.task.test) if items is None else items, count)
        for place, one in enumerate(planned):
            if len(planned) > 1:  # a round or a rung on one model finds it loaded
                self.supervisor.renew()
            for job in one.first:
                self._run_one(job, count)
            for job in self._bases_after(one, todo, planned[place + 1 :], count):
                self._run_one(job, count)
        self._judge(judges, todo, count)

    def _announce(self, jobs: Sequence[Job], planned: Sequence[OfModel], items: int, count: "Count") -> None:
        study = self.task.study
        may_grow = count.may_grow or any(one.may_grow for one in planned)
        told = tuple(job.planned for job in jobs)
        self.watch.planned(Agenda(told, items, len(study.dev), len(study.train), may_grow))
        count.total += len(jobs)

    def _bases_after(self, one: OfModel, todo: ToDo, later: Sequence[OfModel], count: "Count") -> list[Job]:
        """Return the bases that the fits on a model stand on, now that they tell; what was expected wrongly is dropped.

        A base that could not be measured in this run is not tried again.
        """
        tried, expected = {job.key for job in one.first}, {job.key for job in one.bases}
        needed = [job for job in todo.missing_bases(one.model) if job.key not in tried]
        added = [job.planned for job in needed if job.key not in expected]
        dropped = expected - {job.key for job in needed}
        count.total += len(added) - len(dropped)
        self.watch.replanned(added, dropped, may_grow=count.may_grow or any(other.may_grow for other in later))
        return needed

    def _judge(self, planned: Sequence[Job], todo: ToDo, count: "Count") -> None:
        """Let judges say what they think of the answers; arms are over, so that nothing of theirs is in memory."""
        for name in self.task.judges.keys() - {job.message["metric"] for job in planned}:
            if still_to_judge(name, self.task, self.ledger):
                self.watch.log(f"{name} cannot judge: the engine of its model gives no likelihoods")
        waiting = {job.key for job in todo.judges(is_more_answered=False)}
        for job in planned:
            if job.key in waiting:
                self.supervisor.renew()
                self._run_one(job, count)
            else:
                count.total -= 1
                self.watch.replanned((), {job.key}, may_grow=count.may_grow)

    def _run_one(self, job: Job, count: "Count") -> None:
        if job.asks_benchmarks and self.pin_benchmarks():
            self.supervisor.renew()  # a worker has read the task as it was
        count.number += 1
        count.tried |= {job.key} if job.message["job"] == "base" else set()
        self.watch.begins(job.key)
        self.watch.began(job.title, count.number, count.total)
        began = time.monotonic()
        with MemoryWatch() as memory:
            try:
                state = self._do(job)
            finally:
                self._account(job, time.monotonic() - began, memory.peak_mb)
        written = None
        if job.fit is not None and state.status == "ok":
            self._tell_score(job.title, job.fit)
            written = written_tokens(job.fit, self.ledger)
        self.watch.ended(job.title, state, time.monotonic() - began, written)
        if job.message["job"] == "judge" and state.status != "ok":
            self.watch.log(f"{job.title}: {state.reason}; the same compare command continues with what is left")
        elif job.fit is None and state.status != "ok":
            if job.model.name == "" and job.message["quantization"] == job.model.quantization:
                raise HarnessError(f"{job.title} could not be measured: {state.reason}")
            self.watch.log(f"{job.title} could not be measured, so its arms' forgetting is not: {state.reason}")

    def _tell_score(self, title: str, fit: Fit) -> None:
        score = interim_score(fit, self.task, self.ledger)
        if score is not None:
            self.watch.scored(title, self.task.primary_metric, score)

    def _do(self, job: Job) -> EndState:
        """Let the worker do one job, and record how an arm ended that did not get to say so itself."""
        state = self._persist(job)
        if job.fit is None:
            return state
        if state.status == "failed":
            self.ledger.put_state(job.key, ENDED, encode(EndState, state))
        stored = self.ledger.state(job.key, ENDED)
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
                self.watch.log(f"{job.title}: {state.reason}; starting it again")
                continue
            if ending == "told":
                break
            if trouble.shrink == MOST_SHRINKS:
                state = EndState("failed", f"{state.reason}; also with 1/{2**MOST_SHRINKS} of the usual batch")
                break
            shrink = trouble.shrink + 1
            earlier = trouble.notes[:-1] if trouble.shrink else trouble.notes  # this try's last note is outdone
            note = f"memory ran out, so batches were cut to 1/{2**shrink} of the usual ({state.reason})"
            self.watch.log(f"{job.title}: {note}")
            trouble = self._note(job, replace(trouble, shrink=shrink, notes=(*earlier, note)))
        if trouble.is_retry:
            self._note(job, replace(trouble, is_retry=False))
        return state

    def _taken_up(self, job: Job) -> Trouble:
        """Return what an unfinished attempt came to; an arm that ended is tried again with whole batches.

        One that ended well and is asked more items continues as it was. Where answers of the ended attempt may stay,
        the notes about its batches stay too.
        """
        stored = self.ledger.state(job.key, TROUBLE)
        trouble: Trouble = decode(Trouble, stored) if stored else Trouble()
        ended = self.ledger.state(job.key, ENDED)
        if ended is None or trouble.is_retry or decode(EndState, ended).asked is not None:
            return trouble
        notes = trouble.notes if self.ledger.state(job.key, FITTED) else ()
        return self._note(job, Trouble(0, notes, is_retry=True))

    def _note(self, job: Job, trouble: Trouble) -> Trouble:
        self.ledger.put_state(job.key, TROUBLE, encode(Trouble, trouble))
        return trouble

    def _attempt(self, job: Job, shrink: int) -> tuple[EndState, Literal["told", "memory", "killed"]]:
        """Return how the worker got on, and whether memory ran out or somebody killed it."""
        try:
            for event in self.supervisor.do({**job.message, "model": asdict(job.model), "shrink": shrink}):
                if event["event"] == "failed":
                    if event["kind"] == "fatal" or (event["kind"] == "model" and job.model.name == ""):
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
            self.watch.progress(event["stage"], event["done"], event["total"])
        elif kind == "log":
            self.watch.log(event["message"])
        elif kind == "ready":
            self._check_engine({key: value for key, value in event.items() if key != "event"}, job.model)
        elif kind == "cache":
            self._count(job, event["replayed"], event["asked"])

    def _check_engine(self, engine: Mapping[str, Any], model: ServedModel) -> None:
        """Refuse a worker that would answer the rest of a run on another device or in another number format.

        Raises:
            HarnessError: If the model was asked on others before: its arms could not be compared.
        """
        engines = manifest_of(self.ledger).get("engines", {})
        before = engines.get(model.name, engine)
        for name in ("device", "dtype"):
            if before.get(name) != engine.get(name):
                raise HarnessError(
                    f"model '{model.source}' began with {name} {before.get(name)} and would continue with "
                    f"{engine.get(name)}, so that its arms could not be compared; bring the first one back, or give "
                    "another --out folder"
                )
        amend_manifest(self.ledger, {"engines": engines | {model.name: dict(engine)}})

    def _count(self, job: Job, replayed: int, asked: int) -> None:
        """Say how many answers were not asked again, and add them up over the run."""
        self.watch.replayed(replayed, asked)
        if replayed:
            self.watch.log(f"{replayed} of {replayed + asked} answers came from the cache")
        if replayed and not asked and self.ledger.state(job.key, MEMORY) is None:
            self.ledger.put_state(job.key, MEMORY, NOT_MEASURED)  # perhaps no model was in memory
        before = manifest_of(self.ledger).get("answers", {"replayed": 0, "asked": 0})
        amend_manifest(
            self.ledger, {"answers": {"replayed": before["replayed"] + replayed, "asked": before["asked"] + asked}}
        )

    def _account(self, job: Job, seconds: float, peak_mb: float) -> None:
        """Add to what the run and the arm have cost, over all attempts."""
        spent = manifest_of(self.ledger)
        amend_manifest(
            self.ledger,
            {
                "finished": now(),
                "seconds": spent.get("seconds", 0.0) + seconds,
                "peak_memory_mb": max(spent.get("peak_memory_mb", 0.0), peak_mb),
            },
        )
        before = self.ledger.state(job.key, MEMORY)
        if job.fit and before != NOT_MEASURED:
            self.ledger.put_state(job.key, MEMORY, str(max(float(before or 0.0), peak_mb)))


@dataclass
class Count:
    """Where a run is among its jobs."""

    total: int = 0
    number: int = 0
    may_grow: bool = False  # another run may follow, which counts on
    tried: set[str] = field(default_factory=set)  # bases that were to be measured; none is tried twice

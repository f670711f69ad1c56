"""What a run has to do, job by job, and what becomes of each."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from harness.decision.arms import TUNED
from harness.errors import HarnessError
from harness.evidence.fits import family_of, fits_of
from harness.evidence.forecast import PlannedJob
from harness.evidence.interim import interim_score
from harness.evidence.judging import still_to_judge
from harness.evidence.memory import MemoryWatch
from harness.evidence.models import ServedModel, engine_kind
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
)
from harness.evidence.supervise import Supervisor, WorkerDied
from harness.evidence.watch import Agenda, Watch
from harness.plugins import BASELINES, load
from harness.records import Fit, Measurement, Outcome
from harness.store.files import decode, encode
from harness.store.ledger import Ledger
from harness.task.task import ArmSpec, Task

BASE = "base"  # the kind of the jobs that measure a base's general ability
# An eighth of the usual batch is the least that is tried.
MOST_SHRINKS = 3


@dataclass(frozen=True, slots=True)
class Job:
    """One thing for the worker to do: a fit, the general ability of a base, or the judging of answers."""

    title: str
    key: str  # name of the fit, base or judge; its states are kept under it
    model: ServedModel
    message: Mapping[str, Any]
    kind: str  # the arm's entry point, 'base' or 'judge'
    fit: Fit | None = None  # None: it is not a fit's

    @property
    def planned(self) -> PlannedJob:
        """The job as it is announced."""
        return PlannedJob(self.key, self.kind, self.model.source)


@dataclass(frozen=True, slots=True)
class Jobs:
    """Does what is still to do; the ledger says what that is, and keeps what came of it."""

    task: Task
    models: Sequence[ServedModel]
    ledger: Ledger
    supervisor: Supervisor
    watch: Watch

    def run(self, asked: Sequence[str]) -> None:
        """Run the arms in `asked` (all, when it is empty), every fit of them that has not ended well or is invalid.

        One model after another, so that one base is in memory at a time. A base's general ability comes before its
        arms: it needs none, and it finds a wrong benchmark name before anything is spent. Its other quantisations
        come last, when it is known which arms stand on one.

        Raises:
            HarnessError: If the task's own model or its base's general ability cannot be had. Where another model
                cannot, the arms on it fail, and the others run.
        """
        planned = [(model, self._planned(model, asked)) for model in self.models]
        total = sum(len(jobs) for _, jobs in planned)
        number = 0
        self.watch.planned(self._agenda([job for _, jobs in planned for job in jobs]))
        for model, jobs in planned:
            self.supervisor.renew()
            for job in jobs:
                number += 1
                self._run_one(job, number, total)
            others = list(self._missing_bases(model))
            total += len(others)
            for job in others:
                number += 1
                self._run_one(job, number, total)
        self._judge(number, total)

    def _agenda(self, jobs: Sequence[Job]) -> Agenda:
        study = self.task.study
        planned = tuple(job.planned for job in jobs)
        return Agenda(planned, len(self.task.test), len(study.dev), len(study.train))

    def _judge(self, done: int, total: int) -> None:
        """Let judges say what they think of the answers; arms are over, so that nothing of theirs is in memory.

        Args:
            done: Jobs before these.
            total: Of them.
        """
        waiting = [name for name in self.task.judges if still_to_judge(name, self.task, self.ledger)]
        for number, name in enumerate(waiting, start=done + 1):
            model = next(model for model in self.models if model.name == self.task.judges[name].name)
            missing = {"loglikelihood"} - engine_kind(model.engine).capabilities
            if missing:
                self.watch.log(f"{name} cannot judge: the engine {model.engine} gives no likelihoods")
                continue
            self.supervisor.renew()
            self._run_one(_judge_job(name, model), number, total + len(waiting))

    def _planned(self, model: ServedModel, asked: Sequence[str]) -> list[Job]:
        fits = list(self._open_fits(model, asked))
        return [*self._first_base(model, fits), *fits]

    def _first_base(self, model: ServedModel, fits: Sequence[Job]) -> list[Job]:
        """Return the job of a base whose general ability is wanted for these fits and not measured yet."""
        can = {"generate", "loglikelihood"} <= engine_kind(model.engine).capabilities
        tuned = {arm.name for arm in self._arms(model) if family_of(arm) in TUNED}
        is_wanted = (model.name == "" and bool(self._arms(model))) or any(
            job.fit is not None and job.fit.arm in tuned for job in fits
        )
        is_known = self.ledger.general(model.base(model.quantization).name) is not None
        return [_base_job(model, model.quantization)] if can and is_wanted and not is_known else []

    def _open_fits(self, model: ServedModel, asked: Sequence[str]) -> Iterator[Job]:
        """Yield a job for every fit on this model that is to do; note the arms that its engine cannot serve."""
        capabilities = engine_kind(model.engine).capabilities
        for arm in self._arms(model):
            if asked and arm.name not in asked:
                continue
            needs = load(BASELINES, arm.baseline)(arm.options).needs
            needs |= {"loglikelihood"} if family_of(arm) in TUNED else set()  # what it forgot is measured
            missing = sorted(needs - capabilities)
            for fit in filter(self._is_open, fits_of(arm, self.task)):
                if missing:
                    reason = f"the engine {model.engine} of model '{model.source}' cannot do: {', '.join(missing)}"
                    self.ledger.put_state(fit.name, ENDED, encode(EndState, EndState("skipped", reason)))
                    self.watch.log(f"{fit.name} is skipped: {reason}")
                else:
                    yield _fit_job(fit, model, arm.baseline)

    def _arms(self, model: ServedModel) -> list[ArmSpec]:
        return [arm for arm in self.task.arms if arm.model.name == model.name]

    def _is_open(self, fit: Fit) -> bool:
        """Whether a fit has not ended well, or lost too many items to be judged; such fits are tried again.

        Items that cannot be asked at all are lost for good, and no reason to try.
        """
        if not self._ended_well(fit):
            return True
        found = self.ledger.predictions(Measurement(fit)).values()
        lost = [p.outcome for p in found if not p.outcome.is_measured]
        is_invalid = self.task.limits.are_too_many(len(lost), len(found))
        return is_invalid and any(outcome is not Outcome.INVALID_INPUT for outcome in lost)

    def _ended_well(self, fit: Fit) -> bool:
        stored = self.ledger.state(fit.name, ENDED)
        return stored is not None and decode(EndState, stored).status == "ok"

    def _missing_bases(self, model: ServedModel) -> Iterator[Job]:
        """List the quantised bases that good fits on this model are to be compared with."""
        used = set()
        for fit in (fit for arm in self._arms(model) for fit in fits_of(arm, self.task)):
            stored = self.ledger.state(fit.name, FITTED)
            if stored and self._ended_well(fit):
                state: FittedState = decode(FittedState, stored)
                used |= {state.program["weights"]["quantization"]} if state.family in TUNED else set()
        for quantization in sorted(used, key=str):
            if self.ledger.general(model.base(quantization).name) is None:
                yield _base_job(model, quantization)

    def _run_one(self, job: Job, number: int, total: int) -> None:
        self.watch.begins(job.key)
        self.watch.began(job.title, number, total)
        began = time.monotonic()
        with MemoryWatch() as memory:
            try:
                state = self._do(job)
            finally:
                self._account(job, time.monotonic() - began, memory.peak_mb)
        if job.fit is not None and state.status == "ok":
            self._tell_score(job.title, job.fit)
        self.watch.ended(job.title, state, time.monotonic() - began)
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
        engines = self._manifest().get("engines", {})
        before = engines.get(model.name, engine)
        for name in ("device", "dtype"):
            if before.get(name) != engine.get(name):
                raise HarnessError(
                    f"model '{model.source}' began with {name} {before.get(name)} and would continue with "
                    f"{engine.get(name)}, so that its arms could not be compared; bring the first one back, or give "
                    "another --out folder"
                )
        self._amend({"engines": engines | {model.name: dict(engine)}})

    def _count(self, job: Job, replayed: int, asked: int) -> None:
        """Say how many answers were not asked again, and add them up over the run."""
        self.watch.replayed(replayed, asked)
        if replayed:
            self.watch.log(f"{replayed} of {replayed + asked} answers came from the cache")
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
        if job.fit and before != NOT_MEASURED:
            self.ledger.put_state(job.key, MEMORY, str(max(float(before or 0.0), peak_mb)))

    def _manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ledger.state(RUN, MANIFEST) or "{}")
        return found

    def _amend(self, values: Mapping[str, Any]) -> None:
        self.ledger.put_state(RUN, MANIFEST, json.dumps(self._manifest() | dict(values)))


def _fit_job(fit: Fit, model: ServedModel, kind: str) -> Job:
    return Job(fit.name, fit.name, model, {"job": "fit", "fit": asdict(fit)}, kind, fit)


def _base_job(model: ServedModel, quantization: Literal["nf4"] | None) -> Job:
    title = f"general ability of the {'4-bit ' if quantization else ''}base{f' {model.name}' if model.name else ''}"
    return Job(title, model.base(quantization).name, model, {"job": "base", "quantization": quantization}, BASE)


def _judge_job(metric: str, model: ServedModel) -> Job:
    return Job(f"answers judged by {metric}", f"judge:{metric}", model, {"job": "judge", "metric": metric}, "judge")

"""What a run still has to do: its jobs, as far as they are known before it begins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.contract import Quantising
from harness.evidence.fits import family_of, fits_of
from harness.evidence.forecast import PlannedJob
from harness.evidence.judging import judge_job_key, still_to_judge
from harness.evidence.models import ServedModel, engine_kind
from harness.evidence.states import ENDED, FITTED, EndState, FittedState
from harness.evidence.watch import Watch
from harness.plugins import BASELINES, load
from harness.records import TUNED, Fit, Measurement, Outcome
from harness.store.files import decode, encode
from harness.store.ledger import Ledger
from harness.task.skipping import skip_reason
from harness.task.task import ArmSpec, Task

BASE, JUDGE = "base", "judge"  # kinds of the jobs that are no fit's


@dataclass(frozen=True, slots=True)
class Job:
    """One thing for the worker to do: a fit, the general ability of a base, or the judging of answers."""

    title: str
    key: str  # name of the fit, base or judge; its states are kept under it
    model: ServedModel
    message: Mapping[str, Any]
    kind: str  # the arm's entry point, 'base' or 'judge'
    fit: Fit | None = None  # None: it is no fit's
    asks_benchmarks: bool = False

    @property
    def planned(self) -> PlannedJob:
        """The job as it is announced."""
        return PlannedJob(self.key, self.kind, self.model.source)


@dataclass(frozen=True, slots=True)
class OfModel:
    """What is to do on one model."""

    model: ServedModel
    first: tuple[Job, ...]  # its base and the fits
    bases: tuple[Job, ...]  # other quantisations of it that arms are expected to stand on; they come last
    may_grow: bool  # some arm tells only by its fit what it stands on, so that a base more may have to be measured


@dataclass(frozen=True, slots=True)
class ToDo:
    """Finds the jobs; the ledger says what is done."""

    task: Task
    models: Sequence[ServedModel]
    ledger: Ledger
    watch: Watch
    items: int | None = None  # test items of this round and those before it; None for all of them
    retries: bool = True  # whether fits that did not end well are run again
    tried: frozenset[str] = frozenset()  # bases that could not be measured, and are not tried again

    def of_model(self, model: ServedModel, asked: Sequence[str], *, is_whole: bool = True) -> OfModel:
        """List what is to do on a model; note the arms that its engine cannot serve.

        Args:
            model: Which one.
            asked: Names of arms; empty for all.
            is_whole: Whether the task's own base is measured also where no arm here needs it.
        """
        fits = list(self._open_fits(model, asked))
        first = [*self._first_base(model, fits, is_whole=is_whole), *fits]
        arms = {arm.name: arm for arm in self._arms(model)}
        open_arms = [arms[name] for name in dict.fromkeys(job.fit.arm for job in fits if job.fit)]
        told = [(arm, load(BASELINES, arm.baseline)(arm.options)) for arm in open_arms if family_of(arm) in TUNED]
        expected = {arm.quantization or model.quantization for _, arm in told if isinstance(arm, Quantising)}
        bases = [*self.missing_bases(model), *self._unknown(model, expected)]
        keys = {job.key for job in first}
        later = {job.key: job for job in bases if job.key not in keys}
        may_grow = any(not isinstance(arm, Quantising) for _, arm in told)
        return OfModel(model, tuple(first), tuple(later.values()), may_grow)

    def judges(self, *, is_more_answered: bool) -> list[Job]:
        """List the judges that are to be asked; of those whose engine cannot say, none.

        Args:
            is_more_answered: Whether fits are still to be done, whose answers nobody has judged.
        """
        found = []
        for name, spec in self.task.judges.items():
            model = next(model for model in self.models if model.name == spec.name)
            can = "loglikelihood" in engine_kind(model.engine).capabilities
            if can and (is_more_answered or still_to_judge(name, self.task, self.ledger)):
                message = {"job": "judge", "metric": name}
                found.append(Job(f"answers judged by {name}", judge_job_key(name), model, message, JUDGE))
        return found

    def missing_bases(self, model: ServedModel) -> list[Job]:
        """List the bases that good fits on this model are to be compared with, and that are not measured."""
        used: set[Literal["nf4"] | None] = set()
        for fit in (fit for arm in self._arms(model) for fit in fits_of(arm, self.task)):
            stored = self.ledger.state(fit.name, FITTED)
            if stored and self._ended_well(fit):
                state: FittedState = decode(FittedState, stored)
                used |= {state.program["weights"]["quantization"]} if state.family in TUNED else set()
        return self._unknown(model, used)

    def _unknown(self, model: ServedModel, quantizations: set[Literal["nf4"] | None]) -> list[Job]:
        return [
            base_job(model, one)
            for one in sorted(quantizations, key=str)
            if self.ledger.general(model.base(one).name) is None and model.base(one).name not in self.tried
        ]

    def _first_base(self, model: ServedModel, fits: Sequence[Job], *, is_whole: bool) -> list[Job]:
        """Return the job of a base whose general ability is wanted for these fits and not measured yet."""
        can = {"generate", "loglikelihood"} <= engine_kind(model.engine).capabilities
        tuned = {arm.name for arm in self._arms(model) if family_of(arm) in TUNED}
        is_wanted = (is_whole and model.name == "" and bool(self._arms(model))) or any(
            job.fit is not None and job.fit.arm in tuned for job in fits
        )
        return self._unknown(model, {model.quantization}) if can and is_wanted else []

    def _open_fits(self, model: ServedModel, asked: Sequence[str]) -> Iterator[Job]:
        """Yield a job for every fit on this model that is to do; note the arms that its engine cannot serve."""
        for arm in self._arms(model):
            if asked and arm.name not in asked:
                continue
            reason = skip_reason(arm)
            for fit in filter(self._is_open, fits_of(arm, self.task)):
                if reason:
                    self.ledger.put_state(fit.name, ENDED, encode(EndState, EndState("skipped", reason)))
                    self.watch.log(f"{fit.name} is skipped: {reason}")
                else:
                    message = {"job": "fit", "fit": asdict(fit), "items": self.items}
                    yield Job(fit.name, fit.name, model, message, arm.baseline, fit, family_of(arm) in TUNED)

    def _arms(self, model: ServedModel) -> list[ArmSpec]:
        return [arm for arm in self.task.arms if arm.model.name == model.name]

    def _is_open(self, fit: Fit) -> bool:
        """Whether a fit has not ended well, was asked too few items, or lost too many; such fits are run again.

        Items that cannot be asked at all are lost for good, and no reason to try.
        """
        if not self._ended_well(fit):
            return self.retries
        if self._is_asked_less(fit):
            return True
        found = self.ledger.predictions(Measurement(fit)).values()
        lost = [p.outcome for p in found if not p.outcome.is_measured]
        is_invalid = self.task.limits.are_too_many(len(lost), len(found))
        return is_invalid and any(outcome is not Outcome.INVALID_INPUT for outcome in lost)

    def _ended_well(self, fit: Fit) -> bool:
        stored = self.ledger.state(fit.name, ENDED)
        return stored is not None and decode(EndState, stored).status == "ok"

    def _is_asked_less(self, fit: Fit) -> bool:
        """Whether a fit that ended was asked fewer items than this round asks."""
        stored = self.ledger.state(fit.name, ENDED)
        asked = decode(EndState, stored).asked if stored is not None else None
        return asked is not None and self.items is not None and asked < self.items


def base_job(model: ServedModel, quantization: Literal["nf4"] | None) -> Job:
    """Return the job that measures a base's general ability."""
    title = f"general ability of the {'4-bit ' if quantization else ''}base{f' {model.name}' if model.name else ''}"
    message = {"job": "base", "quantization": quantization}
    return Job(title, model.base(quantization).name, model, message, BASE, asks_benchmarks=True)

"""What is to be exported: one good arm of a finished run, with all that the run knows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contract import Baseline
from harness.decision.words import score_range, share
from harness.engine.kind import TransformersKind
from harness.errors import HarnessError, StoreError
from harness.evidence.collect import collect
from harness.evidence.models import engine_kind
from harness.evidence.snapshot import read_snapshot
from harness.evidence.states import FITTED, FittedState
from harness.plugins import BASELINES, load, suggest
from harness.program import Program
from harness.records import Evidence, Gate, Interval, Prediction, Run
from harness.store.files import decode, hash_folder
from harness.store.folder import RunFolder, run_folder
from harness.store.ledger import Ledger
from harness.task.task import ArmSpec, Task


@dataclass(frozen=True, slots=True)
class ExportSource:
    """One arm, ready to be packed."""

    folder: RunFolder
    task: Task
    run: Run
    evidence: Evidence
    program: Program  # with absolute folders

    @property
    def arm(self) -> str:
        """The arm's name."""
        return self.evidence.arm

    @property
    def spec(self) -> ArmSpec:
        """The arm as the task file has it."""
        return next(spec for spec in self.task.arms if spec.name == self.arm)

    @property
    def score(self) -> Interval | None:
        """What the arm reached on the test items."""
        return self.run.decision.scores.get(self.arm)

    @property
    def gate(self) -> Gate | None:
        """What tuning left of general ability; None for an arm that tunes nothing."""
        return next((gate for gate in self.run.decision.gates if gate.arm == self.arm), None)

    @property
    def base_folder(self) -> Path | None:
        """Where the base lies, or None when the hub keeps it."""
        path = Path(self.program.weights.model)
        return path if path.is_absolute() else None

    @property
    def base_name(self) -> str:
        """The base as the task names it, without the path it lies at."""
        name = self.spec.model.source
        return Path(name).name if Path(name).is_absolute() else name

    @property
    def predictions(self) -> dict[str, Prediction]:
        """The stored answers by item id."""
        return {prediction.example_id: prediction for prediction in self.evidence.predictions}


def open_export(path: Path, arm: str | None) -> ExportSource:
    """Read a finished run and choose what to export: the named arm, or the one that the verdict names.

    Raises:
        StoreError: If `path` is not a run folder, or holds nothing to export.
        HarnessError: If no arm is named by either, or the named one did not end well.
    """
    folder = run_folder(path)
    path = folder.path
    _ = folder.identity  # refuses what is not a run folder
    if not folder.ledger.exists():
        raise StoreError(f"{path} holds no ledger, so there is nothing to export; finish the run first")
    ledger = Ledger(folder.ledger)
    try:
        task = read_snapshot(folder, ledger)
        run = collect(folder, task, ledger)
        evidence = _choose(run, arm)
        fitted = decode(FittedState, ledger.state(evidence.fit.name, FITTED) or "")
    finally:
        ledger.close()
    source = ExportSource(folder, task, run, evidence, Program.from_dict(evidence.program, path.resolve()))
    _check_engine(source)
    _check_base(source)
    for made, digest in fitted.artefacts.items():
        if hash_folder(path / made) != digest:
            raise StoreError(f"{path / made} is not what the run measured; restore it, or run {source.arm} again")
    return source


def make_baseline(spec: ArmSpec) -> Baseline:
    """Return the plug-in that made an arm."""
    baseline: Baseline = load(BASELINES, spec.baseline)(spec.options)
    return baseline


def option(baseline: Baseline, name: str) -> Any:
    """Return one option of an arm, defaults filled in; None for an arm that does not tell.

    Arms of ours keep their options in `options`; the contract does not ask that of others.
    """
    return getattr(getattr(baseline, "options", None), name, None)


def _choose(run: Run, arm: str | None) -> Evidence:
    good = {evidence.arm: evidence for evidence in run.evidence if evidence.status == "ok"}
    if arm is None and run.decision.arm in good:
        return good[run.decision.arm]
    if arm is None:
        listed = "".join(f"\n  --arm {name}{_scored(run, name)}" for name in good) or "\n  (no arm ended well)"
        raise HarnessError(f"the verdict names no arm ({run.decision.sentence}); name one:{listed}")
    found = next((evidence for evidence in run.evidence if evidence.arm == arm), None)
    if found is None:
        raise HarnessError(f"--arm {arm}: the run has no such arm{suggest(arm, dict.fromkeys(good, ''))}")
    if arm not in good:
        raise HarnessError(f"--arm {arm}: it is {found.status} ({found.reason}); export one of {', '.join(good)}")
    return found


def _scored(run: Run, arm: str) -> str:
    score = run.decision.scores.get(arm)
    return f"    {share(score.estimate)} {run.primary_metric} ({score_range(score)})" if score else ""


def _check_engine(source: ExportSource) -> None:
    """Refuse an arm that only an engine of somebody else's can answer: what an export holds runs on transformers."""
    model = source.spec.model
    if not isinstance(engine_kind(model.engine), TransformersKind):
        raise HarnessError(
            f"{source.arm} stands on model '{model.source}' of the engine {model.engine}, and an export holds a model "
            "that transformers opens; name an arm on such a model with --arm"
        )


def _check_base(source: ExportSource) -> None:
    """Refuse a base that is not the one that was measured."""
    base = source.base_folder
    if base is None:
        return
    if not base.is_dir():
        raise HarnessError(f"the base model is not at {base} any more; put it back (`harness setup` if it is ours)")
    models: Sequence[Mapping[str, Any]] = source.run.manifest.get("models", ())
    model: Mapping[str, Any] = next((one for one in models if one["name"] == source.spec.model.name), {})
    measured = model.get("identity")
    found = engine_kind(source.spec.model.engine).identity(str(base))
    if measured and found != measured:
        raise HarnessError(f"the base model at {base} has changed since the run ({measured} then, {found} now)")

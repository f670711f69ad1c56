"""What an experiment is: the task file with its data, checked and ready."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.records import Example, Limits, Study


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of the experiment: where it comes from, how it is quantised, and who serves it."""

    source: str  # alias, absolute folder or hub id
    quantization: Literal["nf4"] | None = None
    engine: str = "transformers"  # entry point in `harness.engines`
    name: str = ""  # in keys and tables; '' is the task's own, others have a name of their own


@dataclass(frozen=True, slots=True)
class ArmSpec:
    """One candidate of the comparison."""

    name: str  # unique in the task, safe as a folder name
    baseline: str  # entry point in `harness.baselines`
    options: Mapping[str, object]
    model: ModelSpec


def models_of(arms: Iterable[ArmSpec]) -> tuple[ModelSpec, ...]:
    """Return the models that arms stand on, the task's own first."""
    return _own_first(arm.model for arm in arms)


def _own_first(models: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    return tuple(sorted(dict.fromkeys(models), key=lambda model: model.name != ""))


@dataclass(frozen=True, slots=True)
class GeneralSpec:
    """How general ability is measured."""

    tasks: tuple[str, ...]  # ('core',), lm-eval task and group names, absolute paths of files of rows
    limit: int  # benchmark items in all
    include_path: Path | None  # folder of lm-eval task files of the user's own
    commits: Mapping[str, str] = field(default_factory=dict)  # of hub data sets that benchmarks read, by name


@dataclass(frozen=True, slots=True)
class CostSpec:
    """The user's prices; None where none was given, and then no money is reported."""

    gpu_hour: float | None
    requests_per_month: int | None


@dataclass(frozen=True, slots=True)
class Task:
    """A task file whose every fault has been ruled out; only `study` may reach an arm."""

    name: str  # safe as a folder name
    description: str
    file: Path  # absolute
    model: ModelSpec  # of the arms that name none
    study: Study
    test: tuple[Example, ...]
    primary_metric: str
    other_metrics: tuple[str, ...]
    limits: Limits
    arms: tuple[ArmSpec, ...]
    general: GeneralSpec
    cost: CostSpec
    budget_minutes: float | None
    train_rows: int | None
    stall_minutes: float
    seeds: tuple[int, ...]
    digest: str  # 16 hex digits over configuration and data, not over paths or times
    resolved: Mapping[str, Any]  # JSON-ready: the task file with its defaults filled in
    metric_options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # by the metric's name
    notes: tuple[str, ...] = ()  # what was recognised, split off or sampled, for the reader
    judges: Mapping[str, ModelSpec] = field(default_factory=dict)  # by metric: the model that it asks
    commits: Mapping[str, str] = field(default_factory=dict)  # of hub data sets, by owner/name

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        """The models that arms stand on or that judge, the task's own first."""
        return _own_first([*models_of(self.arms), *self.judges.values()])

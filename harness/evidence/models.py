"""The run's models: found, identified, and named as the worker is told of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from harness.contract import EngineKind
from harness.plugins import ENGINES, load
from harness.records import Base, Weights
from harness.task.task import ModelSpec


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model of the task, as its engine found it on this machine."""

    name: str  # in keys; '' is the task's own
    source: str  # as the task file has it
    engine: str
    quantization: Literal["nf4"] | None
    path: str  # what the engine opens
    identity: str  # of what its answers depend on

    @property
    def weights(self) -> Weights:
        """The untuned weights that arms start from."""
        return Weights(self.path, self.quantization)

    def base(self, quantization: Literal["nf4"] | None) -> Base:
        """Name its untuned weights, quantised so."""
        return Base(self.name, quantization)


def engine_kind(name: str) -> EngineKind:
    """Return who serves models under this name."""
    kind: EngineKind = load(ENGINES, name)()
    return kind


def find_models(specs: Iterable[ModelSpec], log: Callable[[str], object]) -> tuple[ServedModel, ...]:
    """Find every model that a run needs, before the first is opened.

    Raises:
        ModelError: If one cannot be had or read.
    """
    found = []
    for spec in specs:
        kind = engine_kind(spec.engine)
        path = kind.find(spec.source, log)
        found.append(ServedModel(spec.name, spec.source, spec.engine, spec.quantization, path, kind.identity(path)))
    return tuple(found)

"""What the ledger keeps of an arm between its stages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.records import ArmStatus, Family, TrainingHistory, Trial, Weights

FITTED = "fitted"
ENDED = "ended"
MEMORY = "peak_memory_mb"
RUN = "run"  # the name under which the run's own states are kept
MANIFEST = "manifest"


def base_name(weights: Weights) -> str:
    """Return the name under which a base's general ability is kept: 'base' or 'base_nf4'."""
    return f"base_{weights.quantization}" if weights.quantization else "base"


@dataclass(frozen=True, slots=True)
class FittedState:
    """The arm has learnt; its program can be run."""

    family: Family
    program: Mapping[str, Any]
    trials: tuple[Trial, ...]
    training: TrainingHistory | None
    warnings: tuple[str, ...]
    dev_score: float
    fit_seconds: float
    latency_seconds: float | None


@dataclass(frozen=True, slots=True)
class EndState:
    """The arm is over, one way or another."""

    status: ArmStatus
    reason: str = ""

"""What the ledger keeps of a fit between its stages, each under the fit's name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.records import ArmStatus, Family, TrainingHistory, Trial
from harness.store.ledger import Ledger

FITTED = "fitted"
ENDED = "ended"
LEFT_OUT = "left_out"  # why --climb did not run a fit; counts where it has not ended
MEMORY = "peak_memory_mb"
NOT_MEASURED = "null"
TROUBLE = "trouble"
RUN = "run"  # the name under which the run's own states are kept
MANIFEST = "manifest"
COMMAND = "command"
SNAPSHOT = "snapshot_sha256"
BENCHMARKS = "benchmarks"  # what benchmarks read, once a job that asks them was to begin


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
    artefacts: Mapping[str, str] = field(default_factory=dict)  # sha256 of the program's folders, relative to the run's
    latency_p95_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happened to an arm on its way that its figures do not show."""

    shrink: int = 0  # how often its batches were halved, because memory ran out
    notes: tuple[str, ...] = ()  # for the report
    is_retry: bool = False  # of an arm that has ended before, and whose end state still stands


@dataclass(frozen=True, slots=True)
class EndState:
    """The arm is over, one way or another."""

    status: ArmStatus
    reason: str = ""
    asked: int | None = None  # test items, where they are asked in rounds; None: all


@dataclass(frozen=True, slots=True)
class BenchmarkState:
    """What the run's benchmarks read."""

    commits: Mapping[str, str]  # of hub data sets, as general.commits names them
    notes: tuple[str, ...]  # for the report


@dataclass(frozen=True, slots=True)
class CommandState:
    """How the run was asked for."""

    task: str  # path of the task file
    out: bool  # whether a folder was given
    adaptive: bool


def manifest_of(ledger: Ledger) -> dict[str, Any]:
    """Return a run's manifest as it is so far; empty before there is one."""
    found: dict[str, Any] = json.loads(ledger.state(RUN, MANIFEST) or "{}")
    return found


def amend_manifest(ledger: Ledger, values: Mapping[str, Any]) -> None:
    """Add to a run's manifest, or replace what it says."""
    ledger.put_state(RUN, MANIFEST, json.dumps(manifest_of(ledger) | dict(values)))

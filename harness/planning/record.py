"""What a plan says, as data: the terminal and `--json` show the same."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.records import Action


@dataclass(frozen=True, slots=True)
class SmallestGain:
    """The smallest true gain that is shown in 80% of runs."""

    arm: str  # the candidate
    base: float  # assumed true rate of every cheaper arm
    gain: float | None  # share; None: not even an arm that is always right would be recommended in 80%


@dataclass(frozen=True, slots=True)
class GoalItems:
    """What the goal asks of the test set."""

    goal: float
    items: int  # there are
    is_reachable: bool  # whether a perfect score on them would show it
    remedy: str  # what would let a perfect score show it; empty where it does
    rate: float  # assumed true rate of an arm above the goal
    items_for_rate: int | None  # items with which it is shown in 80% of runs; None: none up to the limit, or no claim


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world that may be the true one, and what the run would say in it."""

    text: str
    right: Action
    share: float  # of the simulated runs, that say so
    undecided: float
    runs: int  # simulated


@dataclass(frozen=True, slots=True)
class GateItems:
    """Benchmark items with which a tuning that lost nothing passes the gate in 80% of runs."""

    limit: int  # items that the task asks for
    few: int | None  # where few answers flip; None: none up to 20,000
    many: int | None  # where many do
    flips: tuple[float, float]  # assumed shares of flipped answers
    passes: tuple[float, float]  # share of harmless tunings that pass with `limit` items, few and many flips


@dataclass(frozen=True, slots=True)
class Answerable:
    """Whether the run can answer its question at all."""

    state: Literal["yes", "partly", "no"]
    reasons: tuple[str, ...]  # what it cannot say, and why


@dataclass(frozen=True, slots=True)
class ArmMemory:
    """The predicted peak of one arm, over all its processes."""

    arm: str
    device: Literal["cpu", "cuda"]
    total_mb: float  # of 2^20 bytes; on a CPU main memory, on CUDA the device's
    parts_mb: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the machine reads and writes, batched."""

    asked: float  # tokens a second, prompt and answer together
    source: str  # who says so


@dataclass(frozen=True, slots=True)
class ArmCost:
    """What one arm takes, at most."""

    arm: str
    asked_tokens: int
    trained_tokens: int
    request_tokens: int  # of one request in use
    seconds: float | None  # None: no speed is known
    money: float | None  # in the task file's currency; None: no price, or no speed
    monthly: float | None  # of `requests_per_month` in use


@dataclass(frozen=True, slots=True)
class ProbeArm:
    """What a dry run of one arm measured, beside what was predicted for that dry run."""

    arm: str
    foretold_mb: float
    measured_mb: float | None  # None: the arm did not run
    seconds: float  # of learning: choices on dev and two steps of training
    reason: str = ""  # why it did not run


@dataclass(frozen=True, slots=True)
class Probe:
    """A dry run on rows of dev, with two steps of training and a batch of prompts for each arm."""

    arms: tuple[ProbeArm, ...]
    speed: Speed | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that can be said of a run before it is begun."""

    task: str
    model: str
    notes: tuple[str, ...]  # how the data were read
    items: int  # test items
    groups: int | None  # None: items are independent
    answerable: Answerable
    goal: GoalItems
    gains: tuple[SmallestGain, ...]
    scenarios: tuple[Scenario, ...]
    gate: GateItems | None  # None: no arm is tuned
    memory: tuple[ArmMemory, ...]
    memory_notes: tuple[str, ...]  # how the model was read, or why memory is not predicted
    costs: tuple[ArmCost, ...]
    speed: Speed | None
    gpu_hour: float | None
    requests_per_month: int | None
    assumed: tuple[str, ...]
    probe: Probe | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)

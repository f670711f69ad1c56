"""What the parent asks of the training process: plain data that crosses as one line of JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One training row as token ids; the loss is taken on the answer alone."""

    id: str
    prompt: tuple[int, ...]
    answer: tuple[int, ...]  # ends with the token that closes the assistant's turn

    @property
    def length(self) -> int:
        """Tokens in all."""
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True, slots=True)
class PairRow:
    """One preference as token ids; both answers are closed."""

    id: str
    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]

    @property
    def length(self) -> int:
        """Tokens of the longer conversation."""
        return len(self.prompt) + max(len(self.chosen), len(self.rejected))


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One training run on the base that the process holds."""

    method: Literal["sft", "dpo"]
    folder: str  # checkpoints are saved below it
    rows: tuple[AnswerRow, ...] | tuple[PairRow, ...]
    steps: int
    evaluate_at: tuple[int, ...]  # steps after which a checkpoint is saved and the parent is asked
    learning_rate: float
    schedule: Literal["linear", "constant_with_warmup"]
    warmup_steps: int
    batch_size: int
    seed: int
    rank: int
    alpha: float
    dropout: float
    start: str | None = None  # adapter to go on from; None starts a fresh one
    beta: float = 0.1  # DPO: how dearly leaving the reference is paid for
    seconds: float | None = None  # stop after the step that passes this

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "RunSpec":
        """Read what `to_json` wrote."""
        row: Any = AnswerRow if data["method"] == "sft" else PairRow
        rows = tuple(
            row(**{name: value if name == "id" else tuple(value) for name, value in item.items()})
            for item in data["rows"]
        )
        return cls(**{**data, "rows": rows, "evaluate_at": tuple(data["evaluate_at"])})


@dataclass(frozen=True, slots=True)
class RunResult:
    """What the training process says when a run has ended."""

    steps: int
    seconds: float  # inside the training loop, waiting for the parent left out
    trainable_parameters: int
    total_parameters: int
    peak_memory_mb: float
    stopped: Literal["early", "end", "budget"]

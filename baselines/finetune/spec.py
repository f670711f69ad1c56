"""What the parent asks of the training process: plain data that crosses as one line of JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from baselines.finetune.objectives import objective_of
from harness.engine.token_tree import shared
from harness.records import LossPoint

WIDEST = 640  # columns of a tree that holds several texts: attention inside a row costs with their square


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

    @property
    def held(self) -> int:
        """Tokens that it takes in memory."""
        return self.length

    @property
    def columns(self) -> int:
        """Tokens that it takes in memory as a tree of its own."""
        return self.length


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

    @property
    def held(self) -> int:
        """Tokens that it takes in memory: two conversations, padded alike."""
        return 2 * self.length

    @property
    def columns(self) -> int:
        """Tokens that it takes in memory as a tree of its own: both answers begin at the prompt's last token."""
        return len(self.prompt) + 1 + len(self.chosen) + len(self.rejected)


@dataclass(frozen=True, slots=True)
class GeneralText:
    """A text on which the base's predictions are kept: all of them, or those of an answer alone."""

    ids: tuple[int, ...]
    first: int = 0  # position from which on they are kept; of an answer, that of the token in front of it

    @property
    def predictions(self) -> int:
        """How many are kept."""
        return len(self.ids) - self.first


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One training run on the base that the process holds."""

    objective: str  # see baselines.finetune.objectives
    tuner: str  # see baselines.finetune.tuners
    folder: str  # checkpoints are saved below it
    rows: tuple[Any, ...]  # of the objective's kind
    steps: int
    evaluate_at: tuple[int, ...]  # steps after which a checkpoint is saved and the parent is asked
    learning_rate: float
    schedule: Literal["linear", "constant_with_warmup"]
    warmup_steps: int
    batch_size: int
    seed: int
    tuner_options: Mapping[str, Any]
    objective_options: Mapping[str, Any] = field(default_factory=dict)
    start: str | None = None  # folder of a tuning to continue from; None starts a fresh one
    anchors: tuple[GeneralText, ...] = ()
    kl_weight: float = 0.0  # nats of loss for each nat per token by which they are left
    base: str = ""  # hash of the base model's files, and its form
    seconds: float | None = None  # stop after the step that passes this; the parent's judging counts
    micro_tokens: int | None = None  # held in memory at once; None is the device's own amount
    resume_seconds: float = 300.0  # between evaluations, longest time that a death may cost

    @property
    def longest(self) -> int:
        """Tokens that the longest row takes in memory."""
        return max(int(row.held) for row in self.rows)

    def columns(self, rows: int) -> int:
        """Return the most columns that so many rows take as trees: what all begin with alike counts once.

        Trees are at most WIDEST wide. Where one does not hold the rows, how often a beginning is repeated depends on
        the batch, and the rows count as if they shared nothing.
        """
        first = self.rows[0].prompt
        common = min(min(shared(first, row.prompt), max(len(row.prompt) - 1, 0)) for row in self.rows)
        tree = common + rows * (max(int(row.columns) for row in self.rows) - common)
        return tree if tree <= WIDEST else rows * self.longest

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "RunSpec":
        """Read what `to_json` wrote."""
        row = objective_of(data["objective"]).row
        rows = tuple(
            row(**{name: tuple(value) if isinstance(value, list) else value for name, value in item.items()})
            for item in data["rows"]
        )
        anchors = tuple(GeneralText(tuple(text["ids"]), text["first"]) for text in data["anchors"])
        return cls(**{**data, "rows": rows, "anchors": anchors, "evaluate_at": tuple(data["evaluate_at"])})


@dataclass(frozen=True, slots=True)
class Begun:
    """What the training process says before the first step of a run."""

    step: int  # 0, or that of the resume point it continues from
    losses: tuple[LossPoint, ...]  # up to that step
    seconds: float  # spent on them, waiting for the parent included
    rows_at_once: int
    usual_rows: int  # that would go through at once had memory never run out
    fewer_rows: int  # with which it continues where memory runs out; 0: fewer cannot go through
    faults: tuple[str, ...]  # of resume points that were not used

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Begun":
        """Read what the process sent."""
        losses = tuple(LossPoint(**point) for point in data["losses"])
        return cls(**{**data, "losses": losses, "faults": tuple(data["faults"])})


@dataclass(frozen=True, slots=True)
class RunResult:
    """What the training process says when a run has ended."""

    steps: int
    seconds: float  # inside the training loop, waiting for the parent left out
    trainable_parameters: int
    total_parameters: int
    peak_memory_mb: float
    stopped: Literal["early", "end", "budget"]

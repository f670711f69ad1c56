"""What an arm keeps, and what it is lent while it learns.

An arm learns through `Study` and `FitContext`, which hold no test item; the harness alone asks the test
questions, of the `Program` that the arm returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from harness.contract.engine import Capability, Engine
from harness.program import Program
from harness.records import (
    Example,
    Family,
    Forgetting,
    Message,
    Passage,
    Question,
    Study,
    TrainingHistory,
    Trial,
    Weights,
)


@dataclass(frozen=True, slots=True)
class DevScore:
    """What a program reaches on examples that arms may select on."""

    score: float  # the primary metric's aggregate
    n: int
    loss: float | None = None  # nats per token of the right answers, given the program's prompt


@dataclass(frozen=True, slots=True)
class Budget:
    """Caps that an arm keeps."""

    train_rows: int | None = None
    minutes: float | None = None  # wall clock for this arm's fit
    is_fast: bool = False  # a smoke run: one value instead of a search, a few steps of training


class FitContext(Protocol):
    """What the harness lends an arm while it learns. Nothing here can reach the test set."""

    engine: Engine
    base: Weights  # the task's model, full precision
    folder: Path  # the arm's own; kept in the run folder
    shared: Path  # the run's; for artefacts addressed by a hash of all that made them
    budget: Budget
    seed: int
    max_new_tokens: int  # enough for the longest answer in train and dev

    def score(self, program: Program, examples: Sequence[Example], *, with_loss: bool = False) -> DevScore:
        """Score a program on train or dev examples by the task's primary metric.

        `with_loss` adds the loss of the right answers: a finer measure to break ties with.
        """

    def forgetting(self, weights: Weights) -> Forgetting:
        """Measure what tuned weights lost, on material that is for selection alone; the final gate uses other items."""

    def answer(self, program: Program, examples: Sequence[Example]) -> list[str]:
        """Return the program's raw completions on train or dev examples, in order."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is, e.g. ('training', 12, 60)."""

    def log(self, message: str) -> None:
        """Write one line to the run's log."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A program, and how it was settled."""

    program: Program
    trials: tuple[Trial, ...] = ()
    training: TrainingHistory | None = None
    warnings: tuple[str, ...] = ()
    reused_seconds: float = 0.0  # wall clock of earlier work that this arm reused; its fit counts it too


class Baseline(Protocol):
    """One arm.

    Its entry point is a callable `make(options: Mapping[str, object])` that checks the options of the
    task file and raises ValueError (pydantic's ValidationError is one) for what it does not know.
    """

    @property
    def family(self) -> Family:
        """The rung of the ladder on which the arm stands."""

    @property
    def needs(self) -> frozenset[Capability]:
        """What the engine must be able to do."""

    @property
    def needs_documents(self) -> bool:
        """Whether the task must bring documents."""

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Learn and select from `study`; keep files in `context.folder`.

        Raises:
            ArmError: If the arm cannot continue; the others still run.
        """


@runtime_checkable
class Quantising(Protocol):
    """A tuned baseline that tells before it is fitted which base it stands on."""

    @property
    def quantization(self) -> Literal["nf4"] | None:
        """How the base is quantised; None: as the model of the task file is."""


@runtime_checkable
class Retrieving(Protocol):
    """A baseline whose programs search an index of their own."""

    def retrieve(self, program: Program, questions: Sequence[Question]) -> list[tuple[Passage, ...]]:
        """Return each question's `program.retriever.k` passages, best first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The task's documents as plain text, which are learnt from before the rows."""

    epochs: int  # at most
    text_tokens: int  # of a training text, at most; longer documents make several
    trials: int  # of the learning rate
    trial_steps: int  # optimiser steps of each


@dataclass(frozen=True, slots=True)
class TrainingDemand:
    """What an arm trains, and on what, as far as it is settled before the run."""

    batch_rows: int
    epochs: int  # at most
    trial_steps: int  # optimiser steps of all trials of the learning rate
    rank: int | None = None  # of a low-rank adapter; None: of another kind, or none
    trains_all: bool = False  # every weight of the base
    has_penalty: bool = False  # predictions on general texts are kept, which takes logits for every token
    max_length: int | None = None  # tokens; longer rows are left out
    pairs: int = 0  # of better and worse answers, which are learnt from after the rows
    reading: Reading | None = None


@runtime_checkable
class Demanding(Protocol):
    """A tuned baseline that tells before it is fitted what its training takes."""

    def demand(self, study: Study, rows: int) -> TrainingDemand:
        """Say what training on so many of `study.train` takes."""


@runtime_checkable
class Choosing(Protocol):
    """A baseline that tells before it is fitted how many programs it compares on dev."""

    @property
    def candidates(self) -> int:
        """How many it tries."""

    @property
    def choosing_rows(self) -> int:
        """At most so many dev rows judge each; the one that is taken answers all."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an arm will show the model for one row, as far as it is settled before the run."""

    messages: tuple[Message, ...]
    learnt: str | None = None  # the answer that the loss is taken on; None for arms that do not train
    note: str = ""  # what only the run settles, and what stands in its place here


@runtime_checkable
class Previewing(Protocol):
    """A baseline that can show its prompt without a model."""

    def preview(self, study: Study) -> Preview:
        """Show one row of dev, or of train where the arm trains. `study.train` and `study.dev` have rows."""

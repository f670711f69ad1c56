"""The protocols that the parts keep: arms, engines, metrics and report formats.

An arm learns through `Study` and `FitContext`, which hold no test item; the harness alone asks the test
questions, of the `Program` that the arm returned.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from harness.chat.form import ChatFormat
from harness.program import Program
from harness.records import (
    Completion,
    Example,
    Family,
    Forgetting,
    GenerationSettings,
    Likelihood,
    Message,
    Passage,
    Question,
    Regression,
    Run,
    RunDifference,
    Score,
    Study,
    TrainingHistory,
    Trial,
    Weights,
)

# constraints: answers can be held to `GenerationSettings.constraint`
# adapters, checkpoints: what tuning left can be served, as an adapter on the base or as weights of its own
Capability = Literal["generate", "constraints", "loglikelihood", "adapters", "checkpoints", "training"]
Conversation = Sequence[Message]


class Engine(Protocol):
    """One loaded model; every arm and every benchmark goes through it.

    The base stays resident and is keyed by (model, quantization); adapters are switched on it, and a checkpoint, all
    weights after tuning, takes its place while it is asked.
    Numbers do not depend on how requests are batched (fp32: 1e-4 per token in log-probability).
    """

    capabilities: frozenset[Capability]
    context_window: int  # tokens, prompt and answer together

    @property
    def description(self) -> Mapping[str, str | int]:
        """What a manifest should say: 'device' and 'dtype' at least, in which a run must not change."""

    def generate(
        self,
        prompts: Sequence[str | Conversation],
        settings: GenerationSettings,
        weights: Weights,
        until: Sequence[str] = (),
    ) -> list[Completion]:
        """Answer one batch of conversations, in order. The caller plans the batches.

        A conversation that leaves no room for `max_new_tokens` ends as `context_overflow` with
        empty text; it is never cut. Benchmarks also give raw text to be continued, and strings
        (`until`) that end an answer as its end token does; they stay in its text.
        """

    def loglikelihood(
        self, requests: Sequence[tuple[str | Conversation, Sequence[str]]], weights: Weights
    ) -> list[list[Likelihood]]:
        """Score every continuation of every context, in order.

        A context is raw text, or a conversation that the chat template renders with the assistant's
        turn opened. An empty raw context scores the continuation as a text of its own (rolling).
        """

    def count_tokens(self, conversation: Conversation) -> int:
        """Length of the prompt as the model sees it, in tokens."""

    def answer_tokens(self, text: str) -> int:
        """Length of an assistant's turn in tokens, its end token included."""


class EngineKind(Protocol):
    """Who serves models. Its entry point (`harness.engines`) is a callable that returns it, without arguments."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What its engines can do; arms that need more are skipped."""

    def fault(self, source: str) -> str:
        """Say in one sentence why this cannot be a model of this engine, else ''. Nothing is fetched or loaded."""

    def find(self, source: str, log: Callable[[str], object]) -> str:
        """Return what `open` takes: the model that a task file names, obtained if need be.

        Raises:
            ModelError: If it cannot be had.
        """

    def identity(self, model: str) -> str:
        """Return what identifies the model: a short hash over all in it that its answers depend on.

        Raises:
            ModelError: If it cannot be read.
        """

    def open(self, model: str, *, cache: Path | None, shrink: int, log: Callable[[str], object]) -> Engine:
        """Open a model.

        Args:
            model: As `find` returned it.
            cache: File in which answers may be remembered; None asks everything.
            shrink: How many times to halve batches, after memory ran out.
            log: Told what the reader of the run's log should know.

        Raises:
            ModelError: If it cannot be opened.
        """


@runtime_checkable
class Formatting(Protocol):
    """A kind of engine that can say how a model is shown conversations, from its tokenizer alone."""

    def chat_format(self, model: str, name: str) -> ChatFormat | None:
        """Look at a model's chat template before anything is asked; None where that is seen only when it opens.

        Args:
            model: As `EngineKind.find` returned it.
            name: As the user wrote it.

        Raises:
            ModelError: If the model cannot hold a conversation.
        """


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


class Metric(Protocol):
    """One task metric.

    Its entry point is a callable that returns it: without arguments, and, where the task file gives it options,
    with those as keyword arguments. For a value that it refuses it raises ValueError (pydantic's ValidationError is
    one). Where it cannot score every target it may have `target_fault(target)`, which says why, and '' where it can:
    `check` and `compare` name the rows before anything is asked.
    """

    @property
    def name(self) -> str:
        """The name under which it is asked for and stored."""

    @property
    def kind(self) -> Literal["rate", "graded", "aggregate"]:
        """How the items make the figure.

        rate: items are 0 or 1 and the figure is their mean; graded: items in [0, 1] and the figure is
        their mean; aggregate: the figure is not a mean of items (macro-F1), so a bootstrap resamples it.
        """

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer; None (nothing could be read) scores 0."""

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the arm's figure.

        Raises:
            ValueError: If there are no scores; absence is not zero.
        """


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """One question about an answer to a judge: the likeliest of a few choices is what it says."""

    messages: tuple[Message, ...]
    choices: tuple[str, ...]  # in the order in which they are listed
    worth: tuple[float, ...]  # what each says of the answer, in [0, 1]


@runtime_checkable
class Judging(Protocol):
    """A metric whose scores a model gives, once all arms have answered; `Metric.score` takes no answer alone.

    Its figure is a mean of items. It decides only where people's labels tell how often it errs.
    """

    @property
    def model(self) -> object:
        """The model that is asked, as `model` of a task file names one; None is the task's own."""

    @property
    def choose_by(self) -> str:
        """The metric by which arms choose on dev in its place."""

    def requests(self, answer: str, example: Example) -> Sequence[JudgeRequest]:
        """Return what is asked about one answer; its score is the mean of what is said. All have the same choices."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One report, ready to be written."""

    file_name: str  # e.g. 'report.html'
    text: str
    beside: "tuple[Rendered, ...]" = ()  # files that belong to it and lie beside it


class ReportFormat(Protocol):
    """One report format. Its entry point is a callable that returns it, without arguments."""

    name: str

    def render(self, run: Run) -> Rendered:
        """Draw the run; equal runs give equal bytes."""


@runtime_checkable
class RegressionReport(Protocol):
    """A report format that draws a regression check too (`harness regress`)."""

    def render_regression(self, regression: Regression, *, is_strict: bool) -> Rendered:
        """Draw the check; equal checks give equal bytes. `is_strict`: what is inconclusive counts as failed."""


@runtime_checkable
class DifferenceReport(Protocol):
    """A report format that draws two runs side by side too (`harness diff`)."""

    def render_difference(self, difference: RunDifference) -> Rendered:
        """Draw the difference; equal differences give equal bytes."""

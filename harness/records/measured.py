"""What was measured: general ability, training, and an arm's evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.records.answers import Prediction, Score
from harness.records.key import Fit

Family = Literal["prompt", "rag", "tune", "combine"]
TUNED: frozenset[Family] = frozenset({"tune", "combine"})  # whose weights are tuned: what they forgot is measured
# skipped: does not apply here; invalid: too many infrastructure errors; unfinished: not run, or stopped on the way
ArmStatus = Literal["ok", "failed", "skipped", "invalid", "unfinished"]


@dataclass(frozen=True, slots=True)
class BenchmarkItem:
    """One item of a general benchmark, answered by one set of weights."""

    task: str
    item: str
    score: float  # the task's headline metric on this item: usually 0 or 1; NaN where it could not be scored
    probability: float | None  # given to the right option, normalised over the options; to the text itself without any
    chance: float | None  # score of blind guessing on this item; None when it has no options
    metric: str = "acc"


@dataclass(frozen=True, slots=True)
class TextLoss:
    """How well one held-out general text is predicted."""

    item: str
    loss: float  # nats, summed over the tokens
    tokens: int


@dataclass(frozen=True, slots=True)
class OffTaskAnswer:
    """What weights say to a question that has nothing to do with the task."""

    item: str
    question: str
    text: str
    is_task_answer: bool  # an answer of the task's training set or of their form, and no right answer to the question
    is_prompted: bool = False  # asked under the task's own prompt, not alone
    kind: str = ""  # of the question, e.g. 'fact' or 'yes_no'


@dataclass(frozen=True, slots=True)
class GeneralAbility:
    """What one set of weights can do outside the task, on items shared by all weights."""

    weights: str  # name of a `Base` or a `Fit`
    items: tuple[BenchmarkItem, ...]
    texts: tuple[TextLoss, ...] = ()
    off_task: tuple[OffTaskAnswer, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What weights lost against their base on the selection material, which no gate uses: estimates, no verdict."""

    text_loss: float  # nats per token above the base
    off_task: float  # share of unrelated questions that get the task's answer and did not from the base
    probability: float | None  # change of the probability given to right answers; None without such items
    spent: float  # largest share of its budget that one of them takes; at most 1 is inside

    @property
    def is_inside(self) -> bool:
        """Whether every measure is within its budget; NaN is not."""
        return self.spent <= 1.0


@dataclass(frozen=True, slots=True)
class StrengthPoint:
    """An adapter applied at part strength: its update times a factor (Wortsman et al., arXiv 2109.01903)."""

    strength: float  # 0 is the base, 1 the adapter as trained
    dev_score: float
    dev_loss: float | None  # nats per answer token
    forgetting: Forgetting


@dataclass(frozen=True, slots=True)
class LossPoint:
    """One optimiser step."""

    step: int
    loss: float  # nats per answer token
    learning_rate: float
    grad_norm: float | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One evaluation during training, on dev and by the task's own metric."""

    step: int
    epoch: float
    dev_score: float
    dev_loss: float | None  # nats per answer token
    forgetting: Forgetting | None = None  # None: not measured at this one


@dataclass(frozen=True, slots=True)
class Trial:
    """One value tried on dev before the arm was settled."""

    setting: str  # e.g. 'learning_rate=0.001', 'k=3', 'shots=4'
    dev_score: float
    dev_loss: float | None = None
    forgetting: Forgetting | None = None


@dataclass(frozen=True, slots=True)
class TrainingSchedule:
    """How the learning rate moved over a training."""

    name: str  # as transformers calls it, e.g. 'linear'
    steps: int  # of the whole schedule; training ends earlier where dev says so
    warmup_steps: int
    batch_size: int  # rows an optimiser step


@dataclass(frozen=True, slots=True)
class TrainingHistory:
    """How a tuned model came to be."""

    method: str  # its stages, first to last: 'sft', 'sft+dpo', 'cpt+sft'
    losses: tuple[LossPoint, ...]
    checkpoints: tuple[Checkpoint, ...]
    best_step: int
    stopped: Literal["early", "end", "budget"]
    learning_rate: float
    rows: int
    trainable_tokens: int  # answer tokens of one epoch
    trainable_parameters: int
    total_parameters: int
    seconds: float
    undertrained: bool  # still improving at the last evaluation
    train_score: float | None = None  # on a sample of train, by the task's metric
    peak_memory_mb: float | None = None
    warnings: tuple[str, ...] = ()
    kl_to_base: float = 0.0  # weight of the penalty for leaving the base's predictions on general text
    strength: float = 1.0  # at which the adapter is applied, settled on dev
    frontier: tuple[StrengthPoint, ...] = ()  # gain against forgetting on dev, weakest first
    schedule: TrainingSchedule | None = None  # None: the arm does not tell
    start: "TrainingHistory | None" = None  # of the adapter that this training continued from


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How well the retriever found, on the test questions, what holds their answers: documents or passages."""

    k: int
    n: int  # questions of which it is known
    recall: float
    mrr: float
    ndcg: float


@dataclass(frozen=True, slots=True)
class AnswerRetrieval(Retrieval):
    """How well the passages that hold the answers were found, and how the questions fared with and without."""

    found: int  # questions whose passage was among those shown
    score_found: float | None  # mean primary score of these; None without any
    score_missed: float | None  # and of the others


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well calibrated the probabilities of an arm's answers are."""

    n: int  # answers that have one
    mean_probability: float
    share_right: float
    error: float  # expected calibration error: the mean distance between the two above, bin by bin
    brier: float  # mean squared distance of an answer's probability from whether it was right; 0 is best


@dataclass(frozen=True, slots=True)
class Cost:
    """What an arm costs, on the machine named in the manifest."""

    fit_seconds: float  # choices on dev and training included, of all seeds
    train_seconds: float | None  # None for arms that train nothing
    seconds_per_item: float | None  # batched: wall clock over items
    latency_seconds: float | None  # one question alone, median of a few dev questions
    prompt_tokens_per_item: float | None
    completion_tokens_per_item: float | None
    peak_memory_mb: float | None  # largest sum over the processes of this run while the arm ran
    latency_p95_seconds: float | None = None  # 95th percentile of single questions; None under 20 of them


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything measured about one fit of an arm; one that failed says so and has no scores."""

    fit: Fit
    baseline: str
    family: Family
    status: ArmStatus
    reason: str = ""  # why it failed or was skipped
    dev_score: float | None = None
    predictions: tuple[Prediction, ...] = ()
    scores: Mapping[str, tuple[Score, ...]] = field(default_factory=dict)  # by metric
    aggregates: Mapping[str, float] = field(default_factory=dict)  # by metric
    cost: Cost | None = None
    general: GeneralAbility | None = None  # None: same weights as `reference`, or not measured
    reference: str = "base"  # name of the base that general ability is compared with
    training: TrainingHistory | None = None
    retrieval: Retrieval | None = None  # of the documents that the rows name
    answer_retrieval: AnswerRetrieval | None = None  # of the passages that hold the answers, where that can be told
    trials: tuple[Trial, ...] = ()
    warnings: tuple[str, ...] = ()
    program: Mapping[str, Any] = field(default_factory=dict)  # the Program as JSON
    calibration: Calibration | None = None  # None: answers have no probabilities, or are not right or wrong
    unjudged: tuple[str, ...] = ()  # ids of answers that the judge who decides could not score: missing, not wrong
    form_misses: tuple[str, ...] = ()  # ids of wrong answers that hold the right value in another form

    @property
    def arm(self) -> str:
        """The arm's name."""
        return self.fit.arm

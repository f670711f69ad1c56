"""The frozen records that flow through an experiment; they know no method and no format.

Scores are in [0, 1] and higher is better. Seconds are wall clock. Text is never cut silently.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
Family = Literal["prompt", "rag", "tune", "combine"]
# skipped: does not apply here; invalid: too many infrastructure errors; unfinished: not run, or stopped on the way
ArmStatus = Literal["ok", "failed", "skipped", "invalid", "unfinished"]
# What a gate looks at: benchmarks together, one of them, the share of ability kept, texts, questions asked either way.
Probe = Literal["benchmarks", "one_benchmark", "kept", "texts", "alone", "prompted"]
# pass: forgetting beyond the limits excluded; fail: shown; cannot_judge: the base has too little to lose on these items
GateState = Literal["pass", "fail", "inconclusive", "cannot_judge", "not_measured"]
Action = Literal["prompt", "rag", "fine_tune", "combine", "rethink", "undecided"]


# ---- what a task is made of ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """What an arm may see of a test item: the conversation so far, and no target."""

    id: str
    messages: tuple[Message, ...]  # the last one is the user's

    @property
    def text(self) -> str:
        """The user's last turn."""
        return self.messages[-1].content


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled row of the task's data."""

    id: str
    messages: tuple[Message, ...]  # the last one is the user's
    target: str
    group: str | None = None  # rows of one group never stand on both sides of a split
    evidence: tuple[str, ...] = ()  # ids of the passages or documents that hold the answer

    @property
    def question(self) -> Question:
        """The part a predictor may see."""
        return Question(self.id, self.messages)


@dataclass(frozen=True, slots=True)
class Preference:
    """A prompt with a better and a worse answer."""

    id: str
    messages: tuple[Message, ...]
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Document:
    """One file or row that retrieval may search."""

    id: str
    text: str
    source: str  # file name, for the reader of the report


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a document, as retrieved."""

    id: str
    document: str  # id of the document it was cut from
    text: str


@dataclass(frozen=True, slots=True)
class Study:
    """All that an arm may learn or select from; there is no test field."""

    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    documents: tuple[Document, ...] = ()
    preferences: tuple[Preference, ...] = ()
    system: str | None = None  # the task's own system prompt
    template: str = "{{ input }}"  # the task's own user turn, Jinja


# ---- what a model does --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weights:
    """Which weights answer: a base, how it is quantised, and an adapter on top."""

    model: str  # folder or hub id, as the engine loads it
    quantization: Literal["nf4"] | None = None
    adapter: str | None = None  # PEFT folder


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """How an answer is decoded; temperature 0 is greedy."""

    max_new_tokens: int
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine returns for one conversation."""

    text: str  # special tokens removed, otherwise as generated
    finish: Literal["stop", "length", "context_overflow"]
    prompt_tokens: int
    completion_tokens: int
    seconds: float  # this item's share of its batch's wall clock


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely one continuation is after its context."""

    logprob: float  # natural log, summed over the continuation's tokens
    tokens: int
    greedy: bool  # every token was the most likely one


class Outcome(StrEnum):
    """The one class in which an item ends (design: errors)."""

    SCORED = "scored"
    # the model's or the arm's doing: counted as wrong (a refusal: scored like any answer, and labelled)
    UNPARSED = "unparsed"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    REFUSED = "refused"
    CONTEXT_OVERFLOW = "context_overflow"
    # not its doing: the item is left out for every arm, counted and bounded
    ENDPOINT_ERROR = "endpoint_error"
    TIMEOUT = "timeout"
    WORKER_ERROR = "worker_error"
    INVALID_INPUT = "invalid_input"

    @property
    def is_measured(self) -> bool:
        """Whether the item says something about the arm: scored, or counted wrong."""
        return self not in INFRASTRUCTURE


INFRASTRUCTURE = frozenset({Outcome.ENDPOINT_ERROR, Outcome.TIMEOUT, Outcome.WORKER_ERROR, Outcome.INVALID_INPUT})


@dataclass(frozen=True, slots=True)
class Prediction:
    """One arm's answer to one question."""

    example_id: str
    text: str  # the whole completion
    answer: str | None  # read out of the completion; None when nothing could be read
    outcome: Outcome
    finish: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float  # share of the batch's wall clock, retrieval included
    passages: tuple[str, ...] = ()  # ids, best first
    documents: tuple[str, ...] = ()  # the documents that the passages were cut from


@dataclass(frozen=True, slots=True)
class Score:
    """One item's score by one metric."""

    example_id: str
    value: float
    predicted: str | None = None  # label as normalised, for metrics over a confusion table
    expected: str | None = None


# ---- what was measured --------------------------------------------------------------------


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

    weights: str  # 'base', 'base_nf4' or the arm's name
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
class TrainingHistory:
    """How an adapter came to be."""

    method: str  # 'sft', 'dpo', 'sft+dpo'
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


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How well the retriever found the known evidence on the test questions."""

    k: int
    n: int  # questions whose evidence ids are known
    recall: float
    mrr: float
    ndcg: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What an arm costs, on the machine named in the manifest."""

    fit_seconds: float  # choices on dev and training included
    train_seconds: float | None  # None for arms that train nothing
    seconds_per_item: float | None  # batched: wall clock over items
    latency_seconds: float | None  # one question alone, median of a few dev questions
    prompt_tokens_per_item: float | None
    completion_tokens_per_item: float | None
    peak_memory_mb: float | None  # largest sum over the processes of this run while the arm ran


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything measured about one arm; an arm that failed says so and has no scores."""

    arm: str
    baseline: str
    family: Family
    status: ArmStatus
    reason: str = ""  # why it failed or was skipped
    seed: int = 0
    dev_score: float | None = None
    predictions: tuple[Prediction, ...] = ()
    scores: Mapping[str, tuple[Score, ...]] = field(default_factory=dict)  # by metric
    aggregates: Mapping[str, float] = field(default_factory=dict)  # by metric
    cost: Cost | None = None
    general: GeneralAbility | None = None  # None: same weights as `reference`, or not measured
    reference: str = "base"  # weights that general ability is compared with
    training: TrainingHistory | None = None
    retrieval: Retrieval | None = None
    trials: tuple[Trial, ...] = ()
    warnings: tuple[str, ...] = ()
    program: Mapping[str, Any] = field(default_factory=dict)  # the Program as JSON


# ---- what is concluded --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its bounds; never of zero width."""

    estimate: float
    low: float
    high: float
    n: int
    method: str  # e.g. 'Wilson 95%'


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far `arm` beats `against` on the same items."""

    arm: str
    against: str
    difference: Interval | None  # None: too few pairs or groups for a claim
    wins: int  # items that only `arm` got right (or scored higher)
    losses: int
    exceeds_gain: bool  # lower bound above the smallest gain that matters
    honest: float | None = None  # of a gain that exceeds it: the estimate, corrected for being told because it does


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder as it was judged."""

    family: Family
    candidate: str | None  # the arm that dev named; None when no arm of the rung ran
    score: Interval | None
    at_goal: bool  # lower bound reaches the goal
    climbed: bool
    comparisons: tuple[Comparison, ...]
    why: str


@dataclass(frozen=True, slots=True)
class TaskChange:
    """One general benchmark before and after tuning; the gate judges those that are measurable."""

    task: str
    n: int
    base: Interval
    tuned: Interval
    change: Interval | None  # tuned - base, paired
    probability_change: Interval | None  # of the probability given to right answers, paired
    retention: float | None  # chance-corrected tuned / base; None when not measurable
    measurable: bool  # the base is clearly above chance here
    broken: str = ""  # why this benchmark fails the gate; empty when it does not


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether tuning kept the model's general ability."""

    arm: str
    state: GateState
    reasons: tuple[str, ...]
    pooled: Interval | None  # change of the score over the judged benchmark items
    probability_change: Interval | None  # of the probability given to right answers, over the same items
    retention: Interval | None  # chance-corrected tuned / base over the judged benchmarks
    tasks: tuple[TaskChange, ...]
    text_loss_change: Interval | None  # nats per token
    off_task_rate: Interval | None  # share of unrelated questions, asked alone, that tuning turned into task answers
    prompted_off_task_rate: Interval | None  # the same under the task's own prompt
    items_needed: int | None  # benchmark items to exclude forgetting, when inconclusive
    warnings: tuple[str, ...] = ()  # what does not change the state
    blocks: bool = True  # False: only this task's inputs reach the adapter, so the gate reports and does not block
    basis: str = ""  # the measure that the claim on benchmarks rests on; empty where the base can lose too little
    change: Interval | None = None  # of that measure, in points of the score
    failed: tuple[Probe, ...] = ()  # probes that show harm
    doubted: tuple[Probe, ...] = ()  # probes that keep from a pass; empty where one failed


@dataclass(frozen=True, slots=True)
class Band:
    """One band of the 20/90/99 rule of thumb."""

    name: Literal["rethink", "between", "promising", "nearly_sure"]
    low: float
    high: float
    probability: float  # posterior of the best prompt's rate


@dataclass(frozen=True, slots=True)
class RuleOfThumb:
    """What the rule predicts from the prompts, beside what was measured."""

    prompt_arm: str | None
    bands: tuple[Band, ...]
    predicts: str
    measured: str


@dataclass(frozen=True, slots=True)
class ErrorBounds:
    """What an arm's items that ended in infrastructure errors could do to its figure."""

    arm: str
    lost: int  # items that ended in infrastructure errors
    asked: int
    worst: float | None  # the figure were every lost item wrong; None: it is no mean of items, so it has no such bound
    best: float | None  # were every one right


@dataclass(frozen=True, slots=True)
class Missing:
    """A planned arm without a figure, and what its absence means."""

    arm: str
    why: str  # 'failed: out of memory'
    meaning: str  # 'whether tuning would have reached the goal is not known'
    matters: bool  # with it, the verdict might be another


# few_items: more would settle it; margin: they would not, as no arm is better by more than the margin; arms_missing:
# one failed, did not run, or was not trained to the end; gate: the gate of general ability alone is in the way.
UndecidedKind = Literal["", "few_items", "margin", "arms_missing", "gate"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, and everything it rests on."""

    action: Action
    arm: str | None
    goal: Literal["met", "not_shown", "missed"]
    sentence: str  # derived from the figures, never typed
    reasons: tuple[str, ...]
    caveats: tuple[str, ...]  # the one that matters most to the verdict first
    next_step: str
    labels_needed: int | None  # test items in all, more than are there, that would settle an undecided run
    scores: Mapping[str, Interval]  # by arm
    rungs: tuple[Rung, ...]
    comparisons: tuple[Comparison, ...]  # every arm against the best prompt on dev
    gates: tuple[Gate, ...]
    rule: RuleOfThumb | None
    missing: tuple[Missing, ...] = ()
    error_bounds: tuple[ErrorBounds, ...] = ()  # of the arms that lost items
    # Verdicts that counting lost items as right or as wrong would give in place of this one; None: cannot be told.
    other_verdicts: tuple[str, ...] | None = ()
    undecided: UndecidedKind = ""  # why there is no verdict


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds that a user sets before the run."""

    goal: float = 0.90
    smallest_gain: float = 0.02
    rethink: float = 0.20
    promising: float = 0.90
    nearly_sure: float = 0.99
    max_drop: float = 0.03
    keep: float = 0.85
    max_text_loss: float = 0.25  # nats per token above the base
    max_off_task: float = 0.10  # share of unrelated questions that get the task's answer
    # shared: people also ask the tuned model other things, so the gate blocks; routed: only this task's inputs reach it
    deployment: Literal["shared", "routed"] = "shared"
    max_error_rate: float = 0.05  # infrastructure errors above this make an arm invalid

    def are_too_many(self, lost: int, asked: int) -> bool:
        """Whether so many items lost to infrastructure errors leave too little to judge."""
        return lost > self.max_error_rate * asked


@dataclass(frozen=True, slots=True)
class Run:
    """A finished comparison as reports see it."""

    folder: str
    name: str
    description: str
    is_fast: bool  # a smoke run: must not be decided on
    limits: Limits
    primary_metric: str
    task: Mapping[str, Any]  # the resolved task file
    examples: tuple[Example, ...]  # the test items
    evidence: tuple[Evidence, ...]
    bases: tuple[GeneralAbility, ...]  # 'base', and 'base_nf4' where measured
    decision: Decision
    manifest: Mapping[str, Any]  # versions, hashes, device, seeds, dates


# ---- a regression check -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flip:
    """A benchmark item that was right on one side and wrong on the other."""

    task: str
    item: str
    is_loss: bool  # right on the base, wrong after tuning
    base_probability: float | None  # given to the right answer
    tuned_probability: float | None


@dataclass(frozen=True, slots=True)
class Regression:
    """What `harness regress` found: tuned weights against their base, on the same items."""

    base: str  # as the user named them
    tuned: str
    verdict: Literal["passed", "regressed", "inconclusive", "cannot_judge"]
    sentence: str  # derived from the figures, never typed
    gate: Gate
    flips: tuple[Flip, ...]  # losses first
    primary_metric: str | None  # of the task, where one was given
    base_score: Interval | None  # on the task's test items
    tuned_score: Interval | None
    task_change: Comparison | None  # tuned less base, paired
    limits: Limits
    notes: tuple[str, ...]  # e.g. that the two are quantised differently, or that the base was recorded earlier
    manifest: Mapping[str, Any]  # versions, hashes, device, seeds, dates

    @property
    def remarks(self) -> tuple[str, ...]:
        """Notes, reasons and warnings that the sentence does not say already."""
        told = (*self.notes, *self.gate.reasons, *self.gate.warnings)
        return tuple(text for text in told if (text.partition(": ")[2] or text) not in self.sentence)

"""What is concluded from the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.records.measured import Family

# What a gate looks at: benchmarks together, one of them, the share of ability kept, texts, questions asked either way.
Probe = Literal["benchmarks", "one_benchmark", "kept", "texts", "alone", "prompted"]
# pass: forgetting beyond the limits excluded; fail: shown; cannot_judge: the base has too little to lose on these items
GateState = Literal["pass", "fail", "inconclusive", "cannot_judge", "not_measured"]
# own: people labelled the arms' own answers; transferred: other answers; none: too few of either
Basis = Literal["own", "transferred", "none"]
UNCORRECTED = "as the judge says, uncorrected"  # the end of such an interval's method, and what its figure is called
Action = Literal["prompt", "rag", "fine_tune", "combine", "rethink", "undecided"]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its bounds; never of zero width."""

    estimate: float
    low: float
    high: float
    n: int
    method: str  # e.g. 'Wilson 95%'

    @property
    def is_uncorrected(self) -> bool:
        """Whether the estimate is what a judge says, and nothing corrects it: the bounds are the possible range."""
        return self.method.endswith(UNCORRECTED)


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
    goal_bound: float | None = None  # lower bound of the score that is held against the goal


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
    worst: float | None  # the figure were every lost item wrong; None: not a mean of items, or a judge's, uncorrected
    best: float | None  # were every one right


@dataclass(frozen=True, slots=True)
class FormMisses:
    """An arm's wrong answers that hold the right value in another form."""

    arm: str
    count: int
    wrong: int  # answers that score below one half, these among them
    n: int  # items that every judged arm has measured
    figure: float | None  # the mean score; None: the metric is not a mean of items
    with_them: float | None  # were they right


@dataclass(frozen=True, slots=True)
class Missing:
    """A planned arm without a figure, and what its absence means."""

    arm: str
    why: str  # 'failed: out of memory'
    meaning: str  # 'whether tuning would have reached the goal is not known'
    matters: bool  # with it, the verdict might be another


@dataclass(frozen=True, slots=True)
class Recipe:
    """What another training run of an arm, or another draw of its answers, would reach, from several seeds."""

    arm: str
    seeds: tuple[int, ...]  # of the fits that ended well
    figures: tuple[float, ...]  # of each, on the items that all of them measured
    between_seeds: float  # standard deviation from one fit to another, the luck with the items taken out
    item_error: float  # standard error of their mean from the choice of the items
    new_run: Interval  # prediction interval of one more training run or draw


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the test items, which have one thing in common: what two arms reach on them."""

    dimension: str  # e.g. 'label'
    value: str
    n: int  # items that both have measured
    figure: float | None  # of the leading arm; None without items, or where a judge's figure cannot be corrected
    against: float | None  # of the arm that it is compared with
    gain: Comparison | None  # None: too few items


# few_items: more would settle it; margin: they would not, as no arm is better by more than the margin; arms_missing:
# one failed, did not run, or was not trained to the end; gate: the gate of general ability alone is in the way;
# few_labels: a judge scored the answers, and were its errors known for sure there would be a verdict; or no figure
# of any arm can be corrected.
UndecidedKind = Literal["", "few_items", "few_labels", "margin", "arms_missing", "gate"]


@dataclass(frozen=True, slots=True)
class Asked:
    """How many of the test items an arm was asked, where they are asked in rounds, and why no more."""

    arm: str
    items: int
    of: int  # test items in all
    is_open: bool  # more items could still change the verdict, or what it says of the goal
    why: str  # what is settled, where no question is open


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, and everything it rests on."""

    action: Action
    arm: str | None
    goal: Literal["met", "not_shown", "missed"]
    sentence: str  # derived from the figures, never typed
    reasons: tuple[str, ...]
    caveats: tuple[str, ...]  # those that could overturn the verdict first
    next_step: str
    labels_needed: int | None  # test items in all, more than are there, that would settle an undecided run
    scores: Mapping[str, Interval]  # by arm
    rungs: tuple[Rung, ...]
    comparisons: tuple[Comparison, ...]  # every arm against the best prompt on dev
    gates: tuple[Gate, ...]
    rule: RuleOfThumb | None
    missing: tuple[Missing, ...] = ()
    error_bounds: tuple[ErrorBounds, ...] = ()  # of the arms that lost items
    # Verdicts that counting lost items as right or as wrong would give instead of this one; None: unknown.
    other_verdicts: tuple[str, ...] | None = ()
    undecided: UndecidedKind = ""  # why there is no verdict
    recipes: tuple[Recipe, ...] = ()  # of arms with several seeds
    form_misses: tuple[FormMisses, ...] = ()  # of every judged arm
    pairs: tuple[Comparison, ...] = ()  # every two judged arms, the later one of the task's order against the earlier
    slices: tuple[Slice, ...] = ()  # the leading arm against dev's prompt, by what items have in common
    basis: Basis | None = None  # what corrects the judge's scores; None: no judge decides
    turning: int = 0  # how many of the caveats, from the first, could overturn the verdict
    asked: tuple[Asked, ...] = ()  # of every judged arm, where test items are asked in rounds
    constant: float | None = None  # figure of always giving train's most frequent answer; None where nothing tells

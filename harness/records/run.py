"""A finished comparison, and a finished regression check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.records.concluded import Comparison, Decision, Gate, Interval
from harness.records.data import Example
from harness.records.judged import JudgeFindings
from harness.records.limits import Limits
from harness.records.measured import Evidence, GeneralAbility


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
    evidence: tuple[Evidence, ...]  # one an arm: the fit that it is judged by
    bases: tuple[GeneralAbility, ...]  # 'base', and 'base_nf4' where measured
    decision: Decision
    manifest: Mapping[str, Any]  # versions, hashes, device, seeds, dates
    fits: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)  # by arm: all its fits, in the seeds' order
    notes: tuple[str, ...] = ()  # how the rows were read, and what of them is not used
    judging: tuple[JudgeFindings, ...] = ()  # of each judge among the metrics

    def model_of(self, evidence: Evidence) -> str:
        """Return the name of the model that an arm stands on; '' where the task's own is the only one."""
        models = self.manifest.get("models", ())
        if evidence.fit.model or len(models) < 2:
            return evidence.fit.model
        return next((str(one["source"]).rsplit("/", 1)[-1] for one in models if not one["name"]), "")


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
    task_verdict: Literal["passed", "regressed", "inconclusive", "cannot_judge"] | None
    task_words: str  # the bound that its verdict rests on, or why there is none; '' without a task
    limits: Limits
    notes: tuple[str, ...]  # e.g. that the two are quantised differently, or that the base was recorded earlier
    manifest: Mapping[str, Any]  # versions, hashes, device, seeds, dates

    @property
    def remarks(self) -> tuple[str, ...]:
        """Notes, reasons and warnings that the sentence does not say already."""
        told = (*self.notes, *self.gate.reasons, *self.gate.warnings)
        return tuple(text for text in told if (text.partition(": ")[2] or text) not in self.sentence)

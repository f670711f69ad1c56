"""What a model is asked with, and what it answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Weights:
    """Which weights answer: a base, how it is quantised, and what tuning left: an adapter on top, or all weights."""

    model: str  # the base: folder or hub id, as the engine loads it; tokenizer and chat template are always its own
    quantization: Literal["nf4"] | None = None
    adapter: str | None = None  # PEFT folder
    checkpoint: str | None = None  # folder with every weight after tuning, instead of the base's

    @property
    def tuned(self) -> str | None:
        """The folder that tuning left; None for a bare base."""
        return self.adapter or self.checkpoint

    @property
    def base(self) -> "Weights":
        """The same model before tuning."""
        return Weights(self.model, self.quantization)


@dataclass(frozen=True, slots=True)
class Constraint:
    """What an answer may be, held by the decoder."""

    kind: Literal["labels", "pattern", "json_schema"]
    text: str  # a JSON list of labels; a regular expression for the whole answer; a JSON schema


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """How an answer is decoded; temperature 0 is greedy."""

    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0  # of sampling; equal batches get equal answers
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine returns for one conversation."""

    text: str  # special tokens removed, otherwise as generated
    finish: Literal["stop", "length", "context_overflow"]
    prompt_tokens: int
    completion_tokens: int
    seconds: float  # this item's share of its batch's wall clock
    probability: float | None = None  # of a label among those that it was chosen from; None where text was generated


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
    PATTERN_STOPPED = "pattern_stopped"  # the task's pattern took longer over it than a pattern may
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
    completion_tokens: int  # generated; of a choice among labels those of all labels, as each is read
    seconds: float  # share of the batch's wall clock, retrieval included
    passages: tuple[str, ...] = ()  # ids, best first
    documents: tuple[str, ...] = ()  # the documents that the passages were cut from
    probability: float | None = None  # of the answer, where it was chosen from labels
    passage_texts: tuple[str, ...] = ()  # what the passages say


@dataclass(frozen=True, slots=True)
class Score:
    """One item's score by one metric."""

    example_id: str
    value: float
    # labels as normalised, for metrics over a confusion table; several where an answer may name several
    predicted: str | tuple[str, ...] | None = None
    expected: str | tuple[str, ...] | None = None
    # the item's numbers, for an aggregate that is computed from them (BLEU, a correlation)
    parts: tuple[float, ...] = ()

"""What a metric keeps, and a metric whose scores a model gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from harness.records import Example, Message, Score


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

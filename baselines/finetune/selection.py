"""Which rate, checkpoint and strength is kept, when training stops, and what its curve says. Pure.

Of checkpoints and strengths the best on the task inside the forgetting budget is kept; where nothing is, what spends
least of it. What is not a number never orders a choice.
"""

import math
from collections.abc import Sequence
from statistics import mean
from typing import Literal, Protocol, TypeVar

from harness.records import Checkpoint, Forgetting, LossPoint

# Where the score stands still, a dev loss must fall by this share and by so many nats to count as a gain:
# below either, evaluations on a few dozen rows move by chance.
LOSS_GAIN = 0.05
LEAST_FALL = 0.01
UNSTEADY_RISE = 0.1  # nats; the notes ask for swings under 0.1
OVERFITTING_GAP = 0.10  # score points between train and dev


class DevResult(Protocol):
    """What dev says of one choice."""

    @property
    def dev_score(self) -> float:
        """The task's own metric."""

    @property
    def dev_loss(self) -> float | None:
        """Nats per answer token."""

    @property
    def forgetting(self) -> Forgetting | None:
        """What it lost on the selection material; None where that was not measured."""


Choice = TypeVar("Choice", bound=DevResult)


def best_of(choices: Sequence[Choice]) -> Choice:
    """Return the best on dev inside the budget; equal scores by lower dev loss, then the earlier one.

    Where none is inside, the one that spends least. Those whose forgetting was not measured count where none was.
    """
    measured = [choice for choice in choices if choice.forgetting is not None]
    return min(measured or choices, key=lambda choice: (_excess(choice), *rank(choice)))


def boldest_of(choices: Sequence[Choice]) -> Choice:
    """Return the best on dev, whatever was forgotten."""
    return min(choices, key=rank)


def is_clearly_worse(choice: DevResult, than: DevResult, rows: int) -> bool:
    """Whether a dev score lies more than one standard error, on so many rows, below another."""
    best = score_of(than)
    error = math.sqrt(max(0.0, best * (1 - best)) / rows) if math.isfinite(best) else 0.0
    return score_of(choice) < best - error


def score_of(choice: DevResult) -> float:
    """Return the dev score; what is not a number is below every score."""
    return choice.dev_score if math.isfinite(choice.dev_score) else -math.inf


def loss_of(choice: DevResult) -> float:
    """Return the dev loss; what is not a number, or was not measured, is above every loss."""
    loss = choice.dev_loss
    return loss if loss is not None and math.isfinite(loss) else math.inf


def is_inside(choice: DevResult) -> bool:
    """Whether a choice stays within the forgetting budget, or was not measured."""
    return _excess(choice) == 0.0


def has_gained(point: DevResult, before: Sequence[DevResult]) -> bool:
    """Whether `point` beats all before it: a higher score, or the same and a dev loss 5% and 0.01 nats lower."""
    if not before:
        return True
    best = boldest_of(before)
    if score_of(point) != score_of(best):
        return score_of(point) > score_of(best)
    return loss_of(point) < min((1 - LOSS_GAIN) * loss_of(best), loss_of(best) - LEAST_FALL)


def evaluations_without_gain(checkpoints: Sequence[DevResult]) -> int:
    """Count the evaluations since the last gain."""
    gains = [i for i, point in enumerate(checkpoints) if has_gained(point, checkpoints[:i])]
    return len(checkpoints) - 1 - gains[-1]


def should_stop(checkpoints: Sequence[Checkpoint], patience: int) -> bool:
    """Whether to stop early: `patience` evaluations without gain, or a dev score that is perfect.

    By the task alone: an adapter that has learnt and left the budget may be back inside it at part strength.
    """
    return boldest_of(checkpoints).dev_score >= 1.0 or evaluations_without_gain(checkpoints) >= patience


def is_undertrained(checkpoints: Sequence[Checkpoint], stopped: Literal["early", "end", "budget"]) -> bool:
    """Whether training ended while it still gained.

    That is: its time ran out, or it came to the end of its schedule and the last evaluation was a gain
    (`has_gained`). A perfect dev
    score is never undertrained; a single evaluation that is not perfect always is, as nothing shows
    that it had levelled off.
    """
    if stopped == "early" or boldest_of(checkpoints).dev_score >= 1.0:
        return False
    return stopped == "budget" or has_gained(checkpoints[-1], checkpoints[:-1])


def curve_warnings(losses: Sequence[LossPoint], steps_per_epoch: int) -> tuple[str, ...]:
    """Warn when the loss, averaged over half epochs, rises by more than 0.1 after the first epoch."""
    width = max(1, steps_per_epoch // 2)
    after = [point.loss for point in losses if point.step > steps_per_epoch]
    means = [mean(after[i : i + width]) for i in range(0, len(after) - width + 1, width)]
    rise = max((later - earlier for earlier, later in zip(means, means[1:], strict=False)), default=0.0)
    if rise <= UNSTEADY_RISE:
        return ()
    return (f"the loss is unsteady: it rose by {rise:.2f} nats between half epochs; try a lower rate",)


def gap_warnings(train_score: float, dev_score: float) -> tuple[str, ...]:
    """Warn when the train score is more than ten points above the dev score."""
    if train_score - dev_score <= OVERFITTING_GAP:
        return ()
    return (f"overfitting: {train_score:.1%} on a sample of train against {dev_score:.1%} on dev",)


def rank(choice: DevResult) -> tuple[float, float]:
    """Return what puts choices in order by dev score, then dev loss, best first."""
    return (-score_of(choice), loss_of(choice))


def _excess(choice: DevResult) -> float:
    """Return what is spent of the budget where it is exceeded, else 0; what is not a number exceeds it without end."""
    if choice.forgetting is None or choice.forgetting.is_inside:
        return 0.0
    return choice.forgetting.spent if math.isfinite(choice.forgetting.spent) else math.inf

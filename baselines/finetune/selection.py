"""Which checkpoint is kept, when training stops, and what its curve says. Pure."""

from collections.abc import Sequence
from statistics import mean
from typing import Literal

from harness.records import Checkpoint, LossPoint

# Where the score stands still, a dev loss must fall by this share and by so many nats to count as a gain:
# below either, evaluations on a few dozen rows move by chance.
LOSS_GAIN = 0.05
LEAST_FALL = 0.01
UNSTEADY_RISE = 0.1  # nats; the notes ask for swings under 0.1
OVERFITTING_GAP = 0.10  # score points between train and dev


def best_of(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """Return the best by dev score; equal scores by lower dev loss, then the earlier one."""
    return min(checkpoints, key=lambda point: (-point.dev_score, _loss(point), point.step))


def has_gained(point: Checkpoint, before: Sequence[Checkpoint]) -> bool:
    """Whether `point` beats all before it: a higher score, or the same and a dev loss 5% and 0.01 nats lower."""
    if not before:
        return True
    best = best_of(before)
    if point.dev_score != best.dev_score:
        return point.dev_score > best.dev_score
    return _loss(point) < min((1 - LOSS_GAIN) * _loss(best), _loss(best) - LEAST_FALL)


def evaluations_without_gain(checkpoints: Sequence[Checkpoint]) -> int:
    """Count the evaluations since the last gain."""
    gains = [i for i, point in enumerate(checkpoints) if has_gained(point, checkpoints[:i])]
    return len(checkpoints) - 1 - gains[-1]


def should_stop(checkpoints: Sequence[Checkpoint], patience: int) -> bool:
    """Whether to stop early: `patience` evaluations without gain, or a dev score that is perfect."""
    return best_of(checkpoints).dev_score >= 1.0 or evaluations_without_gain(checkpoints) >= patience


def is_undertrained(checkpoints: Sequence[Checkpoint], stopped: Literal["early", "end", "budget"]) -> bool:
    """Whether training ended while it still gained.

    That is: its time ran out, or it came to the end of its schedule and the last evaluation was a gain
    (`has_gained`). A perfect dev
    score is never undertrained; a single evaluation that is not perfect always is, as nothing shows
    that it had levelled off.
    """
    if stopped == "early" or best_of(checkpoints).dev_score >= 1.0:
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
    return (f"overfitting: {train_score:.0%} on a sample of train against {dev_score:.0%} on dev",)


def _loss(point: Checkpoint) -> float:
    return float("inf") if point.dev_loss is None else point.dev_loss

"""What tuning did outside benchmarks: the loss on general texts, and the task's answers to unrelated questions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from harness.decision.intervals import TAIL, Floats, exact
from harness.decision.words import percent
from harness.records import GeneralAbility, Interval, OffTaskAnswer

# Equal weights differ by no more than this from run to run (the engine's own tolerance, nats per token).
LOSS_TOLERANCE = 1e-4


@dataclass(frozen=True)
class TextChanges:
    """Change of the loss on each text that both weights were scored on, in nats per token."""

    changes: Floats  # shape (texts,)

    @property
    def is_finite(self) -> bool:
        """Whether every loss is a number."""
        return bool(np.isfinite(self.changes).all())

    def interval(self, tail: float = TAIL) -> Interval | None:
        """Return the mean change: Student's t over the texts; None under two texts, or where a loss is not a number."""
        n = self.changes.size
        if n < 2 or not self.is_finite:
            return None
        error = float(self.changes.std(ddof=1)) / math.sqrt(n)
        reach = max(-float(scipy.special.stdtrit(n - 1, tail)) * error, LOSS_TOLERANCE)
        mean = float(self.changes.mean())
        return Interval(mean, mean - reach, mean + reach, n, f"t {percent(tail)}")


def text_changes(base: GeneralAbility, tuned: GeneralAbility) -> TextChanges:
    """Pair the losses text by text; one that is not a number for the base says nothing of the tuned weights.

    Raises:
        ValueError: If a text has another length for the two.
    """
    before = {text.item: text for text in base.texts}
    changes = []
    for text in tuned.texts:
        if (other := before.get(text.item)) is None or not math.isfinite(other.loss):
            continue
        if other.tokens != text.tokens:
            raise ValueError(
                f"text '{text.item}' has {other.tokens} tokens for {base.weights} and {text.tokens} for "
                f"{tuned.weights}; the two do not share a tokenizer, so their losses cannot be compared"
            )
        changes.append((text.loss - other.loss) / text.tokens)
    return TextChanges(np.array(changes, dtype=np.float64))


@dataclass(frozen=True)
class TurnedQuestions:
    """Unrelated questions, and how many of them tuning turned into the task's answers."""

    turned: int
    asked: int

    @property
    def rate(self) -> float:
        """The share that was turned; 0 where none was asked."""
        return self.turned / self.asked if self.asked else 0.0

    def interval(self, tail: float = TAIL) -> Interval | None:
        """Return the rate with Clopper and Pearson's exact bounds; None where no question was asked of both.

        Exact, because the claims rest on rates near 0 (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404).
        """
        if not self.asked:
            return None
        return replace(exact(self.turned, self.asked, tail), method=f"exact {percent(tail)}")


def turned_questions(base: GeneralAbility, tuned: GeneralAbility, *, is_prompted: bool) -> TurnedQuestions:
    """Count the questions that get the task's answer from the tuned weights and did not from the base."""
    before = {answer.item: answer for answer in _asked(base, is_prompted)}
    pairs = [(before[answer.item], answer) for answer in _asked(tuned, is_prompted) if answer.item in before]
    return TurnedQuestions(sum(b.is_task_answer and not a.is_task_answer for a, b in pairs), len(pairs))


def _asked(ability: GeneralAbility, is_prompted: bool) -> Sequence[OffTaskAnswer]:
    return [answer for answer in ability.off_task if answer.is_prompted == is_prompted]

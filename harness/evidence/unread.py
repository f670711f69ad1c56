"""Answers out of which nothing could be read: what is said of them."""

from collections import Counter
from collections.abc import Sequence

from harness.answer_reading import PATTERN_SECONDS
from harness.records import Outcome, Prediction

UNREAD_SHARE = 0.10  # of an arm's answers; with more the prompt or the reader may be at fault, not the model


def unread(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    """Warn when many answers were cut off or had no result, and whenever the task's pattern was stopped."""
    counts = Counter(p.outcome.value for p in predictions if p.outcome in (Outcome.TRUNCATED, Outcome.UNPARSED))
    many = tuple(
        f"{count} of {len(predictions)} answers are {outcome} and count as wrong"
        for outcome, count in sorted(counts.items())
        if count > UNREAD_SHARE * len(predictions)
    )
    return (*many, *stopped(predictions))


def stopped(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    """Say over how many answers the task's pattern was stopped; nothing where it was over none."""
    count = sum(p.outcome is Outcome.PATTERN_STOPPED for p in predictions)
    if not count:
        return ()
    return (
        f"answer.pattern took more than {PATTERN_SECONDS:g} second of processor time over {count} of "
        f"{len(predictions)} answers and was stopped: nothing was read out of them, and they count as wrong; "
        "make the pattern simpler, so that no two parts of it can match the same text",
    )

"""The figure of metrics whose figure is the mean of their items."""

from collections.abc import Sequence
from statistics import fmean

from harness.records import Score


def mean_value(scores: Sequence[Score]) -> float:
    """Return the mean of the items' values.

    Raises:
        ValueError: If there are no scores; absence is not zero.
    """
    if not scores:
        raise ValueError("no scores, so there is no mean; score at least one item")
    return fmean(score.value for score in scores)

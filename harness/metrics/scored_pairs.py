"""Metrics for answers that are scores, where near is nearly right: correlation, and within a tolerance.

As the Semantic Textual Similarity benchmark is scored (Cer et al. 2017, https://aclanthology.org/S17-2001): Pearson's
and Spearman's correlation of the answers' numbers with the targets'.
"""

import re
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from harness.metrics.normalisation import normalise
from harness.metrics.quantities import DecimalMark, number_fault, read_quantity, read_target
from harness.metrics.settings import RightOrWrong, Settings
from harness.records import Example, Score

# '4/5' and '4.0/5.0', but neither a date nor '4 1/2'
_OUT_OF = re.compile(r"(?<![\d/.,])(?<!\d )(\d+(?:[.,]\d+)?) ?/ ?\d+(?:[.,]\d+)?(?![\d/])")


class WithinTolerance(RightOrWrong):
    """1 when the answer's number is at most `tolerance` from the target's; units are not compared.

    `harness.metrics.quantities` states how a number is read; '4/5' is a score of 4, out of 5, and no fraction. A target
    without a number is compared as exact match does; one that does not say one number is a fault of its row.
    """

    name: ClassVar[str] = "within_tolerance"

    tolerance: Annotated[float, Field(gt=0)]  # in the target's own scale: there is no default that fits every scale
    decimal_mark: DecimalMark = "."

    def is_right(self, answer: str, target: str) -> bool:
        """Whether an answer's number is near the target's."""
        try:
            wanted = _wanted(target, self.decimal_mark)
        except ValueError:
            wanted = None
        if wanted is None:
            return normalise(answer) == normalise(target)
        said = _number(answer, self.decimal_mark)
        return said is not None and abs(said - wanted) <= Fraction(str(self.tolerance))

    def target_fault(self, target: str) -> str:
        """Say why a target cannot be scored; '' where it can: it says one number, or none."""
        return number_fault(_score_alone(target), self.name, self.decimal_mark)


class Correlation(Settings):
    """Correlation of the answers' numbers with the targets', from 0 to 1; a negative one counts as 0.

    An answer without a number, or with one that no float can hold, counts as the end of the targets' scale that is
    farther from its target, so that silence never helps. Answers, or targets, that are all the same say nothing of each
    other: 0. An item's own value is 1 where both numbers are equal; the figure is not a mean of these.
    """

    kind: ClassVar[Literal["aggregate"]] = "aggregate"
    name: ClassVar[str]

    decimal_mark: DecimalMark = "."

    def score(self, answer: str | None, example: Example) -> Score:
        """Read both numbers of one item.

        Raises:
            ValueError: If the target has no number, or does not say one.
        """
        wanted = _within_float(_wanted(example.target, self.decimal_mark))
        if wanted is None:
            raise ValueError(f"item {example.id!r} has no number as its target; {self.name} compares numbers")
        said = None if answer is None else _within_float(_number(answer, self.decimal_mark))
        parts = (float(wanted),) if said is None else (float(wanted), float(said))
        return Score(example.id, float(said == wanted), parts=parts)

    def target_fault(self, target: str) -> str:
        """Say why a target cannot be scored; '' where it can."""
        if fault := number_fault(_score_alone(target), self.name, self.decimal_mark):
            return fault
        wanted = _within_float(_wanted(target, self.decimal_mark))
        return "" if wanted is not None else f"has no number, which {self.name} compares"

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the correlation over all items.

        Raises:
            ValueError: If there are no scores, or one of another metric.
        """
        if not scores:
            raise ValueError("no scores, so there is no correlation; score at least one item")
        if not all(score.parts for score in scores):
            raise ValueError(f"an item has no number as its target; score it with {self.name}")
        wanted = [score.parts[0] for score in scores]
        low, high = min(wanted), max(wanted)
        said = [
            score.parts[1] if len(score.parts) > 1 else max((low, high), key=lambda end: abs(end - target))
            for score, target in zip(scores, wanted, strict=True)
        ]
        return max(0.0, _correlation(said, wanted, is_by_rank=self.name == "spearman"))


class Spearman(Correlation):
    """Correlation of the ranks: whether what is more is called more."""

    name: ClassVar[str] = "spearman"


class Pearson(Correlation):
    """Correlation of the values themselves."""

    name: ClassVar[str] = "pearson"


def _number(text: str, decimal_mark: DecimalMark) -> Fraction | None:
    found = read_quantity(_score_alone(text), decimal_mark=decimal_mark)
    return None if found is None else found.value


def _wanted(target: str, decimal_mark: DecimalMark) -> Fraction | None:
    found = read_target(_score_alone(target), decimal_mark=decimal_mark)
    return None if found is None else found.value


def _within_float(number: Fraction | None) -> Fraction | None:
    """Return a number that a float can hold; one beyond, such as 10^9999, is none."""
    return None if number is None or abs(number) > sys.float_info.max else number


def _score_alone(text: str) -> str:
    return _OUT_OF.sub(r"\1", text)


def _correlation(said: Sequence[float], wanted: Sequence[float], is_by_rank: bool) -> float:
    import numpy as np
    from scipy.stats import rankdata

    if len(set(said)) < 2 or len(set(wanted)) < 2:
        return 0.0
    # Shares of the largest: squares of 1e300 are beyond any float.
    ours, theirs = (
        rankdata(values) if is_by_rank else np.asarray(values) / max(map(abs, values)) for values in (said, wanted)
    )
    return min(1.0, float(np.corrcoef(ours, theirs)[0, 1]))

"""ROUGE-1, ROUGE-2 and ROUGE-L by rouge-score, on our tokens.

rouge-score's own tokenizer keeps only a-z and 0-9, so Chinese, Russian or Arabic text scores 0
against itself; ours knows every script (Lin 2004, https://aclanthology.org/W04-1013).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.normalisation import normalise, tokens
from harness.records import Example, Score

_OURS = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}


@dataclass(frozen=True)
class Rouge:
    """F-measure of one ROUGE variant, without stemming.

    Equal token sequences score 1 also where no bigram exists (one-word targets under ROUGE-2), which
    rouge-score calls 0. A target without a token is compared as exact match does.
    """

    name: Literal["rouge_1", "rouge_2", "rouge_l"]
    kind: ClassVar[Literal["graded"]] = "graded"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, in [0, 1]."""
        return Score(example.id, 0.0 if answer is None else self._value(answer, example.target))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the mean F-measure."""
        return mean_value(scores)

    def _value(self, answer: str, target: str) -> float:
        said, wanted = tokens(answer), tokens(target)
        if said == wanted:
            return 1.0 if wanted else float(normalise(answer) == normalise(target))
        variant = _OURS[self.name]
        return float(_scorer(variant).score(target, answer)[variant].fmeasure)


class _Tokenizer:
    """What rouge-score asks of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        return tokens(text)


@cache
def _scorer(variant: str) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([variant], tokenizer=_Tokenizer())

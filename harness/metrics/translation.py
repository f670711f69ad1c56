"""Metrics for translations, by sacrebleu: chrF by sentence, and BLEU over all items."""

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.settings import Settings
from harness.records import Example, Score

Tokenizer = Literal["13a", "intl", "zh", "char", "none"]
_ORDER = 4  # longest n-grams of BLEU
_COUNTS = 2 * _ORDER + 2  # lengths of answer and target; matches and totals of each order


class Chrf(Settings):
    """Character n-gram F-score of an answer, from 0 to 1; it needs no words, so it suits every script.

    The figure is the mean of the items (Popovic 2015, https://aclanthology.org/W15-3049), which is near, and not equal
    to, the figure that sacrebleu gives for a corpus.
    """

    name: ClassVar[str] = "chrf"
    kind: ClassVar[Literal["graded"]] = "graded"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, in [0, 1]."""
        found = 0.0 if answer is None else float(_chrf().sentence_score(answer, [example.target]).score) / 100
        return Score(example.id, min(1.0, found))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the mean chrF."""
        return mean_value(scores)


class Bleu(Settings):
    """BLEU of all answers together, from 0 to 1: what sacrebleu gives for the corpus, in hundredths of itself.

    An item's own value is its sentence BLEU; the figure is not a mean of these (Post 2018,
    https://aclanthology.org/W18-6319). Scripts without spaces need `tokenize: zh` or `char`.
    """

    name: ClassVar[str] = "bleu"
    kind: ClassVar[Literal["aggregate"]] = "aggregate"

    tokenize: Tokenizer = "13a"

    def score(self, answer: str | None, example: Example) -> Score:
        """Count one answer's n-grams."""
        bleu = _bleu(self.tokenize)
        (counts,) = bleu._extract_corpus_statistics([answer or ""], [[example.target]])
        return Score(example.id, _from_counts(counts, is_sentence=True), parts=tuple(map(float, counts)))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return BLEU from the items' counts.

        Raises:
            ValueError: If there are no scores, or one of another metric.
        """
        if not scores:
            raise ValueError("no scores, so there is no BLEU; score at least one item")
        if any(len(score.parts) != _COUNTS for score in scores):
            raise ValueError("an item has no n-gram counts; score it with bleu")
        return _from_counts([sum(column) for column in zip(*(score.parts for score in scores), strict=True)])


def _from_counts(counts: Sequence[float], is_sentence: bool = False) -> float:
    from sacrebleu.metrics import BLEU

    said, wanted, *rest = map(int, counts)
    found = BLEU.compute_bleu(
        correct=rest[:_ORDER], total=rest[_ORDER:], sys_len=said, ref_len=wanted, effective_order=is_sentence
    )
    return min(1.0, float(found.score) / 100)


@cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


@cache
def _bleu(tokenize: Tokenizer) -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize=tokenize)

"""The metric `similarity`: how near an answer's meaning is to the target's, by a sentence embedder.

The cosine of two sentence embeddings (Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084). It sees paraphrases
where ROUGE sees shared words, but no negation, and no wrong figure in a sentence that is right otherwise.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Literal

from baselines.rag.embedder import Embedder, open_embedder
from baselines.rag.options import DEFAULT_EMBEDDER
from harness.contract import Metric
from harness.metrics.averaging import mean_value
from harness.metrics.settings import Settings
from harness.records import Example, Score


class Similarity(Settings):
    """Graded: the cosine between the embeddings of answer and target, 0 where it is below.

    An answer without a word scores 0. Longer texts than the embedder reads are embedded in pieces.
    """

    name: ClassVar[str] = "similarity"
    kind: ClassVar[Literal["graded"]] = "graded"

    embedder: str = DEFAULT_EMBEDDER  # the embedded one, a folder, or a hub id

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, in [0, 1]."""
        if answer is None or not answer.strip():
            return Score(example.id, 0.0)
        said, wanted = self._opened.encode([answer, example.target], "document")
        return Score(example.id, min(max(float(said @ wanted), 0.0), 1.0))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the mean similarity.

        Raises:
            ValueError: If there are no scores.
        """
        return mean_value(scores)

    @cached_property
    def _opened(self) -> Embedder:
        return open_embedder(self.embedder)


def similarity(embedder: str = DEFAULT_EMBEDDER) -> Metric:
    """Make the metric; the embedder is opened when the first answer is scored."""
    return Similarity(embedder=embedder)

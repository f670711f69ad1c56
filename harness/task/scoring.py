"""A task's metrics: each compares results, and takes the best of the answers that are right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.answer_reading import AnswerRule
from harness.chat.markers import without_end
from harness.chat.turns import without_thought
from harness.contract import Judging, Metric
from harness.records import Example, Score
from harness.task.plugged import make_metric


@dataclass(frozen=True)
class ResultMetric:
    """Keeps `harness.contract.Metric`: another metric on what the task's rule leaves of targets and answers.

    An answer is a result already, as `Program.reading` has it read; the target's result is read here.
    """

    metric: Metric
    rule: AnswerRule | None = None

    @property
    def name(self) -> str:
        """The other metric's."""
        return self.metric.name

    @property
    def kind(self) -> Literal["rate", "graded", "aggregate"]:
        """The other metric's."""
        return self.metric.kind

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer against each target that counts, and return the best; of equal ones the first."""
        said = self.rule.plain(answer) if self.rule and answer is not None else answer
        scores = (self.metric.score(said, replace(example, target=one, accepted=())) for one in self._results(example))
        return max(scores, key=lambda score: score.value)

    def perfect(self, example: Example) -> Score:
        """Score an item's own target; a judge, which is not asked here, is taken to call it good."""
        if isinstance(self.metric, Judging):
            return Score(example.id, 1.0)
        return self.score(result_of(example.target, self.rule), example)

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the other metric's figure."""
        return self.metric.aggregate(scores)

    def _results(self, example: Example) -> Iterator[str]:
        for target in (example.target, *example.accepted):
            result = result_of(target, self.rule)
            yield self.rule.plain(result) if self.rule else result


def result_of(target: str, rule: AnswerRule | None) -> str:
    """Return what the task's rule reads out of a target, behind a thought; all of it where the task has none.

    Rows whose target has no result by the rule are refused when a task is read.
    """
    said = without_end(without_thought(target).lstrip("\n"))[0] or target
    return said if rule is None else rule.reader.read(said) or target


def task_metric(name: str, options: Mapping[str, Mapping[str, object]], rule: AnswerRule | None) -> ResultMetric:
    """Make one of a task's metrics.

    Raises:
        PluginError: If no installed package offers it, or its import fails.
        ValueError: If it refuses its options.
    """
    return ResultMetric(make_metric(name, options), rule)

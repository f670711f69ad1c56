"""The context: what an arm may use while it learns. It holds train and dev, never the test."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.answer_reading import AnswerRule
from harness.contract import Baseline, Budget, DevScore, Engine, Metric
from harness.errors import ArmError
from harness.evidence.answering import answer, require_measured, retrieve_with
from harness.evidence.selection import SelectionProbe
from harness.program import Program
from harness.records import Example, Forgetting, Prediction, Question, Weights

Progress = Callable[[str, int, int], None]
Log = Callable[[str], None]
FEWEST_FOR_P95 = 20  # with fewer the largest would stand for the 95th percentile
FEWEST_TIMED, LONGEST_TIMED = 5, 60.0  # questions and seconds, after which slow ones are timed no further


@dataclass(frozen=True, slots=True)
class Latency:
    """How long questions take that are asked one at a time, in seconds."""

    median: float | None  # None: none could be asked
    p95: float | None  # None: too few could be asked to tell

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """Summarise what each took; the 95th percentile is the nearest rank, so it was seen."""
        ranked = sorted(seconds)
        is_enough = len(ranked) >= FEWEST_FOR_P95
        p95 = ranked[math.ceil(0.95 * len(ranked)) - 1] if is_enough else None
        return cls(statistics.median(ranked) if ranked else None, p95)


@dataclass(slots=True)
class RunContext:
    """Keeps `harness.contract.FitContext` for one arm of a run."""

    engine: Engine
    base: Weights
    folder: Path
    shared: Path
    budget: Budget
    seed: int
    max_new_tokens: int
    metric: Metric
    baseline: Baseline
    on_progress: Progress
    on_log: Log
    shrink: int = 0  # how often batches are halved, because memory ran out
    probe: SelectionProbe | None = None  # None: nothing here measures forgetting
    rule: AnswerRule | None = None  # the task's, by which results are read whatever the arm reads
    _answered: dict[tuple[str, Question], Prediction] = field(default_factory=dict)

    def score(self, program: Program, examples: Sequence[Example], *, with_loss: bool = False) -> DevScore:
        """Score a program on train or dev examples; see `harness.contract.FitContext`."""
        if not examples:
            raise ArmError("there is no example to score on; the task needs dev rows")
        predictions = self._predict(program, examples)
        scores = [
            self.metric.score(p.answer, e)
            for p, e in zip(predictions, examples, strict=True)
            if p.outcome.is_measured  # an item that could not be asked is not a wrong answer
        ]
        loss = self._loss(program, examples) if with_loss else None
        return DevScore(self.metric.aggregate(scores), len(scores), loss)

    def forgetting(self, weights: Weights) -> Forgetting:
        """Measure what tuned weights lost; see `harness.contract.FitContext`."""
        if self.probe is None:
            raise ArmError("this context has no material to measure forgetting on")
        return self.probe.forgetting(weights)

    def answer(self, program: Program, examples: Sequence[Example]) -> list[str]:
        """Return raw completions on train or dev examples."""
        return [p.text for p in self._predict(program, examples)]

    def latency(self, program: Program, examples: Sequence[Example]) -> Latency:
        """Ask questions one at a time and return how long they take; of slow ones fewer."""
        seconds: list[float] = []
        for e in examples:
            if len(seconds) >= FEWEST_TIMED and sum(seconds) > LONGEST_TIMED:
                self.on_log(f"{len(seconds)} questions alone took {sum(seconds):.0f} s, so no more are timed")
                break
            for batch in self._ask(program, [e.question]):
                seconds += [batch[0].seconds] if batch[0].outcome.is_measured else []
        return Latency.of(seconds)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is."""
        self.on_progress(stage, done, total)

    def log(self, message: str) -> None:
        """Write one line to the run's log."""
        self.on_log(message)

    def _predict(self, program: Program, examples: Sequence[Example]) -> list[Prediction]:
        program = program.reading(self.rule)
        digest = program.digest
        missing = [e.question for e in examples if (digest, e.question) not in self._answered]
        by_id = {question.id: question for question in missing}
        done = 0
        if missing:
            self.on_progress("answering dev", 0, len(missing))
        for batch in self._ask(program, missing):
            self._answered.update({(digest, by_id[p.example_id]): p for p in batch})
            done += len(batch)
            self.on_progress("answering dev", done, len(missing))
        found = [self._answered[digest, e.question] for e in examples]
        require_measured(found)
        return found

    def _ask(self, program: Program, questions: Sequence[Question]) -> Iterator[list[Prediction]]:
        search = retrieve_with(self.baseline, program)
        return answer(program, questions, self.engine, search, shrink=self.shrink, log=self.on_log)

    def _loss(self, program: Program, examples: Sequence[Example]) -> float | None:
        """Return the loss of the right answers; None when a prompt does not fit, as means over other rows differ."""
        found = retrieve_with(self.baseline, program)([e.question for e in examples])
        asked = []
        for e, passages in zip(examples, found, strict=True):
            try:
                prompt = program.messages(e.question, passages)
                tokens = self.engine.count_tokens(prompt) + self.engine.answer_tokens(e.target)
            except ArmError as fault:
                self.on_log(f"dev loss not measured: {e.id} could not be asked: {fault}")
                return None
            asked.append((prompt, e))
            if tokens > self.engine.context_window:
                self.on_log(f"dev loss not measured: {e.id} has {tokens} tokens, more than the model's window")
                return None
        requests = [(prompt, [e.target]) for prompt, e in asked]
        answers = [likelihoods[0] for likelihoods in self.engine.loglikelihood(requests, program.weights)]
        return -sum(a.logprob for a in answers) / sum(a.tokens for a in answers)

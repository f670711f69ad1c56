"""A context over a real engine for tests of the tuned arms: exact match on dev, everything recorded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.contract import Budget, DevScore, Engine
from harness.program import Program
from harness.records import Example, Forgetting, GenerationSettings, Message, Passage, Study, Weights

WORDS = ("dog", "fox", "filter", "team", "code", "snow", "lazy", "quick")
ANSWERS = ("Paris", "today")
# A random model needs larger steps than a trained one, and has no ways worth keeping; the first rate teaches nothing.
OPTIONS = {"trial_rates": [1e-5, 1e-2], "trial_steps": 2, "epochs": 3, "batch_size": 8, "kl_to_base": 0.0}


def example(number: int) -> Example:
    """Rows whose last word says which of two answers is right."""
    word = WORDS[number % len(WORDS)]
    text = f"Route {number}: {word}"
    return Example(f"row-{number}", (Message("user", text),), ANSWERS[number % 2])


def study(train: int = 24, dev: int = 8, **others: object) -> Study:
    rows = [example(number) for number in range(train + dev)]
    return Study(train=tuple(rows[:train]), dev=tuple(rows[train:]), **others)  # type: ignore[arg-type]


@dataclass
class SmallContext:
    """Keeps `harness.contract.FitContext`; `passages` answers for an arm's retriever."""

    engine: Engine
    base: Weights
    folder: Path
    shared: Path
    budget: Budget = Budget()
    seed: int = 0
    max_new_tokens: int = 4
    find: Callable[[Program, Sequence[Example]], Sequence[Sequence[Passage]]] | None = None
    stages: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    scored: list[Program] = field(default_factory=list)
    forgotten: Callable[[Weights], Forgetting] = lambda weights: Forgetting(0.0, 0.0, None, 0.0)
    measured: list[Weights] = field(default_factory=list)

    def score(self, program: Program, examples: Sequence[Example], *, with_loss: bool = False) -> DevScore:
        self.scored.append(program)
        right = [text.strip() == row.target for text, row in zip(self.answer(program, examples), examples, strict=True)]
        loss = self._loss(program, examples) if with_loss else None
        return DevScore(sum(right) / len(right), len(right), loss)

    def forgetting(self, weights: Weights) -> Forgetting:
        self.measured.append(weights)
        return self.forgotten(weights)

    def answer(self, program: Program, examples: Sequence[Example]) -> list[str]:
        settings = GenerationSettings(self.max_new_tokens)
        done = self.engine.generate(self._conversations(program, examples), settings, program.weights)
        return [completion.text for completion in done]

    def progress(self, stage: str, done: int, total: int) -> None:
        self.stages.append(f"{stage} {done}/{total}")

    def log(self, message: str) -> None:
        self.lines.append(message)

    def _loss(self, program: Program, examples: Sequence[Example]) -> float:
        conversations = self._conversations(program, examples)
        requests = [(c, [row.target]) for c, row in zip(conversations, examples, strict=True)]
        found = [likelihoods[0] for likelihoods in self.engine.loglikelihood(requests, program.weights)]
        return -sum(item.logprob for item in found) / sum(item.tokens for item in found)

    def _conversations(self, program: Program, examples: Sequence[Example]) -> list[tuple[Message, ...]]:
        found = self.find(program, examples) if self.find else [()] * len(examples)
        return [program.messages(row.question, p) for row, p in zip(examples, found, strict=True)]

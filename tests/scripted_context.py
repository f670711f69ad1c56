"""The run's own context over an engine that answers by a rule, for tests of choices and not of models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contract import Budget
from harness.evidence.fit_context import RunContext
from harness.metrics.exact import ExactMatch
from harness.records import Completion, Example, Likelihood, Message, Weights


@dataclass
class ScriptedEngine:
    """Keeps `harness.contract.Engine`; a token is a word."""

    reply: Callable[[Sequence[Message]], str]
    loss: Callable[[Sequence[Message]], float] = lambda conversation: 1.0  # nats for an answer of one token
    context_window: int = 1000
    capabilities: frozenset[str] = frozenset({"generate", "loglikelihood"})
    asked: list[Sequence[Message]] = field(default_factory=list)

    def generate(self, conversations, settings, weights):
        self.asked.extend(conversations)
        return [Completion(self.reply(c), "stop", self.count_tokens(c), 1, 0.0) for c in conversations]

    def loglikelihood(self, requests, weights):
        return [[Likelihood(-self.loss(context), 1, False) for _ in texts] for context, texts in requests]

    def count_tokens(self, conversation):
        return sum(len(message.content.split()) for message in conversation)

    def answer_tokens(self, text):
        return len(text.split()) + 1


def scripted_context(folder: Path, engine: Any, baseline: Any, budget: Budget | None = None) -> RunContext:
    """Return the context that a run would lend, scored by exact match."""
    return RunContext(
        engine=engine,
        base=Weights("scripted"),
        folder=folder / "arm",
        shared=folder / "shared",
        budget=budget or Budget(),
        seed=0,
        max_new_tokens=4,
        metric=ExactMatch(),
        baseline=baseline,
        on_progress=lambda stage, done, total: None,
        on_log=lambda message: None,
    )


def row(name: str, text: str, target: str) -> Example:
    """Return a labelled row of one turn."""
    return Example(name, (Message("user", text),), target)

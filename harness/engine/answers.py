"""What of an engine's answers may be remembered: those that are whole and make sense."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Completion, GenerationSettings, Likelihood

_ROUNDING = 1e-6  # nats by which a sure continuation may come out above certainty


@dataclass(frozen=True, slots=True)
class Generated:
    """One call of `Engine.generate`, as remembered."""

    seconds: float  # wall clock of the call
    answers: tuple[Completion, ...]

    @property
    def count(self) -> int:
        """Answers in all."""
        return len(self.answers)


@dataclass(frozen=True, slots=True)
class Scored:
    """One call of `Engine.loglikelihood`, as remembered."""

    seconds: float  # wall clock of the call
    answers: tuple[tuple[Likelihood, ...], ...]

    @property
    def count(self) -> int:
        """Likelihoods in all."""
        return sum(map(len, self.answers))


def are_completions(answers: Sequence[Completion], count: int, settings: GenerationSettings, window: int) -> bool:
    """Whether these can be the answers to `count` prompts.

    Args:
        answers: What an engine returned, or what was remembered of it.
        count: Prompts asked.
        settings: How they were to be answered.
        window: Tokens that prompt and answer may take together.
    """
    return len(answers) == count and all(_is_completion(a, settings.max_new_tokens, window) for a in answers)


def are_likelihoods(answers: Sequence[Sequence[Likelihood]], asked: Sequence[Sequence[str]]) -> bool:
    """Whether these can be the likelihoods of the continuations `asked`, context by context."""
    return len(answers) == len(asked) and all(
        len(found) == len(continuations) and all(map(_is_likelihood, found, continuations))
        for found, continuations in zip(answers, asked, strict=True)
    )


def _is_completion(answer: Completion, new_tokens: int, window: int) -> bool:
    if answer.prompt_tokens <= 0 or not math.isfinite(answer.seconds) or answer.seconds < 0:
        return False
    fits = answer.prompt_tokens + new_tokens <= window
    match answer.finish:
        case "stop":
            return fits and 0 < answer.completion_tokens <= new_tokens
        case "length":
            return fits and answer.completion_tokens == new_tokens
        case "context_overflow":
            return not fits and answer.completion_tokens == 0 and answer.text == ""
    return False


def _is_likelihood(found: Likelihood, continuation: str) -> bool:
    if not math.isfinite(found.logprob) or found.logprob > _ROUNDING:
        return False
    return found.tokens > 0 if continuation else found.tokens >= 0

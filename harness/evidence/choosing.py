"""Answers of a program with a closed set of them: the likeliest is said, and nothing is generated."""

import time
from collections.abc import Sequence

from harness.contract import Conversation, Engine
from harness.evidence.replay import replayed_seconds
from harness.program import Choices
from harness.records import Completion, Weights


def choose(
    choices: Choices, prompts: Sequence[Conversation], engine: Engine, weights: Weights, lengths: Sequence[int]
) -> list[Completion]:
    """Answer every prompt with its likeliest label, in order.

    `completion_tokens` are those of all labels, as the model reads every one of them; `seconds` is a prompt's share of
    the wall clock, or of what the call took when an answer cache spares it. A prompt that leaves no room for the
    longest label ends as context_overflow.

    Args:
        choices: The labels.
        prompts: Conversations that one call may hold.
        engine: What holds the model.
        weights: Which of them answer.
        lengths: Tokens of each prompt.
    """
    room = engine.context_window - max(map(engine.answer_tokens, choices.labels))
    fitting = [number for number, tokens in enumerate(lengths) if tokens <= room]
    started, replayed = time.monotonic(), replayed_seconds(engine)
    requests = [(prompts[number], choices.labels) for number in fitting]
    found = dict(zip(fitting, engine.loglikelihood(requests, weights), strict=True)) if fitting else {}
    seconds = (time.monotonic() - started + replayed_seconds(engine) - replayed) / max(len(fitting), 1)

    def chosen(number: int, tokens: int) -> Completion:
        label, probability = choices.likeliest([likelihood.logprob for likelihood in found[number]])
        read = sum(likelihood.tokens for likelihood in found[number])
        return Completion(label, "stop", tokens, read, seconds, probability)

    return [
        chosen(number, tokens) if number in found else Completion("", "context_overflow", tokens, 0, 0.0)
        for number, tokens in enumerate(lengths)
    ]

"""lm-eval on top of our engine, in place of its own model loop."""

from collections.abc import Callable, Sequence
from typing import Any

from lm_eval.api.model import LM
from lm_eval.models.utils import normalize_gen_kwargs

from harness.contract import Engine
from harness.errors import HarnessError
from harness.records import GenerationSettings, Weights

# Contexts scored between two reports of progress; the engine plans its own batches inside.
_CONTEXTS = 64
_PROMPTS = 16
_GENERATION_KEYS = {"until", "max_gen_toks", "do_sample", "temperature"}

Advance = Callable[[int, int], object]


class EngineLM(LM):  # type: ignore[misc]
    """Answers lm-eval's requests with one set of weights.

    Args:
        engine: The engine that holds the model.
        weights: Which weights answer.
        advance: Told how many requests are done, of how many.
    """

    def __init__(self, engine: Engine, weights: Weights, advance: Advance) -> None:
        super().__init__()
        self._engine = engine
        self._weights = weights
        self._advance = advance

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Score (context, continuation) pairs; a context that many pairs share is computed once."""
        groups: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault(request.args[0], []).append(number)
        results: list[tuple[float, bool]] = [(0.0, False)] * len(requests)
        contexts = sorted(groups, key=len, reverse=True)
        done = 0
        for start in range(0, len(contexts), _CONTEXTS):
            chunk = contexts[start : start + _CONTEXTS]
            asked = [(context, [requests[i].args[1] for i in groups[context]]) for context in chunk]
            for context, scored in zip(chunk, self._engine.loglikelihood(asked, self._weights), strict=True):
                for number, likelihood in zip(groups[context], scored, strict=True):
                    results[number] = (likelihood.logprob, likelihood.greedy)
                done += len(scored)
            self._advance(done, len(requests))
        return results

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """Score whole texts."""
        scored = self._engine.loglikelihood([("", [request.args[0]]) for request in requests], self._weights)
        self._advance(len(requests), len(requests))
        return [likelihoods[0].logprob for likelihoods in scored]

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Continue raw prompts up to a stop string.

        Raises:
            HarnessError: If a task asks for a decoding that the engine does not do, or a prompt
                leaves no room for its answer.
        """
        groups: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault(repr(request.args[1]), []).append(number)
        results = [""] * len(requests)
        done = 0
        for numbers in groups.values():
            settings, until = _decoding(requests[numbers[0]].args[1])
            numbers.sort(key=lambda i: -len(requests[i].args[0]))
            for start in range(0, len(numbers), _PROMPTS):
                chunk = numbers[start : start + _PROMPTS]
                for number, text in zip(chunk, self._complete(requests, chunk, settings, until), strict=True):
                    results[number] = text
                done += len(chunk)
                self._advance(done, len(requests))
        return results

    def _complete(
        self, requests: list[Any], numbers: Sequence[int], settings: GenerationSettings, until: Sequence[str]
    ) -> list[str]:
        prompts = [requests[i].args[0] for i in numbers]
        completions = self._engine.generate(prompts, settings, self._weights, until)
        for completion in completions:
            if completion.finish == "context_overflow":
                raise HarnessError(
                    f"a benchmark prompt of {completion.prompt_tokens} tokens leaves no room for "
                    f"{settings.max_new_tokens} more in the model's window of {self._engine.context_window}; "
                    "take another benchmark or a model with a larger window"
                )
        return [_before(completion.text, until) for completion in completions]


def _decoding(asked: dict[str, Any]) -> tuple[GenerationSettings, list[str]]:
    wanted = normalize_gen_kwargs(asked)
    unknown = sorted(set(wanted) - _GENERATION_KEYS)
    if unknown:
        raise HarnessError(
            f"the benchmark asks for generation settings that the engine does not have: {', '.join(unknown)}; "
            f"it has {', '.join(sorted(_GENERATION_KEYS))}"
        )
    settings = GenerationSettings(int(wanted["max_gen_toks"]), float(wanted.get("temperature") or 0.0))
    return settings, [string for string in wanted.get("until", []) if string]


def _before(text: str, until: Sequence[str]) -> str:
    for string in until:
        text = text.split(string)[0]
    return text

"""lm-eval on top of our engine, instead of its own model loop."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os.path import commonprefix
from typing import Any

from lm_eval.api.model import LM
from lm_eval.models.utils import normalize_gen_kwargs

from harness.contract import Engine
from harness.engine.faults import is_of_the_process
from harness.errors import ArmError, HarnessError, ItemError
from harness.general.prompt_faults import check_prompts
from harness.records import GenerationSettings, Likelihood, Weights

# What is asked between two reports of progress: of contexts, the characters that each does not share with the one
# before it; the engine plans its own batches inside.
_CHARACTERS = 60_000
_IN_ALL = 50 * _CHARACTERS  # of contexts that are in memory as tokens at once
_PROMPTS = 128
_GENERATION_KEYS = {"until", "max_gen_toks", "do_sample", "temperature"}

Advance = Callable[[int, int], object]


class EngineLM(LM):  # type: ignore[misc]
    """Answers lm-eval's requests with one set of weights.

    Args:
        engine: The engine that holds the model.
        weights: Which weights answer.
        advance: Told how many requests are done, of how many.
        tasks: lm-eval's, by name, whose prompts are looked at before they are asked.

    Attributes:
        lost: Prompts that left no room for an answer: name of the task, place of the item in the task's sample.
    """

    def __init__(
        self, engine: Engine, weights: Weights, advance: Advance, tasks: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self._tasks = tasks or {}
        self._engine = engine
        self._weights = weights
        self._advance = advance
        self.lost: set[tuple[str, int]] = set()

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Score (context, continuation) pairs; a context that many pairs share is computed once.

        What cannot be scored, because it is too long for the model or its log-probability is not finite, is NaN.

        Raises:
            ArmError: If nothing at all can be scored, and not for its size: the fault is then the model's.
            HarnessError: If a prompt holds its own answer, or a continuation has no token.
        """
        check_prompts(self._tasks, requests)
        groups: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault(request.args[0], []).append(number)
        results: list[tuple[float, bool]] = [(math.nan, False)] * len(requests)
        faults: list[ArmError] = []
        done = 0
        self._advance(done, len(requests))
        for chunk in _chunks(groups):
            asked = [(context, [requests[i].args[1] for i in groups[context]]) for context in chunk]
            for context, scored in zip(chunk, self._scored(asked, faults), strict=True):
                for number, likelihood in zip(groups[context], scored, strict=False):  # none where the context failed
                    if not likelihood.tokens:
                        raise HarnessError(f"the benchmark's continuation {requests[number].args[1]!r} has no token")
                    results[number] = (likelihood.logprob, likelihood.greedy)
                done += len(groups[context])
            self._advance(done, len(requests))
        others = [fault for fault in faults if not isinstance(fault, ItemError)]
        if others and not any(math.isfinite(logprob) for logprob, _ in results):
            raise others[0]
        return results

    def _scored(self, asked: Sequence[tuple[str, Sequence[str]]], faults: list[ArmError]) -> list[Sequence[Likelihood]]:
        """Score contexts, by halves where the engine refuses some: those it refuses alone have no likelihoods."""
        try:
            return list(self._engine.loglikelihood(asked, self._weights))
        except ArmError as fault:
            if is_of_the_process(fault):
                raise
            faults.append(fault)
        if len(asked) == 1:
            return [()]
        half = len(asked) // 2
        return [*self._scored(asked[:half], faults), *self._scored(asked[half:], faults)]

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """Score whole texts."""
        texts = [request.args[0] for request in requests]
        found: dict[str, float] = {}
        self._advance(0, len(requests))
        for chunk in _chunks(set(texts)):
            scored = self._engine.loglikelihood([("", [text]) for text in chunk], self._weights)
            found |= {text: likelihoods[0].logprob for text, likelihoods in zip(chunk, scored, strict=True)}
            self._advance(sum(text in found for text in texts), len(requests))
        return [found[text] for text in texts]

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Continue raw prompts up to a stop string; a prompt that leaves no room is `lost`, and its text empty.

        Raises:
            HarnessError: If a task asks for a decoding that the engine does not do, or a prompt holds its own answer.
        """
        check_prompts(self._tasks, requests)
        groups: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault(repr(request.args[1]), []).append(number)
        results = [""] * len(requests)
        done = 0
        self._advance(done, len(requests))
        for numbers in groups.values():
            settings, until = _decoding(requests[numbers[0]].args[1])
            numbers.sort(key=lambda i: -len(requests[i].args[0]))
            for start in range(0, len(numbers), _PROMPTS):
                chunk = [requests[i] for i in numbers[start : start + _PROMPTS]]
                for number, text in zip(numbers[start:], self._complete(chunk, settings, until), strict=False):
                    results[number] = text
                done += len(chunk)
                self._advance(done, len(requests))
        return results

    def _complete(self, requests: Sequence[Any], settings: GenerationSettings, until: Sequence[str]) -> list[str]:
        completions = self._engine.generate([r.args[0] for r in requests], settings, self._weights, until)
        for request, completion in zip(requests, completions, strict=True):
            if completion.finish == "context_overflow":
                self.lost.add((request.task_name, request.doc_id))
        return [_before(completion.text, until) for completion in completions]


def _chunks(contexts: Iterable[str]) -> Iterator[list[str]]:
    """Yield contexts in parts that take about equally long; those that begin alike stand together."""
    chunk: list[str] = []
    before, size, whole = "", 0, 0
    for context in sorted(contexts):
        own = len(context) - len(commonprefix([before, context]))
        if chunk and (size + own > _CHARACTERS or whole + len(context) > _IN_ALL):
            yield chunk
            chunk, size, whole = [], 0, 0
        chunk.append(context)
        before, size, whole = context, size + own, whole + len(context)
    if chunk:
        yield chunk


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

"""Answers to a batch of prompts."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, GenerationConfig, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from harness.constrained import Constrained
from harness.engine.architectures import masks_padding
from harness.engine.halving import in_halves
from harness.engine.tokens import Text
from harness.records import Completion, GenerationSettings

# Fewer tokens in common are cheaper computed again than copied for every row.
_SHARED_TOKENS = 32


@dataclass(frozen=True, slots=True)
class DecodingContext:
    """What is needed to answer, besides the model."""

    text: Text
    stop_ids: Sequence[int]  # tokens that end an answer
    window: int  # tokens, prompt and answer together
    shares: bool  # whether the prompts' common beginning may be computed once
    turn: int | None  # see `harness.engine.architectures.Architecture`


class _EndsAfter(StoppingCriteria):  # type: ignore[misc]
    """Ends a row as soon as its new text holds one of these strings."""

    def __init__(self, text: Text, strings: Sequence[str], prompt_width: int) -> None:
        self._text, self._strings, self._width = text, strings, prompt_width

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        texts = [self._text.decode(row) for row in input_ids[:, self._width :].tolist()]
        done = [any(string in text for string in self._strings) for text in texts]
        return torch.tensor(done, device=input_ids.device)


def generate(
    model: Any,
    context: DecodingContext,
    prompts: Sequence[Sequence[int]],
    settings: GenerationSettings,
    until: Sequence[str] = (),
) -> list[Completion]:
    """Answer one batch of prompts (token ids), in order; see `harness.contract.Engine.generate`.

    Raises:
        ArmError: If one prompt alone needs more memory than there is.
    """

    def answer(part: Sequence[list[int]]) -> list[tuple[list[int], bool]]:
        return _answers(model, context, part, settings, until)

    def described(prompt: list[int]) -> str:
        return f"a prompt of {len(prompt)} tokens with up to {settings.max_new_tokens} new ones"

    started = time.monotonic()
    new, lengths = settings.max_new_tokens, [len(prompt) for prompt in prompts]
    answers: dict[int, tuple[list[int], bool]] = {}
    for group in _groups(lengths, new, masks_padding(model), context):
        answers.update(zip(group, in_halves(answer, [list(prompts[i]) for i in group], described), strict=True))
    seconds = (time.monotonic() - started) / max(len(prompts), 1)
    completions = []
    for number, prompt in enumerate(prompts):
        if number not in answers:
            completions.append(Completion("", "context_overflow", len(prompt), 0, seconds))
            continue
        ids, stopped = answers[number]
        words = context.text.decode(ids)
        stopped = stopped or any(string in words for string in until)
        completions.append(Completion(words, "stop" if stopped else "length", len(prompt), len(ids), seconds))
    return completions


def _groups(lengths: Sequence[int], new: int, pads: bool, context: DecodingContext) -> list[list[int]]:
    """Return the numbers of the prompts that leave room for `new` tokens, in groups that may share a batch.

    Where padding would leak, each is alone. Where LongRoPE turns, prompts that stay before it share, and so do those
    beyond it; one that crosses it while it is answered shares with prompts of its length alone.
    """
    turn = context.turn
    groups: dict[object, list[int]] = {}
    for number, tokens in enumerate(lengths):
        if tokens + new > context.window:
            continue
        group: object = "before" if turn is None or tokens + new <= turn else tokens if tokens <= turn else "beyond"
        groups.setdefault(group if pads else ("alone", number), []).append(number)
    return list(groups.values())


def _answers(
    model: Any,
    context: DecodingContext,
    prompts: Sequence[list[int]],
    settings: GenerationSettings,
    until: Sequence[str],
) -> list[tuple[list[int], bool]]:
    """Return each prompt's new tokens, end token included, and whether it ended by itself.

    Rows are padded between the beginning that all prompts share (its keys and values are computed
    once and copied) and the rest of each prompt.
    """
    shared = _shared(prompts) if context.shares else 0
    width = max(len(prompt) for prompt in prompts)
    pad = context.stop_ids[0]  # masked in prompts, and cut off behind the end of answers
    ids = torch.full((len(prompts), width), pad)
    mask = torch.zeros_like(ids)
    for r, prompt in enumerate(prompts):
        for part in (slice(0, shared), slice(width - len(prompt) + shared, width)):
            mask[r, part] = 1
        ids[r, :shared] = torch.tensor(prompt[:shared])
        ids[r, width - len(prompt) + shared :] = torch.tensor(prompt[shared:])
    begun = {"past_key_values": _begun(model, prompts[0][:shared], len(prompts))} if shared else {}
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        output = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            generation_config=_decoding(settings, list(context.stop_ids), pad),
            logits_processor=LogitsProcessorList(_constraint(settings, context)),
            stopping_criteria=StoppingCriteriaList([_EndsAfter(context.text, until, width)] if until else []),
            **begun,
        )
    return [_until_stop(row, context.stop_ids) for row in output[:, width:].tolist()]


def _constraint(settings: GenerationSettings, context: DecodingContext) -> list[Any]:
    said = settings.constraint
    return [Constrained(context.text.tokenizer, said.kind, said.text, context.stop_ids)] if said else []


def _shared(prompts: Sequence[list[int]]) -> int:
    """Return how many tokens all prompts begin with, if it is worth sharing; each keeps one of its own."""
    first, last = min(prompts), max(prompts)  # in dictionary order: the two that differ earliest
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    same = min(same, min(len(prompt) for prompt in prompts) - 1)
    return same if len(prompts) > 1 and same >= _SHARED_TOKENS else 0


def _begun(model: Any, prefix: list[int], rows: int) -> Any:
    """Compute a prefix once and return its keys and values for every row."""
    cache = DynamicCache(config=model.config)
    model(input_ids=torch.tensor([prefix], device=model.device), past_key_values=cache, logits_to_keep=1)
    cache.batch_repeat_interleave(rows)
    return cache


def _decoding(settings: GenerationSettings, stop_ids: list[int], pad: int) -> Any:
    """Return greedy decoding at temperature 0, else plain sampling without top-k or top-p."""
    sampling = {"temperature": settings.temperature, "top_k": 0, "top_p": 1.0} if settings.temperature > 0 else {}
    return GenerationConfig(
        max_new_tokens=settings.max_new_tokens,
        do_sample=settings.temperature > 0,
        eos_token_id=stop_ids,
        pad_token_id=pad,
        **sampling,
    )


def _until_stop(row: list[int], stop_ids: Sequence[int]) -> tuple[list[int], bool]:
    for index, token in enumerate(row):
        if token in stop_ids:
            return row[: index + 1], True
    return row, False

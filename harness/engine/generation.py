"""Answers to a batch of prompts."""

import time
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from harness.constrained import Constrained
from harness.engine.architectures import masks_padding
from harness.engine.decoding import Decoder, Rules
from harness.engine.halving import in_halves, with_fewer
from harness.engine.prefixed import Prefixed, cache_shape
from harness.engine.token_tree import LEAST_TRUNK, shared
from harness.engine.tokens import Text
from harness.engine.trunk import Trunk
from harness.records import Completion, GenerationSettings

# Answers that are written at once, at most, and bytes that their keys and values may take: beyond, a CPU gains nothing.
_PLACES = {"cpu": (64, 400 * 2**20), "cuda": (256, 8 * 2**30)}
# A batch that transformers decodes: its rows, and how many passes' worth of prompts it holds.
_ROWS, _PASSES = 64, 8


@dataclass(frozen=True, slots=True)
class DecodingContext:
    """What is needed to answer, besides the model."""

    text: Text
    stop_ids: Sequence[int]  # tokens that end an answer
    window: int  # tokens, prompt and answer together
    packs: bool  # see `harness.engine.architectures.Architecture`
    turn: int | None  # see there
    pass_tokens: int = 1024  # of prompts that one pass reads
    shrink: int = 0  # how often what is answered at once is halved


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
        if context.packs:
            return _decoded(model, context, part, settings, until)
        return in_halves(
            lambda some: _generated(model, context, some, settings, until), part, partial(_described, new=new)
        )

    started = time.monotonic()
    new, lengths = settings.max_new_tokens, [len(prompt) for prompt in prompts]
    answers: dict[int, tuple[list[int], bool]] = {}
    pads = context.packs or masks_padding(model)
    for group in (part for whole in _groups(lengths, new, pads, context) for part in _parts(whole, lengths, context)):
        answers.update(zip(group, answer([list(prompts[i]) for i in group]), strict=True))
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


def _described(prompt: Sequence[int], new: int) -> str:
    return f"a prompt of {len(prompt)} tokens with up to {new} new ones"


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


def _parts(group: list[int], lengths: Sequence[int], context: DecodingContext) -> Iterator[list[int]]:
    """Yield a group in parts that transformers decodes at once, longest first; our own decoding needs no parts."""
    if context.packs:
        yield group
        return
    waiting = sorted(group, key=lambda number: -lengths[number])
    while waiting:
        rows = max(1, min(_ROWS >> context.shrink, _PASSES * context.pass_tokens // lengths[waiting[0]]))
        yield waiting[:rows]
        del waiting[:rows]


def _decoded(
    model: Any,
    context: DecodingContext,
    prompts: Sequence[list[int]],
    settings: GenerationSettings,
    until: Sequence[str],
) -> list[tuple[list[int], bool]]:
    """Return each prompt's new tokens, end token included, and whether one of those ended it; by decoding of ours."""
    same, longest = _shared(prompts), max(prompts, key=len)

    def has_ended(ids: list[int]) -> bool:
        words = context.text.decode(ids)
        return any(string in words for string in until)

    rules = Rules(
        new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
        stop_ids=frozenset(context.stop_ids),
        has_ended=has_ended if until else lambda _: False,
        constraint=_constraint(settings, context),
    )

    def run(places: int) -> list[list[int]]:
        trunk = Trunk(model, context.pass_tokens)
        trunk.become(tuple(prompts[0][:same]))
        decoder = Decoder(trunk, rules, places, context.pass_tokens)
        return decoder.run([tuple(prompt[same:]) for prompt in prompts])

    base = model.base if isinstance(model, Prefixed) else model
    places = places_for(len(longest) - same, settings.max_new_tokens, base, context.shrink)
    found = with_fewer(run, min(places, len(prompts)), _described(longest, settings.max_new_tokens))
    return [(ids, ids[-1] in rules.stop_ids) for ids in found]


def places_for(prompt: int, new: int, model: Any, shrink: int = 0) -> int:
    """Return how many answers are written at once.

    What their keys and values take is bounded, whatever the number of prompts.

    Args:
        prompt: Tokens of the longest prompt, behind what all share.
        new: Tokens of an answer, at most.
        model: The base.
        shrink: How often both limits are halved.
    """
    tokens = prompt + 2 * new  # a row that has written all but one stands beside one that is to write all
    layers, heads, size = cache_shape(model.config)
    of_a_token: int = 2 * layers * heads * size * model.dtype.itemsize
    most, memory = _PLACES[model.device.type]
    return max(1, min(most >> shrink, (memory >> shrink) // (of_a_token * tokens)))


def _generated(
    model: Any,
    context: DecodingContext,
    prompts: Sequence[list[int]],
    settings: GenerationSettings,
    until: Sequence[str],
) -> list[tuple[list[int], bool]]:
    """Do what `_decoded` does by transformers' own decoding, with masks and states of the model's own.

    Sampled answers then come from one generator for all rows, so that they depend on the prompts beside them.
    """
    width = max(len(prompt) for prompt in prompts)
    pad = context.stop_ids[0]  # masked in prompts, and cut off behind the end of answers
    ids = torch.full((len(prompts), width), pad)
    mask = torch.zeros_like(ids)
    for r, prompt in enumerate(prompts):
        ids[r, width - len(prompt) :] = torch.tensor(prompt)
        mask[r, width - len(prompt) :] = 1
    constraint = _constraint(settings, context)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        output = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            generation_config=_decoding(settings, list(context.stop_ids), pad),
            logits_processor=LogitsProcessorList([constraint()] if constraint else []),
            stopping_criteria=StoppingCriteriaList([_EndsAfter(context.text, until, width)] if until else []),
        )
    return [_until_stop(row, context.stop_ids) for row in output[:, width:].tolist()]


def _constraint(settings: GenerationSettings, context: DecodingContext) -> Callable[[], Any] | None:
    """Return what makes a constraint for one batch, or one answer; None without one."""
    said = settings.constraint
    if said is None:
        return None
    made = Constrained(context.text.tokenizer, said.kind, said.text, context.stop_ids)
    return lambda: copy(made)


def _shared(prompts: Sequence[list[int]]) -> int:
    """Return how many tokens all prompts begin with, if that spares enough; each keeps one of its own."""
    first, last = min(prompts), max(prompts)  # in dictionary order: the two that differ earliest
    same = min(shared(first, last), min(len(prompt) for prompt in prompts) - 1)
    return same if same * (len(prompts) - 1) >= LEAST_TRUNK else 0


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

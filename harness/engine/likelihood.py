"""Log-probabilities of continuations: a context is computed once, with all its continuations behind it.

Where every layer attends to everything before it, a row holds a context and then its continuations side by side.
Each continuation sees the context and itself only, at the positions it would have alone:

    columns    q u e s t i o n | a n s w e r 1 | a n s 2 . .
    positions  0 1 2 3 4 5 6 7   8 9 ...         8 9 ...

Elsewhere (sliding windows, recurrent states, positions of another kind) a row holds one continuation, and the model
builds its own mask: in a causal model nothing sees the padding on the right.

    columns    q u e s t i o n a n s w e r 1 . .

Rows begin in the first column, so that a batch is as wide as its longest row and rows of like length waste little.
Logits are asked for from the first token that is scored on; a continuation's last token is not input.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from harness.engine.halving import in_halves
from harness.errors import ArmError
from harness.records import Likelihood

_CONTEXT, _PAD = 0, -1


@dataclass(frozen=True, slots=True)
class Row:
    """One context with the continuations to score behind it, as token ids."""

    context: tuple[int, ...]  # at least one token
    continuations: tuple[tuple[int, ...], ...]

    @property
    def tail(self) -> int:
        """Input tokens behind the context."""
        return sum(max(len(c) - 1, 0) for c in self.continuations)

    @property
    def length(self) -> int:
        """Input tokens in all."""
        return len(self.context) + self.tail


@dataclass(frozen=True, slots=True)
class PassLimits:
    """What one forward pass may take."""

    tokens: int  # rows x columns, padding included
    logits: int  # rows x scored columns x vocabulary

    def halved(self, times: int) -> "PassLimits":
        """Return these limits, halved so many times."""
        return PassLimits(max(self.tokens >> times, 1), max(self.logits >> times, 1))


@dataclass(frozen=True, slots=True)
class _Extent:
    """How far the rows of a batch reach, in tokens."""

    context: int = 0  # the shortest
    columns: int = 0  # of the longest row

    def over(self, row: Row) -> "_Extent":
        """Return the extent with one more row."""
        context = len(row.context)
        return _Extent(min(self.context or context, context), max(self.columns, row.length))

    @property
    def scored(self) -> int:
        """Columns that logits are asked for."""
        return self.columns - self.context + 1


def score_rows(
    model: Any, rows: Sequence[Row], limits: PassLimits, *, packs: bool = True, turn: int | None = None
) -> list[list[Likelihood]]:
    """Score every continuation of every row, in order; rows of like length share a batch.

    Args:
        model: A causal language model.
        rows: What to score; of one continuation each, unless `packs`.
        limits: What one forward pass may take.
        packs: Whether a mask of ours may keep continuations apart; see `harness.engine.architectures`.
        turn: Tokens up to which, and beyond which, rows share no batch.

    Raises:
        ArmError: If one row alone needs more memory than there is, or a log-probability is not finite.
    """
    vocabulary = int(model.config.get_text_config().vocab_size)
    results: list[list[Likelihood]] = [[] for _ in rows]
    score = partial(_score_packed if packs else _score_plain, model)
    for batch in plan(rows, limits, vocabulary, turn=turn):
        scored = in_halves(score, [rows[i] for i in batch], _described)
        for index, likelihoods in zip(batch, scored, strict=True):
            results[index] = likelihoods
    return results


def plan(rows: Sequence[Row], limits: PassLimits, vocabulary: int, *, turn: int | None = None) -> Iterator[list[int]]:
    """Yield row numbers batch by batch, longest first, within the limits (one row always fits)."""
    batch: list[int] = []
    extent = _Extent()
    for i in sorted(range(len(rows)), key=lambda i: (-rows[i].length, i)):
        wider = extent.over(rows[i])
        tokens, logits = (len(batch) + 1) * wider.columns, (len(batch) + 1) * wider.scored * vocabulary
        turns = turn is not None and rows[i].length <= turn < wider.columns
        if batch and (turns or tokens > limits.tokens or logits > limits.logits):
            yield batch
            batch, wider = [], _Extent().over(rows[i])
        extent = wider
        batch.append(i)
    if batch:
        yield batch


def _described(row: Row) -> str:
    return f"a text of {row.length + 1} tokens"


def _score_plain(model: Any, rows: Sequence[Row]) -> list[list[Likelihood]]:
    """Score rows of one continuation each; attention, windows and positions are the model's own."""
    texts = [(*row.context, *(row.continuations[0][:-1])) for row in rows]
    width, least = max(map(len, texts)), min(len(row.context) for row in rows)
    ids = torch.tensor([[*text, *[0] * (width - len(text))] for text in texts], device=model.device)
    kept = width - least + 1
    # Not every family knows `logits_to_keep`; those return logits for all columns.
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=kept).logits[:, -kept:]
    return [_read(logits[r, len(row.context) - least :], row) for r, row in enumerate(rows)]


def _score_packed(model: Any, rows: Sequence[Row]) -> list[list[Likelihood]]:
    """Score rows whose continuations stand side by side, kept apart by a mask."""
    width, least = max(row.length for row in rows), min(len(row.context) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    positions = torch.zeros(len(rows), width, dtype=torch.long)
    segments = torch.full((len(rows), width), _PAD)
    for r, row in enumerate(rows):
        column = 0
        for number, inputs in enumerate((row.context, *(c[:-1] for c in row.continuations)), start=_CONTEXT):
            end = column + len(inputs)
            first = 0 if number == _CONTEXT else len(row.context)
            ids[r, column:end] = torch.tensor(inputs, dtype=torch.long)
            positions[r, column:end] = torch.arange(first, first + len(inputs))
            segments[r, column:end] = number
            column = end
    device = model.device
    logits = model(
        input_ids=ids.to(device),
        attention_mask=_mask(segments.to(device), model.dtype),
        position_ids=positions.to(device),
        use_cache=False,
        logits_to_keep=width - least + 1,
    ).logits
    return [_read(logits[r, len(row.context) - least :], row) for r, row in enumerate(rows)]


def _mask(segments: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the additive mask (rows, 1, columns, columns): context and own segment, never ahead.

    Padding sees itself, because a softmax over nothing is not a number.
    """
    columns = segments.shape[1]
    queries, keys = segments[:, :, None], segments[:, None, :]
    causal = torch.ones(columns, columns, dtype=torch.bool, device=segments.device).tril()
    seen = causal & ((keys == _CONTEXT) & (queries != _PAD) | (keys == queries))
    mask = torch.zeros(seen.shape, dtype=dtype, device=segments.device)
    return mask.masked_fill(~seen, torch.finfo(dtype).min)[:, None]


def _read(logits: torch.Tensor, row: Row) -> list[Likelihood]:
    """Sum each continuation's log-probabilities; `logits` begins at the context's last token."""
    likelihoods = []
    column = 1
    for continuation in row.continuations:
        if not continuation:
            likelihoods.append(Likelihood(0.0, 0, True))
            continue
        steps = torch.tensor([0, *range(column, column + len(continuation) - 1)], device=logits.device)
        column += len(continuation) - 1
        targets = torch.tensor(continuation, device=logits.device)
        picked = logits[steps].float()
        right = picked.gather(1, targets[:, None])[:, 0]
        logprob = (right - picked.logsumexp(dim=1)).double().sum()
        greedy = bool((picked.argmax(dim=1) == targets).all())
        likelihoods.append(Likelihood(_finite(float(logprob), len(continuation)), len(continuation), greedy))
    return likelihoods


def _finite(logprob: float, tokens: int) -> float:
    if not math.isfinite(logprob):
        raise ArmError(
            f"the model gives a text of {tokens} tokens a log-probability of {logprob}: its weights, or its number "
            "format, cannot compute it; lower the learning rate, or take a device with bfloat16"
        )
    return logprob

"""Log-probabilities of continuations; what texts have in common is computed once.

Where every layer attends to everything before it, texts are laid out as trees (`harness.engine.token_tree`): a token
sees its ancestors only, at the positions they would have alone. A common trunk is computed first, and its keys and
values stand in front of every row. The head is asked at the columns that predict something, and nowhere else.

Elsewhere (sliding windows, recurrent states, positions of another kind) a row holds one text, and the model builds its
own mask: in a causal model nothing sees the padding on the right.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from harness.engine.halving import in_halves
from harness.engine.token_tree import Ids, Row, ScoredText, groves
from harness.engine.trunk import Trunk, additive, visible
from harness.errors import ArmError
from harness.records import Likelihood


@dataclass(frozen=True, slots=True)
class PassLimits:
    """What one forward pass may take."""

    tokens: int  # rows x columns, padding included
    logits: int  # predictions x vocabulary

    def halved(self, times: int) -> "PassLimits":
        """Return these limits, halved so many times."""
        return PassLimits(max(self.tokens >> times, 1), max(self.logits >> times, 1))


def score_texts(
    model: Any, texts: Sequence[ScoredText], limits: PassLimits, *, packs: bool = True, turn: int | None = None
) -> list[Likelihood]:
    """Score the continuation of every text, in order.

    Args:
        model: A causal language model.
        texts: What to score.
        limits: What one forward pass may take.
        packs: Whether a mask of ours may keep texts apart; see `harness.engine.architectures`.
        turn: Tokens up to which, and beyond which, texts share no batch.

    Raises:
        ItemError: If one text alone needs more memory than there is.
        ArmError: If a log-probability is not finite.
    """
    scored = _scored_as_trees(model, texts, limits) if packs else _scored_alone(model, texts, limits, turn)
    found = dict(scored)
    return [found[number] for number in range(len(texts))]


def _scored_as_trees(model: Any, texts: Sequence[ScoredText], limits: PassLimits) -> Iterator[tuple[int, Likelihood]]:
    trunk = Trunk(model, limits.tokens)
    for grove in groves(texts):
        in_halves(partial(_begin, trunk), [grove.trunk], lambda tokens: f"a beginning of {len(tokens)} tokens")
        for rows in passes(grove.rows, limits, _vocabulary(trunk.model)):
            score = partial(_score_trees, trunk, texts)
            for row, likelihoods in zip(rows, in_halves(score, rows, partial(_described, trunk.columns)), strict=True):
                yield from zip(row.texts, likelihoods, strict=True)


def passes(rows: Sequence[Row], limits: PassLimits, vocabulary: int) -> Iterator[list[Row]]:
    """Yield rows pass by pass, widest first, within the limits (one row always fits)."""
    batch: list[Row] = []
    for row in sorted(rows, key=lambda row: -len(row.tokens)):
        width, size = len((batch or [row])[0].tokens), len(batch) + 1
        predictions = sum(len(one.predictors) for one in (*batch, row))
        if batch and (size * width > limits.tokens or predictions * vocabulary > limits.logits):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _begin(trunk: Trunk, beginnings: Sequence[Ids]) -> list[int]:
    [tokens] = beginnings
    trunk.become(tokens)
    return [trunk.columns]


def _score_trees(trunk: Trunk, texts: Sequence[ScoredText], rows: Sequence[Row]) -> list[list[Likelihood]]:
    model = trunk.model
    width, device = max(len(row.tokens) for row in rows), model.device
    ids, positions = (torch.zeros(len(rows), width, dtype=torch.long) for _ in range(2))
    ends = torch.arange(1, width + 1).repeat(len(rows), 1)  # padding sees itself: a softmax over nothing is no number
    for r, row in enumerate(rows):
        columns = slice(0, len(row.tokens))
        ids[r, columns] = torch.tensor(row.tokens)
        positions[r, columns] = torch.tensor(row.positions)
        ends[r, columns] = torch.tensor(row.ends)
    places = [(r, column) for r, row in enumerate(rows) for column in sorted(row.predictors)]
    mask = additive(visible(ends.to(device)), model.dtype)
    with _predicting(model, places):
        logits = trunk(ids.to(device), mask, positions.to(device), use_cache=False).logits[0]
    numbers = {place: number for number, place in enumerate(places)}
    asked = [
        [([numbers[r, column] for column in columns], texts[text].continuation)]
        for r, row in enumerate(rows)
        for text, columns in zip(row.texts, row.scored, strict=True)
    ]
    found = iter(_read(logits, [part for [part] in asked]))
    return [[next(found) for _ in row.texts] for row in rows]


@contextmanager
def _predicting(model: Any, places: Sequence[tuple[int, int]]) -> Iterator[None]:
    """Let the head predict at these (row, column) alone; its logits have the shape (1, places, vocabulary)."""
    rows, columns = torch.tensor(places, device=model.device).T

    def pick(module: Any, args: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        return (args[0][rows, columns][None],)

    hook = model.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        hook.remove()


def _read(logits: torch.Tensor, asked: Sequence[tuple[Sequence[int], Ids]]) -> list[Likelihood]:
    """Sum each continuation's log-probabilities.

    Args:
        logits: Of shape (predictions, vocabulary).
        asked: For each text, the predictions that its continuation is read from, and the continuation.
    """
    steps = torch.tensor([step for found, _ in asked for step in found], device=logits.device)
    targets = torch.tensor([token for _, continuation in asked for token in continuation], device=logits.device)
    used, steps = torch.unique(steps, return_inverse=True)
    logits = (logits if len(used) == len(logits) else logits[used]).float()
    logprobs = (logits[steps, targets] - logits.logsumexp(dim=1)[steps]).double().cpu()
    greedy = (logits.argmax(dim=1)[steps] == targets).cpu()
    lengths = [len(continuation) for _, continuation in asked]
    parts = zip(torch.split(logprobs, lengths), torch.split(greedy, lengths), lengths, strict=True)
    return [Likelihood(_finite(float(part.sum()), n), n, bool(hits.all())) for part, hits, n in parts]


# ---- one text a row --------------------------------------------------------------------------


def _scored_alone(
    model: Any, texts: Sequence[ScoredText], limits: PassLimits, turn: int | None
) -> Iterator[tuple[int, Likelihood]]:
    for batch in plan(texts, limits, _vocabulary(model), turn=turn):
        found = in_halves(partial(_score_plain, model), [texts[number] for number in batch], _told)
        yield from zip(batch, found, strict=True)


@dataclass(frozen=True, slots=True)
class _Extent:
    """How far the texts of a batch reach, in tokens."""

    context: int = 0  # the shortest
    columns: int = 0  # of the longest

    def over(self, text: ScoredText) -> "_Extent":
        """Return the extent with one more text."""
        context = len(text.context)
        return _Extent(min(self.context or context, context), max(self.columns, len(text.inputs)))

    @property
    def scored(self) -> int:
        """Columns that logits are asked for."""
        return self.columns - self.context + 1


def plan(
    texts: Sequence[ScoredText], limits: PassLimits, vocabulary: int, *, turn: int | None = None
) -> Iterator[list[int]]:
    """Yield numbers of texts batch by batch, longest first, within the limits (one text always fits)."""
    batch: list[int] = []
    extent = _Extent()
    lengths = [len(text.inputs) for text in texts]
    for i in sorted(range(len(texts)), key=lambda i: (-lengths[i], i)):
        wider = extent.over(texts[i])
        tokens, logits = (len(batch) + 1) * wider.columns, (len(batch) + 1) * wider.scored * vocabulary
        turns = turn is not None and lengths[i] <= turn < wider.columns
        if batch and (turns or tokens > limits.tokens or logits > limits.logits):
            yield batch
            batch, wider = [], _Extent().over(texts[i])
        extent = wider
        batch.append(i)
    if batch:
        yield batch


def _score_plain(model: Any, texts: Sequence[ScoredText]) -> list[Likelihood]:
    """Score texts a row each; attention, windows and positions are the model's own."""
    width, least = max(len(text.inputs) for text in texts), min(len(text.context) for text in texts)
    ids = [[*text.inputs, *[0] * (width - len(text.inputs))] for text in texts]
    kept = width - least + 1
    # Not every family knows `logits_to_keep`; those return logits for all columns.
    device = model.device
    logits = model(input_ids=torch.tensor(ids, device=device), use_cache=False, logits_to_keep=kept).logits[:, -kept:]
    first = [r * kept + len(text.context) - least for r, text in enumerate(texts)]
    asked = [
        (range(start, start + len(text.continuation)), text.continuation)
        for start, text in zip(first, texts, strict=True)
    ]
    return _read(logits.flatten(0, 1), asked)


def _vocabulary(model: Any) -> int:
    return int(model.config.get_text_config().vocab_size)


def _described(trunk: int, row: Row) -> str:
    tokens = trunk + max(row.positions) + 2  # the last one is only predicted
    return f"a text of {tokens} tokens" if len(row.texts) == 1 else f"texts of up to {tokens} tokens"


def _told(text: ScoredText) -> str:
    return f"a text of {len(text.inputs) + 1} tokens"


def _finite(logprob: float, tokens: int) -> float:
    if not math.isfinite(logprob):
        raise ArmError(
            f"the model gives a text of {tokens} tokens a log-probability of {logprob}: its weights, or its number "
            "format, cannot compute it; look at its files, take a device with bfloat16 or, where it was trained, lower "
            "the learning rate"
        )
    return logprob

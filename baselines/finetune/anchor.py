"""Keeping the base's ways: a penalty for leaving its predictions on general text while a task is learnt.

To a step's gradient is added that of `weight * KL(base || tuned)`, nats per token, on a few general texts; a fresh
adapter starts at zero. The base is the tuned model with its tuning switched off. Texts take turns, so what the base
makes of each is kept: its last hidden states, from which its head says the predictions again.
The texts are ours, and none of them is a benchmark item, a held-out text or a question of the off-task probe. After
Learning without Forgetting (Li and Hoiem, arXiv 1606.09282).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import log_softmax

from baselines.finetune.trees import inputs_of, packs, rows_of
from baselines.finetune.tuners import Tuner
from harness.engine.token_tree import Row, ScoredText

TEXTS_PER_STEP = 4
Ids = tuple[int, ...]
Known = dict[Ids, torch.Tensor]  # by text, the base's last hidden states, shape (tokens, hidden size)


class Anchored:
    """Mixin for TRL's trainers: adds the penalty's gradient once in each optimiser step.

    Which texts a step takes depends on its number alone, so a resumed training takes the same ones.
    """

    tuner: Tuner
    known: Known
    anchors: Sequence[Ids] = ()
    kl_weight: float = 0.0
    texts_at_once: int = TEXTS_PER_STEP

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Do the trainer's own step, then the penalty's where the optimiser is about to move."""
        trainer: Any = self
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]
        if self.kl_weight and trainer.accelerator.sync_gradients:
            adapted = trainer.accelerator.unwrap_model(model)
            texts = texts_of(self.anchors, trainer.state.global_step)
            tokens = sum(map(len, texts))
            for start in range(0, len(texts), self.texts_at_once):
                part = divergence(trainer.tuner, adapted, texts[start : start + self.texts_at_once], self.known)
                trainer.accelerator.backward(self.kl_weight * part / tokens)
        return loss


def texts_of(anchors: Sequence[Ids], step: int) -> list[Ids]:
    """Return the texts of a step: they take turns."""
    return [anchors[(step * TEXTS_PER_STEP + i) % len(anchors)] for i in range(min(TEXTS_PER_STEP, len(anchors)))]


def divergence(tuner: Tuner, adapted: Any, texts: Sequence[Ids], known: Known | None = None) -> torch.Tensor:
    """Return KL(base || tuned) in nats, summed over the tokens of the texts; gradients reach what is trained alone.

    Args:
        tuner: Switches the tuning off.
        adapted: The tuned model.
        texts: As token ids.
        known: What the base made of texts before; it is added to.
    """
    known = {} if known is None else known
    shares = packs(adapted)
    rows = rows_of([_whole(text) for text in texts], shares=shares)
    inputs = inputs_of(rows, adapted.device, shares=shares)
    met = _met(rows)
    with torch.no_grad(), tuner.off(adapted):
        for text in texts:
            if text not in known:
                known[text] = _hidden_states(adapted, text)
        hidden = torch.stack([known[texts[number]][place] for (number, place), *_ in met.values()])
        base = _said_from(adapted, hidden)
    lines, columns = torch.tensor(list(met), device=adapted.device).T
    with _head_reads(adapted, lambda found: found[lines, columns][None]):
        tuned = adapted(**inputs, use_cache=False).logits[0].float()
    times = torch.tensor([float(len(places)) for places in met.values()], device=adapted.device)
    found: torch.Tensor = _Divergence.apply(tuned, base, times)  # type: ignore[no-untyped-call]
    return found


def _whole(text: Ids) -> ScoredText:
    """Return a text of which every token is read, the last one too, and predicts."""
    return ScoredText(text[:1], (*text[1:], 0))


def _met(rows: Sequence[Row]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return, for each row and column that holds a token, the texts it belongs to, each with its place there."""
    met: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for line, row in enumerate(rows):
        for number, columns in zip(row.texts, row.scored, strict=True):
            for place, column in enumerate(columns):
                met.setdefault((line, column), []).append((number, place))
    return met


def _hidden_states(model: Any, text: Ids) -> torch.Tensor:
    """Return what the head reads of one text, alone: so it is the same to the last bit whenever it is asked."""
    read: list[torch.Tensor] = []

    def keep(found: torch.Tensor) -> torch.Tensor:
        read.append(found[0].clone())
        return found[:, :1]  # what the head says of it is not asked

    with _head_reads(model, keep):
        model(input_ids=torch.tensor([text], device=model.device), use_cache=False)
    [hidden] = read
    return hidden


def _said_from(model: Any, hidden: torch.Tensor) -> torch.Tensor:
    """Return the logits that follow from hidden states, whatever a family does to them behind its head."""
    token = torch.zeros(1, 1, dtype=torch.long, device=model.device)
    with _head_reads(model, lambda _: hidden[None]):
        logits: torch.Tensor = model(input_ids=token, use_cache=False).logits[0].float()
    return logits


@contextmanager
def _head_reads(model: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
    """Change what the head reads, of shape (rows, columns, hidden size), while the context lasts."""

    def read(module: Any, given: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        return (change(given[0]),)

    hook = model.get_output_embeddings().register_forward_pre_hook(read)
    try:
        yield
    finally:
        hook.remove()


class _Divergence(torch.autograd.Function):
    """KL(base || tuned), each prediction counted so many times: its gradient is softmax(tuned) - softmax(base)."""

    @staticmethod
    def forward(context: Any, tuned: torch.Tensor, base: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """Sum up over predictions; logits have the shape (predictions, vocabulary)."""
        tuned, base = log_softmax(tuned, dim=-1), log_softmax(base, dim=-1)
        chances = base.exp()
        by_prediction = (chances * base.sub_(tuned)).sum(-1)
        context.save_for_backward(tuned.exp_().sub_(chances).mul_(times[:, None]))
        return (by_prediction * times).sum()

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Return the gradient of the tuned logits."""
        (found,) = context.saved_tensors
        return found * gradient, None, None

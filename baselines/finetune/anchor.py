"""Keeping the base's ways: a penalty for leaving its predictions on general text while a task is learnt.

To a step's gradient is added that of `weight * KL(base || tuned)`, nats per prediction, on one general text; a fresh
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

from baselines.finetune.spec import GeneralText
from baselines.finetune.tuners import Tuner

Known = dict[GeneralText, torch.Tensor]  # by text, the base's last hidden states, shape (predictions, hidden size)


class Anchored:
    """Mixin for TRL's trainers: adds the penalty's gradient once in each optimiser step.

    Which text a step takes depends on its number alone, so a resumed training takes the same.
    """

    tuner: Tuner
    known: Known
    anchors: Sequence[GeneralText] = ()
    kl_weight: float = 0.0

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Do the trainer's own step, then the penalty's where the optimiser is about to move."""
        trainer: Any = self
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]
        if self.kl_weight and trainer.accelerator.sync_gradients:
            adapted = trainer.accelerator.unwrap_model(model)
            text = self.anchors[trainer.state.global_step % len(self.anchors)]
            left = divergence(trainer.tuner, adapted, text, self.known)
            trainer.accelerator.backward(self.kl_weight * left / text.predictions)
        return loss


def divergence(tuner: Tuner, adapted: Any, text: GeneralText, known: Known | None = None) -> torch.Tensor:
    """Return KL(base || tuned) in nats, summed over what is kept of a text; gradients reach what is trained alone.

    Args:
        tuner: Switches the tuning off.
        adapted: The tuned model.
        text: What both read.
        known: What the base made of texts before; it is added to.
    """
    known = {} if known is None else known
    with torch.no_grad(), tuner.off(adapted):
        if text not in known:
            known[text] = _hidden_states(adapted, text)
        base = _said_from(adapted, known[text])
    ids = torch.tensor([text.ids], device=adapted.device)
    with _head_reads(adapted, lambda found: found[:, text.first :]):
        tuned = adapted(input_ids=ids, use_cache=False).logits[0].float()
    found: torch.Tensor = _Divergence.apply(tuned, base)  # type: ignore[no-untyped-call]
    return found


def _hidden_states(model: Any, text: GeneralText) -> torch.Tensor:
    """Return what the head reads of what is kept of a text, alone: so it is the same to the last bit each time."""
    read: list[torch.Tensor] = []

    def keep(found: torch.Tensor) -> torch.Tensor:
        read.append(found[0, text.first :].clone())
        return found[:, :1]  # what the head says of it is not asked

    with _head_reads(model, keep):
        model(input_ids=torch.tensor([text.ids], device=model.device), use_cache=False)
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
    """KL(base || tuned), summed over predictions: its gradient is softmax(tuned) - softmax(base)."""

    @staticmethod
    def forward(context: Any, tuned: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        """Sum up over predictions; logits have the shape (predictions, vocabulary)."""
        tuned, base = log_softmax(tuned, dim=-1), log_softmax(base, dim=-1)
        chances = base.exp()
        total = (chances * base.sub_(tuned)).sum()
        context.save_for_backward(tuned.exp_().sub_(chances))
        return total

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return the gradient of the tuned logits."""
        (found,) = context.saved_tensors
        return found * gradient, None

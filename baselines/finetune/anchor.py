"""Keeping the base's ways: a penalty for leaving its predictions on general text while a task is learnt.

To a step's gradient is added that of `weight * KL(base || tuned)`, nats per token, on a few general texts; a fresh
adapter starts at zero. The base is the tuned model with its tuning switched off.
The texts are ours, and none of them is a benchmark item, a held-out text or a question of the off-task probe. After
Learning without Forgetting (Li and Hoiem, arXiv 1606.09282).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import kl_div, log_softmax

from baselines.finetune.tuners import Tuner

TEXTS_PER_STEP = 4
Ids = tuple[int, ...]


class Anchored:
    """Mixin for TRL's trainers: adds the penalty's gradient once in each optimiser step.

    Which texts a step takes depends on its number alone, so a resumed training takes the same ones.
    """

    tuner: Tuner
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
                part = divergence(trainer.tuner, adapted, texts[start : start + self.texts_at_once])
                trainer.accelerator.backward(self.kl_weight * part / tokens)
        return loss


def texts_of(anchors: Sequence[Ids], step: int) -> list[Ids]:
    """Return the texts of a step: they take turns."""
    return [anchors[(step * TEXTS_PER_STEP + i) % len(anchors)] for i in range(min(TEXTS_PER_STEP, len(anchors)))]


def divergence(tuner: Tuner, adapted: Any, texts: Sequence[Ids]) -> torch.Tensor:
    """Return KL(base || tuned) in nats, summed over the tokens of the texts; gradients reach what is trained alone."""
    width = max(map(len, texts))
    ids = torch.tensor([[*text, *[0] * (width - len(text))] for text in texts], device=adapted.device)
    mask = torch.tensor([[1] * len(text) + [0] * (width - len(text)) for text in texts], device=adapted.device)
    with torch.no_grad(), tuner.off(adapted):
        base = _predictions(adapted, ids, mask)
    tuned = _predictions(adapted, ids, mask)
    by_token = kl_div(tuned, base, reduction="none", log_target=True).sum(-1)
    return (by_token * mask).sum()


def _predictions(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return log_softmax(model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float(), dim=-1)

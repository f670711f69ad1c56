"""A training batch goes through as trees: what its rows begin with alike is computed once, and nothing is padded.

TRL's trainers ask the model for the log-probabilities of labels, with a head that reads no other position. `branch`
answers that from trees (`baselines.finetune.trees`) in the shape in which it was asked, so that losses, their
normalisation and metrics stay TRL's own.
"""

from types import MethodType
from typing import Any

import torch

from baselines.finetune.trees import inputs_of, rows_of
from harness.engine.token_tree import ScoredText

MASKED = -100
OF_TOKENS = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1", "label_mask")  # TRL's names


def branch(model: Any) -> None:
    """Have a bare model with TRL's fused head answer that head's questions from trees.

    The family must take a mask of ours, see `baselines.finetune.trees.packs`. TRL's own patch is undone with it.
    """
    asked = model.forward

    def forward(self: Any, *given: Any, fused_lm_head: bool = False, **named: Any) -> Any:
        """Lay out what the fused head is asked; everything else is the model's own."""
        if not fused_lm_head:
            return asked(*given, **named)
        ids, real, labels = (named.pop(name) for name in ("input_ids", "attention_mask", "labels"))
        texts, kept = _texts(ids, real, labels)
        rows = rows_of(texts)
        inputs = inputs_of(rows, ids.device)
        places = [
            (number, len(texts[number].context) - 1 + place, line, column)
            for line, row in enumerate(rows)
            for number, columns in zip(row.texts, row.scored, strict=True)
            for place, column in enumerate(columns)
        ]
        texts_at, tokens_at, lines, columns = torch.tensor(places, device=ids.device).T
        wanted = torch.full_like(inputs["input_ids"], MASKED)
        wanted[lines, columns] = kept[texts_at, tokens_at]
        output = asked(fused_lm_head=True, **inputs, shift_labels=wanted, **named)
        for name in OF_TOKENS:
            found = getattr(output, name)
            if found is not None:
                empty = found.new_zeros(kept.shape)
                output[name] = empty.index_put((texts_at, tokens_at), found[lines, columns])
        return output

    model.forward = MethodType(forward, model)


def _texts(ids: torch.Tensor, real: torch.Tensor, labels: torch.Tensor) -> tuple[list[ScoredText], torch.Tensor]:
    """Return the rows of a batch without their padding, and the label that each position but the last predicts."""
    following = labels[:, 1:].masked_fill(real[:, 1:] == 0, MASKED)
    first = (following != MASKED).int().argmax(1).tolist()  # 0 where there is none
    texts = []
    for row, length, start in zip(ids.tolist(), real.sum(1).tolist(), first, strict=True):
        texts.append(ScoredText(tuple(row[: start + 1]), tuple(row[start + 1 : length])))
    return texts, following

"""Texts of one training pass, laid out so that what they begin with alike is computed once (`token_tree`).

The gradient is that of separate rows: every token sees the same tokens at the same positions.
"""

from collections.abc import Sequence
from typing import Any

import torch

from baselines.finetune.spec import WIDEST
from harness.engine.architectures import architecture
from harness.engine.token_tree import Row, ScoredText, laid_out
from harness.engine.trunk import visible


def packs(adapted: Any) -> bool:
    """Whether the texts of a pass through a tuned model may be laid out as trees.

    Its family must take a mask of ours. A trained prefix stands in front of the model's own mask, and dropout would
    draw once for a beginning that several rows share: such runs keep a row for each text.
    """
    config = adapted.config.get_text_config(decoder=True)
    tuning = getattr(adapted, "active_peft_config", None)
    if tuning is not None and tuning.is_prompt_learning:
        return False
    drops = any(isinstance(module, torch.nn.Dropout) and module.p > 0 for module in adapted.modules())
    return not drops and architecture(adapted.config, config.model_type).packs


def rows_of(texts: Sequence[ScoredText]) -> list[Row]:
    """Lay out texts as trees in few rows where they share beginnings, else each in a row of its own.

    Every column predicts for one text alone.
    """
    alone = [laid_out([number], texts) for number in range(len(texts))]
    rows = [laid_out([], texts)]
    for number in sorted(range(len(texts)), key=lambda number: texts[number].inputs):
        wider = laid_out([*rows[-1].texts, number], texts, apart=True)
        if len(rows[-1].texts) and len(wider.tokens) > WIDEST:
            wider = laid_out([number], texts, apart=True)
            rows.append(wider)
        rows[-1] = wider
    return rows if _columns(rows) < _columns(alone) else alone  # where nothing is saved, short rows attend to less


def _columns(rows: Sequence[Row]) -> int:
    return len(rows) * max(len(row.tokens) for row in rows)


def inputs_of(rows: Sequence[Row], device: torch.device) -> dict[str, torch.Tensor]:
    """Return what a model is called with for rows, padded on the right."""
    width = max(len(row.tokens) for row in rows)
    ids = torch.tensor([_filled(row.tokens, [0] * width) for row in rows], device=device)
    itself = list(range(1, width + 1))  # what padding sees: a softmax over nothing is no number
    ends = torch.tensor([_filled(row.ends, itself) for row in rows], device=device)
    positions = torch.tensor([_filled(row.positions, [0] * width) for row in rows], device=device)
    return {"input_ids": ids, "attention_mask": visible(ends)[:, None], "position_ids": positions}


def _filled(values: Sequence[int], filling: Sequence[int]) -> list[int]:
    return [*values, *filling[len(values) :]]

"""Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290): chosen answers above rejected ones."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from datasets import Dataset
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from baselines.finetune.anchor import Anchored
from baselines.finetune.resume import Resumable
from baselines.finetune.spec import PairRow, RunSpec

LN_2 = math.log(2)
START_TOLERANCE = 1e-3


class PairTrainer(Anchored, Resumable, DPOTrainer):  # type: ignore[misc]
    """TRL's DPO on pairs that are token ids already, resumed without pickles.

    What the start policy says of a pair is computed when its first batch comes, together with that batch, so that
    before the first update policy and reference agree to the last bit; then it is known.
    """

    references: dict[str, torch.Tensor]  # by pair, log-probabilities of the chosen and of the rejected answer

    def _prepare_dataset(self, dataset: Dataset, *_: object) -> Dataset:
        return dataset

    def _compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool) -> Any:
        names = _names(inputs)
        if any(name not in self.references for name in names):
            found = torch.stack(self.compute_ref_log_probs(self.model, inputs), dim=1)
            self.references.update({name: pair for name, pair in zip(names, found, strict=True)} | self.references)
        chosen, rejected = torch.stack([self.references[name].to(self.model.device) for name in names], dim=1)
        self.precompute_ref_logps = True  # so that TRL takes the reference from the batch
        inputs = {**inputs, "ref_chosen_logps": chosen, "ref_rejected_logps": rejected}
        return super()._compute_loss(model, inputs, return_outputs)


def _names(inputs: Mapping[str, torch.Tensor]) -> list[str]:
    """Return a name for each pair of a batch, whose first half is the chosen texts: a hash of its tokens."""
    texts = [
        [part[real == 1].tolist() for part in (ids, answered)]
        for ids, answered, real in zip(
            *(inputs[name] for name in ("input_ids", "completion_mask", "attention_mask")), strict=True
        )
    ]
    pairs = zip(texts[: len(texts) // 2], texts[len(texts) // 2 :], strict=True)
    return [hashlib.sha256(repr(pair).encode()).hexdigest() for pair in pairs]


class Preference:
    """Keeps `baselines.finetune.objectives.Objective`."""

    row = PairRow
    least_rows = 1
    trainer: type[Any] = PairTrainer
    collator: type[Any] = DataCollatorForPreference

    def arguments(self, shared: dict[str, Any], spec: RunSpec) -> Any:
        """Take the sigmoid loss against the start policy; `beta` says how dearly leaving it is paid for."""
        return DPOConfig(**shared, beta=spec.objective_options["beta"], loss_type="sigmoid", disable_dropout=True)

    def columns(self, rows: Sequence[PairRow]) -> list[dict[str, list[int]]]:
        """Return prompts with both answers."""
        return [
            {"prompt_ids": [*row.prompt], "chosen_ids": [*row.chosen], "rejected_ids": [*row.rejected]} for row in rows
        ]

    def fault_of_start(self, logs: Mapping[str, float]) -> str:
        """Before the first update the policy is its own reference: a loss of ln 2 and no margin."""
        loss, margin = logs["loss"], logs["rewards/margins"]
        if abs(loss - LN_2) <= START_TOLERANCE and abs(margin) <= START_TOLERANCE:
            return ""
        return (
            f"DPO starts at loss {loss:.4f} and margin {margin:.4f}, not at ln 2 and 0; "
            "the reference is not the start policy"
        )


PREFERENCE = Preference()

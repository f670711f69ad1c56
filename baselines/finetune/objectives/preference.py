"""Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290): chosen answers above rejected ones."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from baselines.finetune.anchor import Anchored
from baselines.finetune.resume import Resumable
from baselines.finetune.spec import PairRow, RunSpec

LN_2 = math.log(2)
START_TOLERANCE = 1e-3


class PairTrainer(Anchored, Resumable, DPOTrainer):  # type: ignore[misc]
    """TRL's DPO on pairs that are token ids already, resumed without pickles."""

    def _prepare_dataset(self, dataset: Dataset, *_: object) -> Dataset:
        return dataset


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

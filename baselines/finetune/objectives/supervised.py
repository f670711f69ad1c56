"""Supervised fine-tuning: the likelihood of the answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from trl import SFTConfig, SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from baselines.finetune.anchor import Anchored
from baselines.finetune.resume import Resumable
from baselines.finetune.spec import AnswerRow, RunSpec

MASKED = -100


class AnswerTrainer(Anchored, Resumable, SFTTrainer):  # type: ignore[misc]
    """TRL's SFT, resumed without pickles."""


class Supervised:
    """Keeps `baselines.finetune.objectives.Objective`."""

    row = AnswerRow
    least_rows = 1
    trainer: type[Any] = AnswerTrainer
    collator: type[Any] = DataCollatorForLanguageModeling

    def arguments(self, shared: dict[str, Any], spec: RunSpec) -> Any:
        """Take the loss on the answers alone; the rows are token ids already."""
        prepared = {"skip_prepare_dataset": True}
        return SFTConfig(**shared, packing=False, completion_only_loss=True, dataset_kwargs=prepared)

    def columns(self, rows: Sequence[AnswerRow]) -> list[dict[str, list[int]]]:
        """Return labels that are -100 on the prompt."""
        return [
            {"input_ids": [*row.prompt, *row.answer], "labels": [MASKED] * len(row.prompt) + [*row.answer]}
            for row in rows
        ]

    def fault_of_start(self, logs: Mapping[str, float]) -> str:
        """Any loss may be the first."""
        return ""


SUPERVISED = Supervised()

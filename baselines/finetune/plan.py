"""What a supervised training is made from, before the first step."""

from dataclasses import dataclass

from baselines.finetune.options import TuneOptions
from baselines.finetune.spec import AnswerRow, GeneralText
from baselines.finetune.store import Trained
from harness.program import Program
from harness.records import Example


@dataclass(frozen=True, slots=True)
class SftPlan:
    """All that one SFT training is made from."""

    program: Program  # without an adapter
    examples: tuple[Example, ...]  # those of train that are learnt from
    rows: tuple[AnswerRow, ...]
    dev: tuple[Example, ...]
    options: TuneOptions
    warnings: tuple[str, ...]
    anchors: tuple[GeneralText, ...] = ()
    start: Trained | None = None  # earlier training that this continues; None starts fresh

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps that see every row once; the last batch may be smaller."""
        return -(-len(self.rows) // self.options.batch_size)

"""`lora_dpo`: SFT with LoRA, then direct preference optimisation of the same adapter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import Field

from baselines.finetune.arms import shown_row
from baselines.finetune.objectives import PREFERENCE
from baselines.finetune.options import LoraOptions
from baselines.finetune.pairs import expected_pairs, find_pairs
from baselines.finetune.plan import SftPlan
from baselines.finetune.rows import Renderer, pair_rows, within
from baselines.finetune.spec import PairRow
from baselines.finetune.stage import StagedArm, StagePlan
from baselines.finetune.store import Trained
from baselines.prompt.zero import plain_prompt
from harness.contract import FitContext, Preview, TrainingDemand
from harness.records import Preference, Study
from harness.store.files import encode, write_atomically

PAIRS = "pairs.jsonl"  # `harness.exporting` looks for it under this name


class DpoOptions(LoraOptions):
    """Options of `lora_dpo`; those of `LoraOptions` shape its SFT start."""

    dpo_learning_rate: float | None = Field(default=None, gt=0)
    dpo_epochs: int = Field(default=1, ge=1)
    beta: float = Field(default=0.1, gt=0)
    max_pairs: int = Field(default=96, ge=8)


@dataclass(frozen=True)
class LoraDpo(StagedArm):
    """Supervised fine-tuning with LoRA, then preference optimisation of the same adapter."""

    options: DpoOptions

    def find(self, study: Study, plan: SftPlan, context: FitContext) -> tuple[Sequence[Preference], str]:
        """Return the given preferences, else pairs mined from train."""
        return find_pairs(study, plan, context, self.options.max_pairs)

    def plan(self, sft: SftPlan, start: Trained, found: Sequence[Preference], context: FitContext) -> StagePlan:
        """Render the pairs; those that are trained on are left in the arm's folder."""
        rows = pair_rows(Renderer(context.base.model, context.engine), sft.program, found)
        rows, warnings = within(rows, context.engine.context_window, self.options.max_length)
        leave_pairs(context, rows, found)
        return StagePlan(
            name="dpo",
            sft=sft,
            start=start,
            objective=PREFERENCE,
            objective_options={"beta": self.options.beta},
            rows=rows,
            answer_tokens=sum(len(row.chosen) + len(row.rejected) for row in rows),
            options=self.options,
            epochs=self.options.dpo_epochs,
            rate=self.options.dpo_learning_rate,
            warnings=warnings,
        )

    def demand(self, study: Study, rows: int) -> TrainingDemand:
        """Say what both stages take."""
        return replace(super().demand(study, rows), pairs=expected_pairs(study, rows, self.options.max_pairs))

    def preview(self, study: Study) -> Preview:
        """Show the first training row; pairs are rendered alike."""
        given = len(study.preferences)
        source = f"{given} given" if given else "mined from the base model's wrong answers, at most"
        count = "" if given else f" {self.options.max_pairs}"
        return shown_row(study, plain_prompt(study), note=f"then preference pairs: {source}{count}")


def lora_dpo(options: Mapping[str, object]) -> LoraDpo:
    """Make the arm that continues from the SFT adapter with preference pairs."""
    return LoraDpo(DpoOptions.model_validate(options))


def leave_pairs(context: FitContext, rows: Sequence[PairRow], pairs: Sequence[Preference]) -> None:
    """Leave the pairs that are trained on in the arm's folder: mined ones stand nowhere else, and export needs them."""
    used = {row.id for row in rows}
    lines = "".join(encode(Preference, pair) + "\n" for pair in pairs if pair.id in used)
    write_atomically(context.folder / PAIRS, lines)

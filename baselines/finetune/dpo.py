"""`lora_dpo`: SFT with LoRA, then direct preference optimisation of the same adapter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import Field

from baselines.finetune.arms import Tuned, finish, shown_row
from baselines.finetune.clock import Clock
from baselines.finetune.objectives import PREFERENCE
from baselines.finetune.options import LoraOptions
from baselines.finetune.pairs import find_pairs
from baselines.finetune.plan import SftPlan
from baselines.finetune.process import TrainingProcess
from baselines.finetune.rows import Renderer, pair_rows, within
from baselines.finetune.sft import prepare, train_sft
from baselines.finetune.spec import PairRow
from baselines.finetune.stage import StagePlan, train_stage
from baselines.finetune.store import Trained
from baselines.prompt.zero import plain_prompt, zero_shot_program
from harness.contract import FitContext, Fitted, Preview
from harness.records import Preference, Study
from harness.store.files import encode, write_atomically

# What preferences follow may take this share of the arm's minutes, so that they get the rest.
SFT_SHARE = 2 / 3
PAIRS = "pairs.jsonl"  # `harness.exporting` looks for it under this name


class DpoOptions(LoraOptions):
    """Options of `lora_dpo`; those of `LoraOptions` shape its SFT start."""

    dpo_learning_rate: float | None = Field(default=None, gt=0)
    dpo_epochs: int = Field(default=1, ge=1)
    beta: float = Field(default=0.1, gt=0)
    max_pairs: int = Field(default=96, ge=8)


@dataclass(frozen=True)
class LoraDpo(Tuned):
    """Supervised fine-tuning with LoRA, then preference optimisation of the same adapter."""

    options: DpoOptions

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Train on `study.train`, then on its preferences or on pairs mined from train."""
        clock = Clock.of(context)
        program = zero_shot_program(study, context)
        plan = prepare(study, context, program, self.options)
        pairs, source = find_pairs(study, plan, context, self.options.max_pairs)
        with TrainingProcess(context.folder / "training", program.weights) as process:
            start = train_sft(plan, context, process, clock.part(SFT_SHARE))
            dpo = plan_dpo(plan, start, pairs, context, self.options)
            leave_pairs(context, dpo.rows, pairs)
            trained = train_stage(dpo, context, process, clock.part(1.0))
        fitted = finish(context, program, trained, self.options, clock)
        return replace(fitted, warnings=(*fitted.warnings, f"trained on {len(dpo.rows)} {source}"))

    def preview(self, study: Study) -> Preview:
        """Show the first training row; pairs are rendered alike."""
        given = len(study.preferences)
        source = f"{given} given" if given else "mined from the base model's wrong answers, at most"
        count = "" if given else f" {self.options.max_pairs}"
        return shown_row(study, plain_prompt(study), note=f"then preference pairs: {source}{count}")


def lora_dpo(options: Mapping[str, object]) -> LoraDpo:
    """Make the arm that continues from the SFT adapter with preference pairs."""
    return LoraDpo(DpoOptions.model_validate(options))


def plan_dpo(
    sft: SftPlan, start: Trained, pairs: Sequence[Preference], context: FitContext, options: DpoOptions
) -> StagePlan:
    """Render the pairs and check their lengths.

    Raises:
        ArmError: If a pair exceeds the model's window.
    """
    rows = pair_rows(Renderer(context.base.model, context.engine), sft.program, pairs)
    rows, warnings = within(rows, context.engine.context_window, options.max_length)
    return StagePlan(
        name="dpo",
        sft=sft,
        start=start,
        objective=PREFERENCE,
        objective_options={"beta": options.beta},
        rows=rows,
        answer_tokens=sum(len(row.chosen) + len(row.rejected) for row in rows),
        options=options,
        epochs=options.dpo_epochs,
        rate=options.dpo_learning_rate,
        warnings=warnings,
    )


def leave_pairs(context: FitContext, rows: Sequence[PairRow], pairs: Sequence[Preference]) -> None:
    """Leave the pairs that are trained on in the arm's folder: mined ones stand nowhere else, and export needs them."""
    used = {row.id for row in rows}
    lines = "".join(encode(Preference, pair) + "\n" for pair in pairs if pair.id in used)
    write_atomically(context.folder / PAIRS, lines)

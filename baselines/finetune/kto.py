"""`lora_kto`: SFT with LoRA, then Kahneman-Tversky optimisation (Ethayarajh et al., arXiv 2402.01306).

It learns from single answers that people called good or bad, where DPO needs a better and a worse one to the same
question.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import Field

from baselines.finetune.arms import shown_row
from baselines.finetune.options import LoraOptions
from baselines.finetune.pairs import expected_pairs, find_pairs
from baselines.finetune.plan import SftPlan
from baselines.finetune.rows import Renderer, answer_rows, within
from baselines.finetune.stage import StagedArm, StagePlan
from baselines.finetune.store import Trained
from baselines.prompt.zero import plain_prompt
from harness.contract import FitContext, Preview, TrainingDemand
from harness.errors import ArmError
from harness.records import Example, Feedback, Study

START_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """One answer as token ids, and whether it is a good one."""

    id: str
    prompt: tuple[int, ...]
    answer: tuple[int, ...]  # closed
    is_good: bool

    @property
    def length(self) -> int:
        """Tokens in all."""
        return len(self.prompt) + len(self.answer)

    @property
    def held(self) -> int:
        """Tokens that it takes in memory: its question stands there a second time, with another row's answer."""
        return 2 * self.length

    @property
    def columns(self) -> int:
        """Tokens that it takes in memory in a tree; the other row's answer may be as long."""
        return self.held


class Kto:
    """Keeps `baselines.finetune.objectives.Objective`."""

    row = JudgedRow
    least_rows = 2  # of one pass: a row's answer is set against another's question

    @cached_property
    def trainer(self) -> type[Any]:
        """TRL's KTO on rows that are token ids already, resumed without pickles."""
        from trl import KTOTrainer

        from baselines.finetune.anchor import Anchored
        from baselines.finetune.resume import Resumable

        class JudgedTrainer(Anchored, Resumable, KTOTrainer):  # type: ignore[misc]
            def _prepare_dataset(self, dataset: Any, *_: object) -> Any:
                return dataset

        return JudgedTrainer

    @cached_property
    def collator(self) -> type[Any]:
        """Pads questions with their own answers, and with those of others."""
        from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference

        found: type[Any] = DataCollatorForUnpairedPreference
        return found

    def arguments(self, shared: dict[str, Any], spec: Any) -> Any:
        """Weigh the rarer kind of answer up, as the paper's equation 8 says; `beta` holds the start policy."""
        from trl import KTOConfig

        good = sum(row.is_good for row in spec.rows)
        bad = len(spec.rows) - good
        return KTOConfig(
            **shared,
            beta=spec.objective_options["beta"],
            desirable_weight=max(1.0, bad / max(good, 1)),
            undesirable_weight=max(1.0, good / max(bad, 1)),
            loss_type="kto",
            disable_dropout=True,
            train_sampling_strategy="sequential",  # rows come shuffled, each beside the answer it is set against
        )

    def columns(self, rows: Sequence[JudgedRow]) -> list[dict[str, Any]]:
        """Return questions with their own answer and with that of the row before."""
        return [
            {
                "prompt_ids": [*row.prompt],
                "completion_ids": [*row.answer],
                "KL_completion_ids": [*rows[n - 1].answer],
                "label": row.is_good,
            }
            for n, row in enumerate(rows)
        ]

    def fault_of_start(self, logs: Mapping[str, float]) -> str:
        """Before the first update the policy is its own reference: no reward and no divergence."""
        rewards = [logs.get(f"rewards/{kind}", 0.0) for kind in ("chosen", "rejected")]
        if max(abs(value) for value in (logs["kl"], *rewards)) <= START_TOLERANCE:
            return ""
        return (
            f"KTO starts at a divergence of {logs['kl']:.4f} and rewards of {rewards[0]:.4f} and {rewards[1]:.4f}, "
            "not at 0; the reference is not the start policy"
        )


KTO = Kto()


class KtoOptions(LoraOptions):
    """Options of `lora_kto`; those of `LoraOptions` shape its SFT start."""

    batch_size: int = Field(default=4, ge=2)
    kto_learning_rate: float | None = Field(default=None, gt=0)
    kto_epochs: int = Field(default=1, ge=1)
    beta: float = Field(default=0.1, gt=0)
    max_pairs: int = Field(default=96, ge=8, description="of preferences that answers are taken from, two of each")


@dataclass(frozen=True)
class LoraKto(StagedArm):
    """Supervised fine-tuning with LoRA, then KTO of the same adapter."""

    options: KtoOptions

    def find(self, study: Study, plan: SftPlan, context: FitContext) -> tuple[Sequence[Feedback], str]:
        """Return all given feedback, else the answers of preferences or of pairs mined, two of each."""
        if study.feedback:
            if len({row.is_good for row in study.feedback}) < 2:
                kind = "good" if study.feedback[0].is_good else "bad"
                raise ArmError(
                    f"all {len(study.feedback)} rows of data.feedback are {kind}; KTO needs some of both kinds"
                )
            return study.feedback, "rows of feedback"
        pairs, source = find_pairs(study, plan, context, self.options.max_pairs)
        good = [Feedback(f"{pair.id}, good", pair.messages, pair.chosen, True, pair.columns) for pair in pairs]
        bad = [Feedback(f"{pair.id}, bad", pair.messages, pair.rejected, False, pair.columns) for pair in pairs]
        return (*good, *bad), f"answers of {source}"

    def plan(self, sft: SftPlan, start: Trained, found: Sequence[Feedback], context: FitContext) -> StagePlan:
        """Render the answers, in an order drawn with the seed."""
        labelled = [Example(row.id, row.messages, row.answer, columns=row.columns) for row in found]
        renderer = Renderer(context.base.model, context.engine)
        rendered = answer_rows(renderer, sft.program, labelled, [()] * len(labelled))
        rows = [
            JudgedRow(row.id, row.prompt, row.answer, judged.is_good)
            for row, judged in zip(rendered, found, strict=True)
        ]
        random.Random(context.seed).shuffle(rows)
        kept, warnings = within(tuple(rows), context.engine.context_window, self.options.max_length)
        return StagePlan(
            name="kto",
            sft=sft,
            start=start,
            objective="baselines.finetune.kto:KTO",
            objective_options={"beta": self.options.beta},
            rows=kept,
            answer_tokens=sum(len(row.answer) for row in kept),
            options=self.options,
            epochs=self.options.kto_epochs,
            rate=self.options.kto_learning_rate,
            warnings=warnings,
        )

    def demand(self, study: Study, rows: int) -> TrainingDemand:
        """Say what both stages take; two judged answers take what a pair does."""
        given = -(-len(study.feedback) // 2)
        return replace(super().demand(study, rows), pairs=given or expected_pairs(study, rows, self.options.max_pairs))

    def preview(self, study: Study) -> Preview:
        """Show the first training row; judged answers are rendered alike."""
        given, pairs = len(study.feedback), len(study.preferences)
        source = f"{pairs} given preferences" if pairs else "pairs mined from the base model's wrong answers"
        note = f"then {given} rows of feedback" if given else f"then good and bad answers of {source}"
        return shown_row(study, plain_prompt(study), note=note)


def lora_kto(options: Mapping[str, object]) -> LoraKto:
    """Make the arm that continues from the SFT adapter with answers judged good or bad."""
    return LoraKto(KtoOptions.model_validate(options))

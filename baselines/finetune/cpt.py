"""`cpt_lora_sft`: the task's documents are read as plain text, then SFT continues with the same adapter.

Continued pre-training is the rival of retrieval: it puts the documents' knowledge into weights instead of the prompt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import Field

from baselines.finetune.arms import Tuned, finish, shown_row
from baselines.finetune.clock import Clock
from baselines.finetune.options import LoraOptions
from baselines.finetune.plan import SftPlan
from baselines.finetune.process import TrainingProcess
from baselines.finetune.rows import Renderer
from baselines.finetune.schedule import Outcome, Schedule
from baselines.finetune.selection import best_of, is_undertrained
from baselines.finetune.sft import WARMUP_SHARE, evaluations, prepare, schedule_of, spec_of, train_sft
from baselines.finetune.spec import AnswerRow, RunSpec
from baselines.finetune.store import Trained
from baselines.finetune.trial import try_rates
from baselines.prompt.zero import plain_prompt, zero_shot_program
from harness.contract import FitContext, Fitted, Preview, Reading, TrainingDemand
from harness.errors import ArmError
from harness.records import Document, Study, TrainingHistory, Trial

READING_SHARE = 1 / 2  # of the arm's minutes


class CptOptions(LoraOptions):
    """Options of `cpt_lora_sft`; those of `LoraOptions` shape its SFT stage, and `trial_rates` both."""

    cpt_learning_rate: float | None = Field(default=None, gt=0)
    cpt_epochs: int = Field(default=3, ge=1)
    text_tokens: int = Field(default=256, ge=16, description="tokens of a training text; longer documents make several")


@dataclass(frozen=True)
class CptLoraSft(Tuned):
    """Continued pre-training on the documents with LoRA, then SFT of the same adapter; asked without passages."""

    options: CptOptions
    needs_documents: ClassVar[bool] = True

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Read the documents, then train on `study.train`."""
        clock = Clock.of(context)
        if not study.documents:
            raise ArmError("cpt_lora_sft needs documents to read; give data.documents in the task file")
        program = zero_shot_program(study, context)
        plan = prepare(study, context, program, self.options)
        size = min(self.options.text_tokens, context.engine.context_window)
        texts = text_rows(Renderer(context.base.model, context.engine), study.documents, size)
        with TrainingProcess(context.folder / "training", program.weights) as process:
            read = read_texts(plan, texts, self.options, context, process, clock.part(READING_SHARE))
            trained = train_sft(replace(plan, start=read), context, process, clock)
        trained = replace(trained, trials=(*read.trials, *trained.trials))
        return finish(context, program, trained, self.options, clock)

    def demand(self, study: Study, rows: int) -> TrainingDemand:
        """Say what the documents and the rows take."""
        options = self.options
        trials = options.trials_of(options.cpt_learning_rate)
        reading = Reading(options.cpt_epochs, options.text_tokens, trials, options.trial_steps)
        return replace(super().demand(study, rows), reading=reading)

    def preview(self, study: Study) -> Preview:
        """Show the first training row; the documents come before it, as plain text."""
        note = f"first {len(study.documents)} documents are read as plain text, up to {self.options.cpt_epochs} times"
        return shown_row(study, plain_prompt(study), note=note)


def cpt_lora_sft(options: Mapping[str, object]) -> CptLoraSft:
    """Make the arm that reads the documents before it learns to answer."""
    return CptLoraSft(CptOptions.model_validate(options))


def text_rows(renderer: Renderer, documents: Sequence[Document], size: int) -> tuple[AnswerRow, ...]:
    """Cut documents into texts of at most `size` tokens, all of which are learnt; nothing is left out.

    Raises:
        ArmError: If no text has two tokens, so that one is predicted.
    """
    rows = []
    for document in documents:
        ids = renderer.text.raw(document.text)
        parts = [tuple(ids[start : start + size]) for start in range(0, len(ids), size)]
        rows += [AnswerRow(f"{document.id}, part {n}", (), part) for n, part in enumerate(parts, 1) if len(part) > 1]
    if not rows:
        raise ArmError(f"the {len(documents)} documents hold no text to learn from; give some that do")
    return tuple(rows)


def read_texts(
    plan: SftPlan,
    rows: tuple[AnswerRow, ...],
    options: CptOptions,
    context: FitContext,
    process: TrainingProcess,
    clock: Clock,
) -> Trained:
    """Train on the documents; dev's answers settle the rate, and the checkpoint inside the budget.

    Raises:
        ArmError: If training fails.
    """
    began = clock.spent
    spec = _spec(plan, rows, options, context, process)
    rate, trials = _settle(plan, spec, options, context, process, clock)
    spec = replace(spec, learning_rate=rate, seconds=clock.left)
    outcome = Schedule(context, process, plan.program, plan.dev, options.patience, "reading documents").run(spec)
    clock.count(outcome.earlier_seconds)
    assert outcome.best is not None  # there is no start to stay with
    return Trained(outcome.best, _history(outcome, spec), trials, seconds=clock.spent - began)


def _settle(
    plan: SftPlan, spec: RunSpec, options: CptOptions, context: FitContext, process: TrainingProcess, clock: Clock
) -> tuple[float, tuple[Trial, ...]]:
    """Settle the rate on dev by a few steps with each; a smoke run takes the middle one."""
    rates = (options.cpt_learning_rate,) if options.cpt_learning_rate is not None else sorted(options.trial_rates)
    if context.budget.is_fast or len(rates) == 1:
        return rates[len(rates) // 2], ()
    short = replace(spec, steps=min(options.trial_steps, spec.steps))
    rate, trials = try_rates(rates, plan, context, process, clock, short)
    return rate, tuple(replace(trial, setting=f"CPT {trial.setting}") for trial in trials)


def _spec(
    plan: SftPlan, rows: tuple[AnswerRow, ...], options: CptOptions, context: FitContext, process: TrainingProcess
) -> RunSpec:
    base = spec_of(plan, context, process)
    per_epoch = -(-len(rows) // options.batch_size)
    steps = options.cpt_epochs * per_epoch
    steps = min(steps, base.steps) if context.budget.is_fast else steps
    return replace(
        base,
        folder=str(process.folder / "cpt"),
        rows=rows,
        steps=steps,
        evaluate_at=evaluations(steps, per_epoch),
        warmup_steps=int(WARMUP_SHARE * steps),
    )


def _history(outcome: Outcome, spec: RunSpec) -> TrainingHistory:
    result = outcome.result
    return TrainingHistory(
        method="cpt",
        losses=outcome.losses,
        checkpoints=outcome.checkpoints,
        best_step=best_of(outcome.checkpoints).step,
        stopped=result.stopped,
        learning_rate=spec.learning_rate,
        rows=len(spec.rows),
        trainable_tokens=sum(len(row.answer) for row in spec.rows),
        trainable_parameters=result.trainable_parameters,
        total_parameters=result.total_parameters,
        seconds=result.seconds,
        undertrained=is_undertrained(outcome.checkpoints, result.stopped),
        peak_memory_mb=result.peak_memory_mb,
        warnings=outcome.warnings,
        kl_to_base=spec.kl_weight,
        schedule=schedule_of(spec),
    )

"""A second stage of training: it continues from an SFT adapter, and is kept only where dev says so."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from baselines.finetune.arms import Tuned, finish
from baselines.finetune.clock import Clock
from baselines.finetune.options import TuneOptions
from baselines.finetune.plan import SftPlan
from baselines.finetune.process import TrainingProcess
from baselines.finetune.schedule import Outcome, Schedule
from baselines.finetune.selection import curve_warnings, gap_warnings, is_undertrained
from baselines.finetune.sft import evaluations, prepare, schedule_of, score_train, spec_of, strengths_of, train_sft
from baselines.finetune.spec import RunSpec
from baselines.finetune.store import Trained
from baselines.finetune.strength import SettledStrength, kept_point, settle_strength
from baselines.finetune.trial import try_rates
from baselines.finetune.tuners import tuner_of
from baselines.finetune.verify import check_moves
from baselines.prompt.zero import zero_shot_program
from harness.contract import FitContext, Fitted
from harness.records import Checkpoint, Study, TrainingHistory, Trial

# A stage moves a policy that already answers in the right form, so it takes a share of the rate that taught it.
RATE_SHARES = (0.02, 0.05, 0.2)
EVALUATIONS_PER_EPOCH = 2
# SFT may take this share of the arm's minutes, so that the stage gets the rest.
SFT_SHARE = 2 / 3


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What one further training is made from."""

    name: str  # as its history, its folder and its trials call it: 'dpo'
    sft: SftPlan
    start: Trained
    objective: str
    objective_options: Mapping[str, Any]
    rows: tuple[Any, ...]
    answer_tokens: int  # that an epoch learns from
    options: TuneOptions
    epochs: int
    rate: float | None  # None: settled on dev
    warnings: tuple[str, ...] = ()

    @property
    def rates(self) -> tuple[float, ...]:
        """The learning rates to try: the one that the options fix, or shares of the SFT's."""
        if self.rate is not None:
            return (self.rate,)
        return tuple(share * self.start.history.learning_rate for share in RATE_SHARES)

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps that see every row once."""
        return -(-len(self.rows) // self.options.batch_size)


class StagedArm(Tuned, ABC):
    """An arm of two stages: SFT, then another objective on the same adapter."""

    @abstractmethod
    def find(self, study: Study, plan: SftPlan, context: FitContext) -> tuple[Sequence[Any], str]:
        """Return what the stage learns from, and in words where it comes from; before anything is trained.

        Raises:
            ArmError: If there is too little of it.
        """

    @abstractmethod
    def plan(self, sft: SftPlan, start: Trained, found: Sequence[Any], context: FitContext) -> StagePlan:
        """Render what was found and check its lengths.

        Raises:
            ArmError: If a row exceeds the model's window.
        """

    def fit(self, study: Study, context: FitContext) -> Fitted:
        """Train on `study.train`, then on what is found."""
        clock = Clock.of(context)
        program = zero_shot_program(study, context)
        sft = prepare(study, context, program, self.options)
        found, source = self.find(study, sft, context)
        with TrainingProcess(context.folder / "training", program.weights) as process:
            start = train_sft(sft, context, process, clock.part(SFT_SHARE))
            plan = self.plan(sft, start, found, context)
            trained = train_stage(plan, context, process, clock.part(1.0))
        fitted = finish(context, program, trained, self.options, clock)
        return replace(fitted, warnings=(*fitted.warnings, f"trained on {len(plan.rows)} {source}"))


def train_stage(plan: StagePlan, context: FitContext, process: TrainingProcess, clock: Clock) -> Trained:
    """Train on from the SFT adapter; the result is that adapter when the stage gained nothing over it.

    Raises:
        ArmError: If training fails, or its objective does not start as it must.
    """
    spec = _spec(plan, context, process)
    rate, trials = _settle(plan, context, process, clock, spec)
    spec = replace(spec, learning_rate=rate, seconds=clock.left)
    before = kept_point(plan.start.history)
    started = Checkpoint(0, 0.0, before.dev_score, before.dev_loss, before.forgetting)
    sft, stage = plan.sft, f"{plan.name.upper()} training"
    outcome = Schedule(context, process, sft.program, sft.dev, plan.options.patience, stage, started).run(spec)
    clock.count(outcome.earlier_seconds)
    settled = settle_strength(context, sft.program, sft.dev, outcome, strengths_of(spec), plan.start.adapter)
    check_moves(context, sft.program, tuner_of(spec.tuner), settled.adapter, sft.examples[0])
    train_score = score_train(sft, context, settled.adapter)
    return Trained(
        settled.adapter,
        _history(plan, outcome, settled, train_score, spec),
        (*plan.start.trials, *trials),
        plan.start.seconds + clock.spent,
        plan.start.is_reused,
    )


def _spec(plan: StagePlan, context: FitContext, process: TrainingProcess) -> RunSpec:
    base = spec_of(plan.sft, context, process, plan.start.history.kl_to_base)
    steps = plan.epochs * plan.steps_per_epoch
    steps = min(steps, base.steps) if context.budget.is_fast else steps
    return replace(
        base,
        objective=plan.objective,
        objective_options=plan.objective_options,
        folder=str(process.folder / plan.name),
        rows=plan.rows,
        steps=steps,
        evaluate_at=evaluations(steps, -(-plan.steps_per_epoch // EVALUATIONS_PER_EPOCH)),
        warmup_steps=0,
        start=str(plan.start.adapter),
    )


def _settle(
    plan: StagePlan, context: FitContext, process: TrainingProcess, clock: Clock, spec: RunSpec
) -> tuple[float, tuple[Trial, ...]]:
    """Settle the rate on dev by a third of an epoch with each; a smoke run takes the middle one."""
    rates = plan.rates
    if context.budget.is_fast or len(rates) == 1:
        return rates[len(rates) // 2], ()
    short = replace(spec, steps=max(1, spec.steps // (3 * plan.epochs)))
    rate, trials = try_rates(rates, plan.sft, context, process, clock, short)
    return rate, tuple(replace(trial, setting=f"{plan.name.upper()} {trial.setting}") for trial in trials)


def _history(
    plan: StagePlan, outcome: Outcome, settled: SettledStrength, train_score: float, spec: RunSpec
) -> TrainingHistory:
    stopped = outcome.result.stopped
    sft, name = plan.start.history, plan.name.upper()
    gained = settled.step > 0
    warnings = (
        *(f"SFT start: {warning}" for warning in sft.warnings),
        *plan.warnings,
        *outcome.warnings,
        *curve_warnings(outcome.losses, plan.steps_per_epoch),
        *gap_warnings(train_score, settled.point.dev_score),
        *settled.warnings,
    )
    if not gained:
        warnings = (*warnings, f"{name} gained nothing on dev over its SFT start, so the SFT adapter was kept")
    return TrainingHistory(
        method=f"{sft.method}+{plan.name}",
        losses=outcome.losses,
        checkpoints=outcome.checkpoints,
        best_step=settled.step,
        stopped=stopped,
        learning_rate=spec.learning_rate,
        rows=len(plan.rows),
        trainable_tokens=plan.answer_tokens,
        trainable_parameters=outcome.result.trainable_parameters,
        total_parameters=outcome.result.total_parameters,
        seconds=sft.seconds + outcome.result.seconds,
        undertrained=sft.undertrained or is_undertrained(outcome.checkpoints, stopped),
        train_score=train_score,
        peak_memory_mb=outcome.result.peak_memory_mb,
        warnings=warnings,
        kl_to_base=sft.kl_to_base,
        strength=settled.point.strength if gained else sft.strength,
        frontier=settled.frontier if gained else sft.frontier,
        schedule=schedule_of(spec),
        start=sft,
    )

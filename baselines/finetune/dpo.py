"""Direct preference optimisation that continues from an SFT adapter, kept only where dev says so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from baselines.finetune.clock import Clock
from baselines.finetune.objectives import PREFERENCE
from baselines.finetune.options import DpoOptions
from baselines.finetune.process import TrainingProcess
from baselines.finetune.rows import Renderer, pair_rows, within
from baselines.finetune.schedule import Outcome, Schedule
from baselines.finetune.selection import curve_warnings, gap_warnings, is_undertrained
from baselines.finetune.sft import SftPlan, evaluations, schedule_of, score_train, spec_of, strengths_of
from baselines.finetune.spec import PairRow, RunSpec
from baselines.finetune.store import Trained
from baselines.finetune.strength import Settled, kept_point, settle_strength
from baselines.finetune.trial import try_rates
from baselines.finetune.verify import check_moves
from harness.contract import Bench
from harness.records import Checkpoint, Preference, TrainingHistory, Trial

# DPO moves a policy that already answers in the right form, so it takes a share of the rate that taught it.
RATE_SHARES = (0.02, 0.05, 0.2)
EVALUATIONS_PER_EPOCH = 2


@dataclass(frozen=True, slots=True)
class DpoPlan:
    """What one DPO training is made from."""

    sft: SftPlan
    start: Trained
    rows: tuple[PairRow, ...]
    options: DpoOptions
    warnings: tuple[str, ...]

    @property
    def rates(self) -> tuple[float, ...]:
        """The learning rates to try: the one that the options fix, or shares of the SFT's."""
        if self.options.dpo_learning_rate is not None:
            return (self.options.dpo_learning_rate,)
        return tuple(share * self.start.history.learning_rate for share in RATE_SHARES)


def prepare_dpo(
    sft: SftPlan, start: Trained, pairs: Sequence[Preference], bench: Bench, options: DpoOptions
) -> DpoPlan:
    """Render the pairs and check their lengths.

    Raises:
        ArmError: If a pair exceeds the model's window.
    """
    rows = pair_rows(Renderer(bench.base.model, bench.engine), sft.program, pairs)
    rows, warnings = within(rows, bench.engine.context_window, options.max_length)
    return DpoPlan(sft, start, rows, options, warnings)


def train_dpo(plan: DpoPlan, bench: Bench, process: TrainingProcess, clock: Clock) -> Trained:
    """Train on from the SFT adapter; the result is that adapter when DPO gained nothing over it.

    Raises:
        ArmError: If training fails, or does not start at its reference (loss ln 2, margin 0).
    """
    options = plan.options
    per_epoch = -(-len(plan.rows) // options.batch_size)
    base = spec_of(plan.sft, bench, process, plan.start.history.kl_to_base)
    steps = min(options.dpo_epochs * per_epoch, base.steps) if bench.budget.is_fast else options.dpo_epochs * per_epoch
    spec = replace(
        base,
        objective=PREFERENCE,
        folder=str(process.folder / "dpo"),
        rows=plan.rows,
        steps=steps,
        evaluate_at=evaluations(steps, -(-per_epoch // EVALUATIONS_PER_EPOCH)),
        warmup_steps=0,
        start=str(plan.start.adapter),
        beta=options.beta,
    )
    rate, trials = _settle(plan, bench, process, clock, spec)
    spec = replace(spec, learning_rate=rate, seconds=clock.left)
    before = kept_point(plan.start.history)
    started = Checkpoint(0, 0.0, before.dev_score, before.dev_loss, before.forgetting)
    outcome = Schedule(
        bench, process, plan.sft.program, plan.sft.dev, options.patience, "preference training", started
    ).run(spec)
    clock.count(outcome.earlier_seconds)
    room = strengths_of(spec)
    settled = settle_strength(bench, plan.sft.program, plan.sft.dev, outcome, room, plan.start.adapter)
    check_moves(bench, plan.sft.program, settled.adapter, plan.sft.examples[0])
    train_score = score_train(plan.sft, bench, settled.adapter)
    return Trained(
        settled.adapter,
        _history(plan, outcome, settled, per_epoch, train_score, spec),
        (*plan.start.trials, *trials),
        plan.start.seconds + clock.spent,
        plan.start.is_reused,
    )


def _settle(
    plan: DpoPlan, bench: Bench, process: TrainingProcess, clock: Clock, spec: RunSpec
) -> tuple[float, tuple[Trial, ...]]:
    """Settle the rate on dev by a third of an epoch with each; a smoke run takes the middle one."""
    rates = plan.rates
    if bench.budget.is_fast or len(rates) == 1:
        return rates[len(rates) // 2], ()
    short = replace(spec, steps=max(1, spec.steps // (3 * plan.options.dpo_epochs)))
    rate, trials = try_rates(rates, plan.sft, bench, process, clock, short)
    return rate, tuple(replace(trial, setting=f"DPO {trial.setting}") for trial in trials)


def _history(
    plan: DpoPlan, outcome: Outcome, settled: Settled, per_epoch: int, train_score: float, spec: RunSpec
) -> TrainingHistory:
    stopped = outcome.result.stopped
    sft = plan.start.history
    gained = settled.step > 0
    warnings = (
        *(f"SFT start: {warning}" for warning in sft.warnings),
        *plan.warnings,
        *outcome.warnings,
        *curve_warnings(outcome.losses, per_epoch),
        *gap_warnings(train_score, settled.point.dev_score),
        *settled.warnings,
    )
    if not gained:
        warnings = (*warnings, "DPO gained nothing on dev over its SFT start, so the SFT adapter was kept")
    return TrainingHistory(
        method="sft+dpo",
        losses=outcome.losses,
        checkpoints=outcome.checkpoints,
        best_step=settled.step,
        stopped=stopped,
        learning_rate=spec.learning_rate,
        rows=len(plan.rows),
        trainable_tokens=sum(len(row.chosen) + len(row.rejected) for row in plan.rows),
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

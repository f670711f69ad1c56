"""Supervised fine-tuning with LoRA: settle the rate, train, and keep what gains most inside the forgetting budget."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from baselines.finetune import store
from baselines.finetune.clock import Clock
from baselines.finetune.objectives import SUPERVISED
from baselines.finetune.options import TuneOptions, range_warnings
from baselines.finetune.plan import SftPlan
from baselines.finetune.process import TrainingProcess
from baselines.finetune.rows import Renderer, answer_rows, general_texts, replay_rows, within
from baselines.finetune.schedule import FAST_DEV_ROWS, FAST_STEPS, Outcome, Schedule, with_tuning
from baselines.finetune.selection import (
    best_of,
    boldest_of,
    curve_warnings,
    gap_warnings,
    is_clearly_worse,
    is_inside,
    is_undertrained,
)
from baselines.finetune.spec import RunSpec
from baselines.finetune.store import Trained
from baselines.finetune.strength import SettledStrength, settle_strength
from baselines.finetune.trial import settle_rate
from baselines.finetune.tuners import tuner_of
from baselines.finetune.verify import check_moves
from baselines.prompt.selection import drawn
from harness.contract import FitContext
from harness.program import Program
from harness.records import Passage, Study, TrainingHistory, TrainingSchedule, Trial
from harness.store.files import hash_folder

TRAIN_SAMPLE = 40  # rows of train that are scored to see overfitting
WARMUP_SHARE = 0.05
NOT_INDEPENDENT = (
    "kl_to_base trained on prose and everyday questions of the gate's kind: its text loss and unrelated questions are "
    "not independent evidence, its benchmarks are"
)


def prepare(
    study: Study,
    context: FitContext,
    program: Program,
    options: TuneOptions,
    passages: Sequence[Sequence[Passage]] | None = None,
) -> SftPlan:
    """Render and check the training rows before anything is spent.

    Args:
        study: What may be learnt from.
        context: What the harness lends.
        program: As it will ask at test time, without an adapter.
        options: Of the arm.
        passages: Retrieved for each row of train; None without retrieval.

    Raises:
        ArmError: If rows have nothing to learn from or exceed the model's window.
    """
    examples = drawn(study.train, context.budget.train_rows, context.seed)
    found = dict(zip((row.id for row in study.train), passages or [()] * len(study.train), strict=True))
    renderer = Renderer(context.base.model, context.engine)
    rows = answer_rows(renderer, program, examples, [found[example.id] for example in examples])
    rows, warnings = within(rows, context.engine.context_window, options.max_length)
    kept = {row.id for row in rows}
    if len(examples) < len(study.train):
        warnings = (*warnings, f"trained on {len(examples)} of {len(study.train)} rows (budget.train_rows)")
    dev = drawn(study.dev, FAST_DEV_ROWS, context.seed) if context.budget.is_fast else study.dev
    examples = tuple(example for example in examples if example.id in kept)
    rows = (*rows, *replay_rows(renderer, program, round(options.replay * len(rows)), context.seed))
    anchors = general_texts(renderer, program) if max(options.penalties) else ()
    return SftPlan(program, examples, rows, dev, options, warnings, anchors)


def train_sft(plan: SftPlan, context: FitContext, process: TrainingProcess, clock: Clock) -> Trained:
    """Train, or reuse what another arm of this run trained from exactly the same things.

    Raises:
        ArmError: If training fails or its adapter changes nothing.
    """
    key, maker, began = store.key_of(_made_of(plan, context, clock)), context.folder.name, clock.spent
    found = store.find(context.shared, key, maker)
    if found is not None:
        context.log(f"reusing the adapter {key}, trained in this run from the same data and settings")
        clock.count(found.seconds)
        return found
    if (context.shared / "training" / key).exists():
        context.log(f"the shared adapter {key} does not match its manifest; training it again")
    rate, trials = settle_rate(plan, context, process, clock, spec_of(plan, context, process))
    attempts = _attempts(plan, context, process, clock, rate)
    kept = next(a for a in attempts if a.settled.point is best_of([a.settled.point for a in attempts]))
    check_moves(context, plan.program, tuner_of(plan.options.tuner), kept.settled.adapter, plan.examples[0])
    history = _history(plan, context, kept, rate)
    if len(attempts) > 1:
        trials = (*trials, *(attempt.trial for attempt in attempts))
    trained = Trained(kept.settled.adapter, history, trials, seconds=clock.spent - began)
    trained = store.keep(context.shared, key, maker, trained)
    for attempt in attempts:
        shutil.rmtree(attempt.spec.folder, ignore_errors=True)
        shutil.rmtree(strengths_of(attempt.spec), ignore_errors=True)
    return trained


@dataclass(frozen=True, slots=True)
class Attempt:
    """One whole training, with one weight of the penalty."""

    penalty: float
    spec: RunSpec
    outcome: Outcome
    settled: SettledStrength

    @property
    def trial(self) -> Trial:
        """What dev said of it."""
        point = self.settled.point
        return Trial(f"kl_to_base={self.penalty:g}", point.dev_score, point.dev_loss, point.forgetting)


def _attempts(
    plan: SftPlan, context: FitContext, process: TrainingProcess, clock: Clock, rate: float
) -> tuple[Attempt, ...]:
    """Train with each penalty until one leaves an adapter that is inside the budget and gave up nothing for it."""
    attempts: list[Attempt] = []
    for penalty in plan.options.penalties[: 1 if context.budget.is_fast else None]:
        if attempts and clock.left == 0.0:
            context.log(f"no time to train with kl_to_base {penalty:g}")
            break
        attempts.append(_attempt(plan, context, process, clock, rate, penalty))
        point, boldest = attempts[-1].settled.point, boldest_of(attempts[-1].outcome.checkpoints)
        if is_inside(point) and not is_clearly_worse(point, boldest, len(plan.dev)):
            break
    return tuple(attempts)


def _attempt(
    plan: SftPlan, context: FitContext, process: TrainingProcess, clock: Clock, rate: float, penalty: float
) -> Attempt:
    spec = spec_of(plan, context, process, penalty)
    spec = replace(spec, learning_rate=rate, seconds=clock.left)
    stage = f"training, kl_to_base {penalty:g}" if len(plan.options.penalties) > 1 else "training"
    outcome = Schedule(context, process, plan.program, plan.dev, plan.options.patience, stage).run(spec)
    clock.count(outcome.earlier_seconds)
    settled = settle_strength(context, plan.program, plan.dev, outcome, strengths_of(spec))
    return Attempt(penalty, spec, outcome, settled)


def spec_of(plan: SftPlan, context: FitContext, process: TrainingProcess, penalty: float | None = None) -> RunSpec:
    """Return the full schedule; the learning rate is filled in once it is settled.

    Without a penalty named, it is the first that will be tried.

    The rate falls linearly to zero over the longest schedule that is allowed, so the last checkpoints
    settle; the best one is kept, whichever it is.
    """
    options = plan.options
    steps = options.epochs * plan.steps_per_epoch
    steps = min(steps, FAST_STEPS) if context.budget.is_fast else steps
    weight = options.penalties[0] if penalty is None else penalty
    return RunSpec(
        objective=SUPERVISED,
        folder=str(process.folder / ("sft" if penalty is None else f"sft-kl-{weight:g}")),
        rows=plan.rows,
        steps=steps,
        evaluate_at=evaluations(steps, options.eval_every or plan.steps_per_epoch),
        learning_rate=0.0,
        schedule="linear",
        warmup_steps=int(WARMUP_SHARE * steps),
        batch_size=options.batch_size,
        seed=context.seed,
        tuner=options.tuner,
        tuner_options=options.tuner_options,
        start=str(plan.start.adapter) if plan.start else None,
        anchors=plan.anchors if weight else (),
        kl_weight=weight,
        base=f"{store.model_hash(plan.program.weights.model)} {plan.program.weights.quantization}",
    )


def schedule_of(spec: RunSpec) -> TrainingSchedule:
    """Return how the learning rate moved, for whoever trains this again."""
    return TrainingSchedule(spec.schedule, spec.steps, spec.warmup_steps, spec.batch_size)


def strengths_of(spec: RunSpec) -> Path:
    """Return the folder for the scaled adapters of a run, beside its own."""
    folder = Path(spec.folder)
    return folder.with_name(f"{folder.name}-strengths")


def evaluations(steps: int, every: int) -> tuple[int, ...]:
    """Return the steps to evaluate at: each `every`, and the last."""
    return tuple(sorted({*range(every, steps + 1, every), steps}))


def score_train(plan: SftPlan, context: FitContext, adapter: Path) -> float:
    """Score an adapter on a seeded sample of what it learnt from, by the task's own metric."""
    most = FAST_DEV_ROWS if context.budget.is_fast else TRAIN_SAMPLE
    sample = drawn(plan.examples, most, context.seed)
    return context.score(with_tuning(plan.program, adapter), sample).score


def _history(plan: SftPlan, context: FitContext, kept: Attempt, rate: float) -> TrainingHistory:
    outcome, settled = kept.outcome, kept.settled
    train_score = score_train(plan, context, settled.adapter)
    stopped = outcome.result.stopped
    before = plan.start.history if plan.start else None
    return TrainingHistory(
        method=f"{before.method}+sft" if before else "sft",
        losses=outcome.losses,
        checkpoints=outcome.checkpoints,
        best_step=settled.step,
        stopped=stopped,
        learning_rate=rate,
        rows=len(plan.examples),
        trainable_tokens=sum(len(row.answer) for row in plan.rows),
        trainable_parameters=outcome.result.trainable_parameters,
        total_parameters=outcome.result.total_parameters,
        seconds=outcome.result.seconds + (before.seconds if before else 0.0),
        undertrained=is_undertrained(outcome.checkpoints, stopped) or (before is not None and before.undertrained),
        train_score=train_score,
        peak_memory_mb=outcome.result.peak_memory_mb,
        warnings=(
            *((f"{before.method.upper()} start: {warning}" for warning in before.warnings) if before else ()),
            *plan.warnings,
            *outcome.warnings,
            *range_warnings(plan.options, rate, [row.length for row in plan.rows]),
            *curve_warnings(outcome.losses, plan.steps_per_epoch),
            *gap_warnings(train_score, settled.point.dev_score),
            *settled.warnings,
            *((NOT_INDEPENDENT,) if kept.penalty else ()),
        ),
        kl_to_base=kept.penalty,
        strength=settled.point.strength,
        frontier=settled.frontier,
        schedule=schedule_of(kept.spec),
        start=before,
    )


def _made_of(plan: SftPlan, context: FitContext, clock: Clock) -> dict[str, object]:
    weights = plan.program.weights
    return {
        "model": store.model_hash(weights.model),
        "quantization": weights.quantization,
        "rows": [asdict(row) for row in plan.rows],
        "dev": [asdict(example) for example in plan.dev],
        "program": plan.program.digest,
        "anchors": [asdict(text) for text in plan.anchors],
        "start": hash_folder(plan.start.adapter) if plan.start else None,
        "options": plan.options.sft_options,
        "seed": context.seed,
        "budget": asdict(context.budget),
        "share": None if context.budget.minutes is None else clock.share,  # half the time may be half the training
    }

"""The learning rate, settled on dev by a short trial of a few values."""

import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from glob import escape
from pathlib import Path

from baselines.finetune import progress
from baselines.finetune.clock import Clock
from baselines.finetune.plan import SftPlan
from baselines.finetune.process import TrainingProcess
from baselines.finetune.schedule import Schedule
from baselines.finetune.selection import boldest_of, is_clearly_worse, loss_of, score_of
from baselines.finetune.spec import RunSpec
from baselines.finetune.store import identity_of, key_of
from harness.contract import FitContext
from harness.records import Trial

TRIALS = "trials.json"
TRIAL_DEV_ROWS = 40
LARGEST_SHARE = 0.4  # of the arm's minutes; the rest belongs to the training itself


def settle_rate(
    plan: SftPlan, context: FitContext, process: TrainingProcess, clock: Clock, full: RunSpec
) -> tuple[float, tuple[Trial, ...]]:
    """Return the learning rate to train with, and the trials that chose it.

    Every value trains from the same fresh adapter on the same batches for a few steps at a constant
    rate, at most one epoch, and is judged on at most 40 dev rows, as `best_rate` says. A rate that the
    options fix is taken as it is, and a smoke run takes the middle one.
    """
    options = plan.options
    rates = sorted(options.trial_rates)
    if options.learning_rate is not None:
        return options.learning_rate, ()
    if context.budget.is_fast or len(rates) == 1:
        return rates[len(rates) // 2], ()
    spec = replace(full, steps=min(options.trial_steps, plan.steps_per_epoch))
    return try_rates(rates, plan, context, process, clock, spec)


@dataclass(frozen=True, slots=True)
class SettledRate:
    """A rate that was settled, for an attempt that continues."""

    identity: str
    rate: float
    trials: tuple[Trial, ...]
    seconds: float
    micro_tokens: int | None = None  # what one pass may hold, once memory has run out


def try_rates(
    rates: Sequence[float], plan: SftPlan, context: FitContext, process: TrainingProcess, clock: Clock, spec: RunSpec
) -> tuple[float, tuple[Trial, ...]]:
    """Train `spec.steps` steps with each rate, smallest first, and return the best on dev with all trials.

    A trial that its time cuts short is not comparable: it counts only when there is no other. None is stopped half-way
    for what dev says of it: that costs more than it saves (docs/measurements.md, "Trials that stop half-way").
    """
    dev = plan.dev
    if len(dev) > TRIAL_DEV_ROWS:
        dev = tuple(random.Random(context.seed).sample(dev, TRIAL_DEV_ROWS))
    file = Path(spec.folder).with_name(f"{Path(spec.folder).name}-{TRIALS}")
    identity = key_of(
        {
            "rates": list(rates),
            "spec": identity_of(spec),
            "dev": [asdict(row) for row in dev],
            "by": plan.program.digest,
        }
    )
    if found := progress.recall(SettledRate, file, identity, context.log):
        clock.count(found.seconds)
        process.keep_to(found.micro_tokens)
        _remove_adapters(spec)
        return found.rate, found.trials
    began, earlier = time.monotonic(), 0.0
    tried: list[tuple[float, Trial]] = []
    for rate in rates:
        seconds = clock.left_of(LARGEST_SHARE)
        if tried and seconds == 0.0:
            context.log(f"learning-rate trial: no time for {rate:g} and above")
            break
        own = replace(
            spec,
            # a folder of its own: answers are remembered by the adapter's path
            folder=f"{spec.folder}-trial-{rate:g}",
            evaluate_at=(spec.steps,),
            learning_rate=rate,
            schedule="constant_with_warmup",
            warmup_steps=0,
            seconds=seconds,
        )
        stage = f"trying learning rate {rate:g}"
        schedule = Schedule(context, process, plan.program, dev, plan.options.patience, stage, weighs=False)
        outcome = schedule.run(own)
        clock.count(outcome.earlier_seconds)
        earlier += outcome.earlier_seconds
        if tried and outcome.result.stopped == "budget":
            context.log(f"learning-rate trial: {rate:g} had no time for its {spec.steps} steps, so it does not count")
            break
        reached = outcome.checkpoints[-1]
        tried.append((rate, Trial(f"learning_rate={rate:g}", reached.dev_score, reached.dev_loss)))
    best, trials = best_rate(tried, len(dev)), tuple(trial for _, trial in tried)
    seconds = time.monotonic() - began + earlier
    progress.write(file, SettledRate(identity, best, trials, seconds, process.micro_tokens))
    _remove_adapters(spec)
    return best, trials


def _remove_adapters(spec: RunSpec) -> None:
    """Remove what the trials left on disk, those too that were cut short or belong to an attempt that died."""
    folder = Path(spec.folder)
    for left in folder.parent.glob(f"{escape(folder.name)}-trial-*"):
        shutil.rmtree(left, ignore_errors=True)


def best_rate(trials: Sequence[tuple[float, Trial]], rows: int) -> float:
    """Return the rate with the lowest dev loss among those whose score cannot be distinguished from the best.

    A few steps move few answers: scores within one standard error on `rows` dev rows are equal. Of equal losses the
    better score wins, then the smaller rate. What a rate makes the model forget is judged when training is over, by its
    checkpoints and strengths: a few steps in, every rate that learns has done its worst, and the penalty has not yet
    brought back what it can (docs/measurements.md, "The rate by the task alone").
    """
    best = boldest_of([trial for _, trial in trials])
    near = [(rate, trial) for rate, trial in trials if not is_clearly_worse(trial, best, rows)]
    return min(near, key=lambda item: (loss_of(item[1]), -score_of(item[1]), item[0]))[0]

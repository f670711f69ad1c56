"""The learning rate, settled on dev by a short trial of a few values."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from baselines.finetune.clock import Clock
from baselines.finetune.process import TrainingProcess
from baselines.finetune.schedule import Schedule
from baselines.finetune.spec import RunSpec
from harness.contract import Bench
from harness.records import Trial

if TYPE_CHECKING:
    from baselines.finetune.sft import Lesson

TRIAL_DEV_ROWS = 40
LARGEST_SHARE = 0.4  # of the arm's minutes; the rest belongs to the training itself


def settle_rate(
    lesson: "Lesson", bench: Bench, process: TrainingProcess, clock: Clock, full: RunSpec
) -> tuple[float, tuple[Trial, ...]]:
    """Return the learning rate to train with, and the trials that chose it.

    Every value trains from the same fresh adapter on the same batches for a few steps at a constant
    rate, at most one epoch, and is judged on at most 40 dev rows, as `best_rate` says. A rate that the
    options fix is taken as it is, and a smoke run takes the middle one.
    """
    options = lesson.options
    rates = sorted(options.trial_rates)
    if options.learning_rate is not None:
        return options.learning_rate, ()
    if bench.budget.is_fast or len(rates) == 1:
        return rates[len(rates) // 2], ()
    spec = replace(full, steps=min(options.trial_steps, lesson.steps_per_epoch))
    return try_rates(rates, lesson, bench, process, clock, spec)


def try_rates(
    rates: Sequence[float], lesson: "Lesson", bench: Bench, process: TrainingProcess, clock: Clock, spec: RunSpec
) -> tuple[float, tuple[Trial, ...]]:
    """Train `spec.steps` steps with each rate, smallest first, and return the best on dev with all trials.

    A trial that its time cuts short is not comparable: it counts only when there is no other.
    """
    dev = lesson.dev
    if len(dev) > TRIAL_DEV_ROWS:
        dev = tuple(random.Random(bench.seed).sample(dev, TRIAL_DEV_ROWS))
    trials: list[tuple[float, Trial]] = []
    for rate in rates:
        seconds = clock.left_of(LARGEST_SHARE)
        if trials and seconds == 0.0:
            bench.log(f"learning-rate trial: no time for {rate:g} and above")
            break
        tried = replace(
            spec,
            # a folder of its own: answers are remembered by the adapter's path
            folder=str(Path(spec.folder).with_name(f"{spec.method}-trial-{rate:g}")),
            evaluate_at=(spec.steps,),
            learning_rate=rate,
            schedule="constant_with_warmup",
            warmup_steps=0,
            seconds=seconds,
        )
        stage = f"trying learning rate {rate:g}"
        schedule = Schedule(bench, process, lesson.program, dev, lesson.options.patience, stage, keeps_adapter=False)
        outcome = schedule.run(tried)
        clock.count(outcome.earlier_seconds)
        if trials and outcome.result.stopped == "budget":
            bench.log(f"learning-rate trial: {rate:g} had no time for its {spec.steps} steps, so it does not count")
            break
        reached = outcome.checkpoints[-1]
        trials.append((rate, Trial(f"learning_rate={rate:g}", reached.dev_score, reached.dev_loss)))
    return best_rate(trials, len(dev)), tuple(trial for _, trial in trials)


def best_rate(trials: Sequence[tuple[float, Trial]], rows: int) -> float:
    """Return the rate with the lowest dev loss among those whose score cannot be told from the best.

    A few steps move few answers: scores within one standard error on `rows` dev rows are equal. Of equal
    losses the better score wins, then the smaller rate.
    """
    best = max(trial.dev_score for _, trial in trials)
    error = math.sqrt(best * (1 - best) / rows)  # the largest that scores in [0, 1] can have
    near = [(rate, trial) for rate, trial in trials if trial.dev_score >= best - error]
    return min(near, key=lambda item: (_loss(item[1]), -item[1].dev_score, item[0]))[0]


def _loss(trial: Trial) -> float:
    return float("inf") if trial.dev_loss is None else trial.dev_loss

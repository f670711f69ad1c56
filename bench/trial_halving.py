"""Would trials of learning rates save time if they stopped half-way where a rate cannot win (successive halving)?

    OMP_NUM_THREADS=1 python -m bench.trial_halving [--task support_routing] [--seed 0]

Every rate of `lora_sft` trains its trial steps, as in a run, and is judged on the trial's dev rows half-way too. From
that, four ways are counted in CPU seconds of the trainer and of the judging engine: `now`; `worse`, which continues
with the rates that half-way are not clearly worse than the best (`is_clearly_worse`); `half`, which continues with the
better half of them by score, then loss, whether they are clearly better or not; and `loss`, which takes that half by
the dev loss alone, so that nothing is generated half-way. The last line is JSON.
"""

import json
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from baselines.finetune import lora_sft
from baselines.finetune.plan import SftPlan
from baselines.finetune.process import TrainingProcess
from baselines.finetune.schedule import with_tuning
from baselines.finetune.selection import boldest_of, is_clearly_worse, loss_of, rank
from baselines.finetune.sft import prepare, spec_of
from baselines.finetune.trial import TRIAL_DEV_ROWS, best_rate
from baselines.prompt.zero import zero_shot_program
from bench.means import Settings, _cpu_seconds, bench_of
from harness.assets.models import resolve_model
from harness.contract import FitContext
from harness.engine.transformers_engine import TransformersEngine
from harness.records import Trial, Weights
from harness.task import load_task

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Look:
    """A rate after some steps: what they cost since the look before, what answers and losses cost, what dev said."""

    rate: float
    step: int
    training: float  # CPU seconds
    answering: float
    losses: float
    score: float
    loss: float | None

    @property
    def judging(self) -> float:
        """CPU seconds of the whole look."""
        return self.answering + self.losses

    @property
    def trial(self) -> Trial:
        """As the product ranks it."""
        return Trial(f"{self.rate:g}", self.score, self.loss)


@click.command()
@click.option("--task", default="support_routing")
@click.option("--seed", default=0)
def main(task: str, seed: int) -> None:
    """Train and judge every rate, and print what each way would take and choose."""
    loaded = load_task(ROOT / "tasks" / task / "task.yaml")
    model = str(resolve_model(loaded.model.source, print))
    room = Path(tempfile.mkdtemp(prefix="halving"))
    settings = Settings(minutes=1.0, rows=0, dev=0, rate=None, limit=0, seed=seed)  # of which only the seed is read
    bench = bench_of(loaded, loaded.study, TransformersEngine(model), Weights(model), settings, room, is_blind=True)
    plan = prepare(loaded.study, bench, zero_shot_program(loaded.study, bench), lora_sft({}).options)
    if len(plan.dev) > TRIAL_DEV_ROWS:
        plan = replace(plan, dev=tuple(random.Random(seed).sample(plan.dev, TRIAL_DEV_ROWS)))
    with TrainingProcess(room / "training", bench.base) as process:
        looks = [look for rate in sorted(plan.options.trial_rates) for look in _try(rate, plan, bench, process)]
    shutil.rmtree(room)
    for look in looks:
        print(look, flush=True)
    print(json.dumps({"task": task, "seed": seed, **ways(looks, len(plan.dev)), "looks": [asdict(x) for x in looks]}))


def _try(rate: float, plan: SftPlan, bench: FitContext, process: TrainingProcess) -> list[Look]:
    """Train with one rate, judged half-way and at the end."""
    spec = spec_of(plan, bench, process)
    steps = min(plan.options.trial_steps, plan.steps_per_epoch)
    spec = replace(
        spec,
        folder=f"{spec.folder}-{rate:g}",
        steps=steps,
        evaluate_at=(steps // 2, steps),
        learning_rate=rate,
        schedule="constant_with_warmup",
        warmup_steps=0,
    )
    looks: list[Look] = []
    spent = [0.0]

    def begin(_: object) -> None:
        spent[0] = _cpu_seconds()

    def judge(step: int, epoch: float, adapter: Path) -> bool:
        training, began = _cpu_seconds() - spent[0], time.process_time()
        tuned = with_tuning(plan.program, adapter)
        bench.score(tuned, plan.dev)
        answered = time.process_time()
        reached = bench.score(tuned, plan.dev, with_loss=True)  # its answers are known
        taken = (answered - began, time.process_time() - answered)
        looks.append(Look(rate, step, training, *taken, reached.score, reached.loss))
        spent[0] = _cpu_seconds()
        return True

    process.run(spec, lambda _: None, judge, begin)
    return looks


def ways(looks: Sequence[Look], rows: int) -> dict[str, object]:
    """Count what each way takes, and which rate it chooses."""
    last = max(look.step for look in looks)
    early = [look for look in looks if look.step < last]
    late = [look for look in looks if look.step == last]
    best = boldest_of([look.trial for look in early])
    better = sorted(early, key=lambda look: rank(look.trial))[: len(early) // 2]
    lower = sorted(early, key=lambda look: loss_of(look.trial))[: len(early) // 2]
    kept = {
        "worse": {look.rate for look in early if not is_clearly_worse(look.trial, best, rows)},
        "half": {look.rate for look in better},
        "loss": {look.rate for look in lower},
    }
    steps = sum(look.training for look in looks)
    found: dict[str, object] = {
        "now": {"cpu": steps + sum(look.judging for look in late), "rate": chosen(late, rows)},
        "step": steps / (len(late) * last),
        "look": sum(look.judging for look in looks) / len(looks),
        "look at the loss": sum(look.losses for look in looks) / len(looks),
    }
    for way, rates in kept.items():
        continued = [look for look in late if look.rate in rates]
        looking = sum(look.losses if way == "loss" else look.judging for look in early)
        cpu = looking + sum(look.training for look in early) + sum(look.training + look.judging for look in continued)
        found[way] = {"cpu": cpu, "rate": chosen(continued, rows), "kept": sorted(rates)}
    return found


def chosen(looks: Sequence[Look], rows: int) -> float:
    """Return the rate that the product takes of these."""
    return best_rate([(look.rate, look.trial) for look in looks], rows)


if __name__ == "__main__":
    main()

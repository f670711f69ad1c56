"""What each means against forgetting buys at equal training time, on our own tasks.

    python -m bench.means --json OUT [--tasks support_routing,order_lines] [--minutes 1.5] [--rows 60] [--limit 60]

Each cell trains `lora_sft`'s adapter once: the rate is settled on dev, then every cell gets the same CPU minutes in the
training loop (at one thread), with a schedule of as many steps as fit into them. A penalty, whose steps cost more, so
gets fewer steps. Of what was chosen are told: the score on rows that neither training nor choice saw, and what it
forgot on the gate's material.

    cell         chosen on dev        trains with
    today        the task alone       answers
    constrained  inside the budget    answers
    kl_1, kl_0.3 inside the budget    answers, and a penalty for leaving the base on general text
    replay       inside the budget    answers, and general questions with theirs

Each cell gives two rows: the checkpoint as trained ('full'), and at the strength that dev settles on inside the budget
('swept'). So 'today swept' is strength alone.

Held-out rows are taken from train, whole groups at a time. No test row is read. A finished cell is two lines of OUT and
is not made again; one that was cut short resumes where it stopped. Ten minutes a cell at one quiet thread, less where
an earlier cell trained the same adapters; for a quick look fix the rate and take few rows and items.
"""

import json
import random
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import psutil

from baselines.finetune import lora_sft
from baselines.finetune.clock import Clock
from baselines.finetune.options import TuneOptions
from baselines.finetune.plan import SftPlan
from baselines.finetune.process import TrainingProcess
from baselines.finetune.schedule import Outcome, Schedule, with_tuning
from baselines.finetune.selection import best_of, boldest_of
from baselines.finetune.sft import WARMUP_SHARE, evaluations, prepare, spec_of
from baselines.finetune.spec import RunSpec
from baselines.finetune.strength import settle_strength
from baselines.finetune.trial import settle_rate
from baselines.prompt.zero import zero_shot_program
from harness.assets.cache import cache_folder
from harness.assets.models import resolve_model
from harness.contract import Budget, Engine
from harness.decision.gate import judge_abilities
from harness.decision.probes import turned_questions
from harness.engine.cached import open_engine
from harness.evidence.arm import ANSWER_ROOM, LEAST_ANSWER_TOKENS
from harness.evidence.fit_context import RunContext
from harness.evidence.selection import ITEMS, QUESTIONS, Material, SelectionProbe, probability_changes
from harness.general.measure import measure
from harness.general.off_task import questions_for
from harness.program import Prompt
from harness.records import Example, Forgetting, GeneralAbility, Limits, Study, Weights
from harness.store.files import write_atomically
from harness.task import load_task
from harness.task.scoring import task_metric
from harness.task.task import Task

ROOT = Path(__file__).parent.parent
TASKS = "support_routing,order_lines,serial_numbers,random_labels"
CELLS: dict[str, dict[str, Any]] = {
    "today": {"kl_to_base": 0.0},
    "constrained": {"kl_to_base": 0.0},
    "kl_1": {"kl_to_base": 1.0},
    "kl_0.3": {"kl_to_base": 0.3},
    "replay": {"kl_to_base": 0.0, "replay": 0.5},
}
HELD_OUT_SHARE = 1 / 3
TIMED = 6  # steps
NOTHING = Forgetting(0.0, 0.0, None, 0.0)
COLUMNS = (
    "task", "cell", "choice", "rate", "step", "strength", "dev", "held out", "spent on selection", "text loss",
    "off task", "under the prompt", "probability", "gate", "fit s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What every cell shares."""

    minutes: float  # of CPU time in the training loop
    rows: int  # of train, at most
    dev: int  # rows that judge, at most
    rate: float | None  # None: settled on dev
    limit: int  # items of each kind on the gate's material
    seed: int


@dataclass(frozen=True, slots=True)
class Row:
    """One adapter that was chosen, and what it is worth."""

    task: str
    cell: str
    choice: str  # 'full' or 'swept'
    settings: Settings
    rate: float
    step: int
    steps: int  # that training came to
    strength: float
    dev_score: float
    held_out_score: float
    held_out_rows: int
    spent: float  # of the budget, on the selection material
    text_loss: float  # on the gate's material from here on: nats per token
    off_task: float
    prompted_off_task: float
    probability: float  # change of that of the right answer
    gate: str
    fit_seconds: float  # trial, training and judging; the sweep too in a 'swept' row


class Blind(SelectionProbe):
    """Sees nothing forgotten, so that choices go by the task alone; asks nothing."""

    def forgetting(self, weights: Weights) -> Forgetting:
        """Return that nothing was lost."""
        return NOTHING


@dataclass(frozen=True, slots=True)
class Chosen:
    """An adapter as a cell chose it."""

    choice: str
    adapter: Path
    step: int
    strength: float
    dev_score: float
    spent: float
    fit_seconds: float


@click.command()
@click.option("--tasks", default=TASKS, help="Names of our tasks, separated by commas.")
@click.option("--cells", default=",".join(CELLS), help="Which cells, separated by commas.")
@click.option("--minutes", default=1.5, help="In the training loop of each cell.")
@click.option("--rows", default=60, help="Of train, at most.")
@click.option("--dev", default=32, help="Rows of dev, at most.")
@click.option("--rate", type=float, help="The learning rate of every cell; settled on dev when not given.")
@click.option("--limit", default=60, help="Items of each kind on the gate's material.")
@click.option("--seed", default=0)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def main(tasks: str, cells: str, out: Path, **settings_given: Any) -> None:
    """Make every cell that OUT does not hold, and print the table."""
    settings = Settings(**settings_given)
    for task in tasks.split(","):
        for cell in cells.split(","):
            if not any((row["task"], row["cell"]) == (task, cell) for row in kept(out, settings)):
                found = list(make(task, cell, settings, out.with_suffix(".work") / task / cell))
                with out.open("a", encoding="utf-8") as file:
                    file.write("".join(json.dumps(asdict(row)) + "\n" for row in found))
    print_table(kept(out, settings))


def kept(out: Path, settings: Settings) -> list[dict[str, Any]]:
    """Return the rows that were made with these settings."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return [row for row in map(json.loads, lines) if row["settings"] == asdict(settings)]


def make(task_name: str, cell: str, settings: Settings, room: Path) -> Iterator[Row]:
    """Train one cell and measure what it chose."""
    began = time.monotonic()
    task = load_task(ROOT / "tasks" / task_name / "task.yaml")
    study, held_out = split_off(task.study, settings)
    model = str(resolve_model(task.model.source, print))
    engine = open_engine(model, cache=cache_folder() / "answers-1.sqlite")
    bench = bench_of(task, study, engine, Weights(model), settings, room, is_blind=cell == "today")
    options: TuneOptions = lora_sft({"learning_rate": settings.rate, **CELLS[cell]}).options
    plan = prepare(study, bench, zero_shot_program(study, bench), options)
    clock = Clock.of(bench)
    with TrainingProcess(room / "training", bench.base) as process:
        rate, _ = settle_rate(plan, bench, process, clock, spec_of(plan, bench, process))
        spec = replace(within(spec_of(plan, bench, process), process, settings, room), learning_rate=rate)
        stage = f"{task_name} {cell}"
        outcome = Schedule(bench, process, plan.program, plan.dev, options.patience, stage).run(spec)
    clock.count(outcome.earlier_seconds)
    base = ability(engine, bench.base, study, settings)
    known: dict[Path, tuple[float, GeneralAbility]] = {}
    for chosen in choices(cell, plan, bench, outcome, clock.spent, room):
        if chosen.adapter not in known:
            program = with_tuning(plan.program, chosen.adapter)
            held = bench.score(program, held_out).score
            known[chosen.adapter] = held, ability(engine, program.weights, study, settings)
        yield row_of(task_name, cell, settings, rate, outcome, chosen, len(held_out), base, *known[chosen.adapter])
    print(f"{task_name} {cell}: {time.monotonic() - began:.0f} s", flush=True)
    shutil.rmtree(room, ignore_errors=True)


def within(spec: RunSpec, process: TrainingProcess, settings: Settings, room: Path) -> RunSpec:
    """Return the schedule with as many steps as the training loop does in its CPU minutes, timed on a few of them."""
    plan = room / "steps"
    if not plan.exists():
        timed = replace(spec, folder=str(room / "timed"), steps=TIMED, evaluate_at=(TIMED,), learning_rate=1e-6)
        spent: list[float] = []  # CPU seconds of the training process, after each step
        process.run(timed, lambda _: spent.append(_cpu_seconds()), lambda *_: True)
        seconds = (spent[-1] - spent[0]) / (TIMED - 1)
        write_atomically(plan, str(min(spec.steps, max(1, round(60 * settings.minutes / seconds)))))
    steps = int(plan.read_text(encoding="utf-8"))
    every = spec.evaluate_at[0]
    return replace(spec, steps=steps, evaluate_at=evaluations(steps, every), warmup_steps=int(WARMUP_SHARE * steps))


def _cpu_seconds() -> float:
    """Return what this process's children have computed: other work on the machine does not count."""
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))


def choices(
    cell: str, plan: SftPlan, bench: RunContext, outcome: Outcome, fit_seconds: float, room: Path
) -> Iterator[Chosen]:
    """Yield what the cell keeps as trained, and at the strength that dev settles on inside the budget."""
    assert bench.probe is not None
    seeing = replace(bench, probe=SelectionProbe(bench.engine, bench.probe.material, bench.on_progress))
    point = boldest_of(outcome.checkpoints) if cell == "today" else best_of(outcome.checkpoints)
    adapter = outcome.boldest if cell == "today" else outcome.best
    assert adapter is not None  # SFT keeps its best checkpoints
    if cell == "today":
        point = replace(point, forgetting=seeing.forgetting(with_tuning(plan.program, adapter).weights))
        outcome = replace(outcome, checkpoints=(point,), best=adapter)
    assert point.forgetting is not None  # the best on the task is always measured
    yield Chosen("full", adapter, point.step, 1.0, point.dev_score, point.forgetting.spent, fit_seconds)
    began = time.monotonic()
    settled = settle_strength(seeing, plan.program, plan.dev, outcome, room / "strengths")
    seconds = fit_seconds + time.monotonic() - began
    reached = settled.point
    spent = reached.forgetting.spent
    yield Chosen("swept", settled.adapter, settled.step, reached.strength, reached.dev_score, spent, seconds)


def bench_of(
    task: Task, study: Study, engine: Engine, base: Weights, settings: Settings, room: Path, *, is_blind: bool
) -> RunContext:
    """Return the bench that a run would lend, with or without eyes for what is forgotten."""
    material = Material(
        tasks=("core",),
        include_path=None,
        items=ITEMS,
        questions=QUESTIONS,
        gate_questions=len(questions_for("gate", settings.limit)),
        task_answers=frozenset(example.target for example in study.train),
        prompt=Prompt(study.system, study.template),
        limits=Limits(),
        seed=settings.seed,
    )
    longest = max(engine.answer_tokens(example.target) for example in (*study.train, *study.dev))
    room.mkdir(parents=True, exist_ok=True)
    return RunContext(
        engine=engine,
        base=base,
        folder=room,
        shared=room / "shared",
        budget=Budget(),
        seed=settings.seed,
        max_new_tokens=max(int(longest * ANSWER_ROOM) + 1, LEAST_ANSWER_TOKENS),
        metric=task_metric(task.primary_metric, task.metric_options, task.study.answer),
        baseline=lora_sft({}),
        on_progress=lambda stage, done, total: None,
        on_log=partial(print, flush=True),
        probe=(Blind if is_blind else SelectionProbe)(engine, material, lambda *_: None),
    )


def split_off(study: Study, settings: Settings) -> tuple[Study, tuple[Example, ...]]:
    """Return the study with at most so many rows of train, and rows held out of it; groups stay together."""
    groups = sorted({example.group or example.id for example in study.train})
    random.Random(settings.seed).shuffle(groups)
    out = set(groups[: round(HELD_OUT_SHARE * len(groups))])
    held_out = tuple(example for example in study.train if (example.group or example.id) in out)
    rest = [example for example in study.train if (example.group or example.id) not in out]
    return replace(study, train=tuple(rest[: settings.rows]), dev=study.dev[: settings.dev]), held_out


def ability(engine: Engine, weights: Weights, study: Study, settings: Settings) -> GeneralAbility:
    """Measure weights on the gate's material."""
    return measure(
        engine,
        weights,
        "tuned" if weights.adapter else "base",
        tasks=("core",),
        limit=settings.limit,
        include_path=None,
        task_answers={example.target for example in study.train},
        prompt=Prompt(study.system, study.template),
        seed=settings.seed,
        progress=lambda *_: None,
    )


def row_of(
    task: str,
    cell: str,
    settings: Settings,
    rate: float,
    outcome: Outcome,
    chosen: Chosen,
    held_out_rows: int,
    base: GeneralAbility,
    held_out_score: float,
    tuned: GeneralAbility,
) -> Row:
    """Put together what is known of a chosen adapter."""
    before = {text.item: text.loss for text in base.texts}
    return Row(
        task=task,
        cell=cell,
        choice=chosen.choice,
        settings=settings,
        rate=rate,
        step=chosen.step,
        steps=outcome.result.steps,
        strength=chosen.strength,
        dev_score=chosen.dev_score,
        held_out_score=held_out_score,
        held_out_rows=held_out_rows,
        spent=chosen.spent,
        text_loss=statistics.fmean((text.loss - before[text.item]) / text.tokens for text in tuned.texts),
        off_task=turned_questions(base, tuned, is_prompted=False).rate,
        prompted_off_task=turned_questions(base, tuned, is_prompted=True).rate,
        probability=statistics.fmean(probability_changes(base, tuned)),
        gate=judge_abilities(cell, base, tuned, Limits()).state,
        fit_seconds=chosen.fit_seconds,
    )


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows as a markdown table."""
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for row in rows:
        cells = (
            row["task"],
            row["cell"],
            row["choice"],
            f"{row['rate']:g}",
            f"{row['step']} of {row['steps']}",
            f"{row['strength']:g}",
            f"{row['dev_score']:.1%}",
            f"{row['held_out_score']:.1%} of {row['held_out_rows']}",
            f"{row['spent']:.0%}",
            f"{row['text_loss']:+.3f}",
            f"{row['off_task']:.0%}",
            f"{row['prompted_off_task']:.0%}",
            f"{100 * row['probability']:+.1f}",
            row["gate"].replace("_", " "),
            f"{row['fit_seconds']:.0f}",
        )
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

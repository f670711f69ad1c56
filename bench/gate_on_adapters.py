"""What the gate of general ability says of real adapters, from harmless to ruined.

    python -m bench.gate_on_adapters ADAPTERS OUT [--limit 750]

Measures every adapter of `bench.adapters` on the gate's own material (about 5 minutes each at one thread; what OUT
holds already is not measured again) and prints a row an adapter. No test row of a task is read.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from harness.assets.cache import cache_folder
from harness.assets.models import resolve_model
from harness.contract import Engine
from harness.decision.gate import judge_abilities
from harness.engine.cached import open_engine
from harness.general.measure import measure
from harness.program import Prompt
from harness.records import Gate, GeneralAbility, Interval, Limits, Weights
from harness.store.files import decode, encode, write_atomically
from harness.task import load_task

ROOT = Path(__file__).parent.parent
HEADER = ("adapter", "state", "score", "probability", "claim", "text loss", "off task", "prompted")


@click.command()
@click.argument("adapters", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--limit", default=750, help="Benchmark items in all.")
def main(adapters: Path, out: Path, limit: int) -> None:
    """Measure and judge."""
    model = str(resolve_model("smollm2-135m", print))
    engine = open_engine(model, cache=cache_folder() / "answers-1.sqlite")
    out.mkdir(parents=True, exist_ok=True)
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    for folder in sorted(path.parent for path in adapters.glob("*/recipe.json")):
        task = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))["task"]
        base = measured(engine, Weights(model), f"base-{task}", task, out, limit)
        tuned = measured(engine, Weights(model, adapter=str(folder)), folder.name, task, out, limit)
        print(f"| {' | '.join(row(judge_abilities(folder.name, base, tuned, Limits())))} |", flush=True)


def measured(engine: Engine, weights: Weights, name: str, task_name: str, out: Path, limit: int) -> GeneralAbility:
    """Measure weights on the gate's material, or read what an earlier call measured."""
    kept = out / f"{name}-{limit}.json"
    if kept.exists():
        found: GeneralAbility = decode(GeneralAbility, kept.read_text(encoding="utf-8"))
        return found
    study = load_task(ROOT / "tasks" / task_name / "task.yaml").study
    ability = measure(
        engine,
        weights,
        name,
        tasks=("core",),
        limit=limit,
        include_path=None,
        task_answers={example.target for example in study.train},
        prompt=Prompt(study.system, study.template),
        seed=0,
        progress=lambda *_: None,
    )
    write_atomically(kept, encode(GeneralAbility, ability))
    return ability


def row(gate: Gate) -> Iterator[str]:
    """Write a gate down as the cells of a row: estimates with their bounds."""
    yield from (gate.arm, gate.state.replace("_", " "))
    yield from (cell(found, 100) for found in (gate.pooled, gate.probability_change, gate.change))
    yield cell(gate.text_loss_change, 1, 3)
    yield from (cell(found, 100) for found in (gate.off_task_rate, gate.prompted_off_task_rate))


def cell(found: Interval | None, times: float, places: int = 1) -> str:
    """Write an estimate with its bounds; points or percent where `times` is 100."""
    if found is None:
        return "not measured"
    estimate, low, high = (f"{times * value:+.{places}f}" for value in (found.estimate, found.low, found.high))
    return f"{estimate} ({low} to {high})"


if __name__ == "__main__":
    main()

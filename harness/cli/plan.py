"""harness plan: what a run can show, and what it will take, before anything is spent."""

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import allow_benchmark_code
from harness.cli.printing import say, say_json

if TYPE_CHECKING:
    from harness.planning.memory import Device
    from harness.planning.record import Probe, Speed
    from harness.task.task import Task


@click.command()
@click.argument("task_file", type=click.Path(path_type=Path))
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Plan memory for this device [what is here].")
@click.option(
    "--tokens-per-second",
    "told",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Speed of the machine.",
)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), help="Where earlier runs are [runs].")
@click.option("--probe", is_flag=True, help="Load the model: two training steps and a batch of prompts for each arm.")
@click.option("--arm", "arms", multiple=True, metavar="NAME", help="Probe only this arm; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@allow_benchmark_code
def plan(
    task_file: Path,
    device: str | None,
    told: float | None,
    runs: Path,
    probe: bool,
    arms: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what a comparison of TASK_FILE can show, and what it will take.

    The smallest gain that the test items show, items for the goal and for the gate, and memory, time and money of each
    arm. The decision's own code judges simulated runs. Without --probe no model is loaded.

    \b
    Example:
        harness plan tasks/support_routing/task.yaml
    """
    from harness.assets.models import local_folder
    from harness.cli.plan_text import print_plan
    from harness.planning.plan import make_plan
    from harness.task import load_task

    if told is not None and not math.isfinite(told):
        raise click.BadParameter(f"{told} is not a speed", param_hint="--tokens-per-second")
    if arms and not probe:
        raise click.UsageError("--arm names what --probe runs; add --probe, or leave it out")
    task = load_task(task_file)
    chosen: Device = "cuda" if (device or _here()) == "cuda" else "cpu"
    speed = _speed(task, told, runs)
    tried = _probe(task, chosen, arms) if probe else None
    if tried is not None and told is None:
        speed = tried.speed or speed
    found = replace(make_plan(task, local_folder, chosen, speed), probe=tried)
    if as_json:
        say_json(found.to_dict())
    else:
        print_plan(found)


def _probe(task: "Task", device: "Device", arms: tuple[str, ...]) -> "Probe":
    from harness.cli.terminal import observer
    from harness.contract import Local
    from harness.errors import HarnessError
    from harness.evidence.models import engine_kind
    from harness.planning.probe import probe

    kind = engine_kind(task.model.engine)
    if not isinstance(kind, Local):
        raise HarnessError(
            f"--probe measures memory beside what a model's files say, and the engine {task.model.engine} of model "
            f"'{task.model.source}' loads none here; leave the option out"
        )
    folder = Path(kind.find(task.model.source, lambda text: say(text, err=True)))
    with observer(sys.stderr) as watching:
        return probe(task, folder, device, arms, watching)


def _here() -> str:
    """Return the device of this machine, asked without loading torch."""
    from shutil import which

    return "cuda" if which("nvidia-smi") else "cpu"


def _speed(task: "Task", told: float | None, runs: Path) -> "Speed | None":
    from harness.planning.cost import earlier_speed
    from harness.planning.record import Speed

    if told is not None:
        return Speed(told, "--tokens-per-second")
    return earlier_speed(runs, task.model.source)

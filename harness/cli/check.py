"""harness check: what is wrong with a task and its data, before anything is spent."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import allow_benchmark_code
from harness.cli.printing import say, say_json

if TYPE_CHECKING:
    from harness.checking import CheckReport
    from harness.checking.reading import Material


@click.command()
@click.argument("task_file", type=click.Path(path_type=Path))
@click.option(
    "--fix", "out", type=click.Path(path_type=Path), metavar="OUT", help="Write a cleaned copy to this folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print every finding with all its rows as JSON.")
@click.option("--model", "with_model", is_flag=True, help="Also list answers that contradict the base model (minutes).")
@allow_benchmark_code
@click.pass_context
def check(ctx: click.Context, task_file: Path, out: Path | None, as_json: bool, with_model: bool) -> None:
    """Look for everything that is wrong with TASK_FILE and its data, and show what each arm will see.

    Without --model no model is loaded. Exit code 0: nothing worse than warnings; 1: errors; 2: the task
    cannot be read, or a model cannot be asked it. With --fix it is that of the cleaned copy.

    \b
    Example:
        harness check tasks/support_routing/task.yaml
    """
    from harness.checking import examine, write_fixed
    from harness.cli.findings import print_faults, print_fixed, print_report

    material = _read(task_file, as_json)
    report = _with_goal(material, examine(material, whole_folder))
    if with_model:
        report = _with_contradictions(material, report)
    if not as_json:
        print_report(report)
    print_faults(material)
    fixed = _examine_fixed(write_fixed(material, report, out)) if out else None
    if as_json:
        after = {"fixed": fixed.to_dict()} if fixed else {}
        _print_json(report.to_dict() | after)
    elif fixed:
        print_fixed(fixed)
    ctx.exit((fixed or report).exit_code)


def _read(task_file: Path, as_json: bool) -> "Material":
    """Read the task; a file that is not a task file at all has a report too where JSON is asked for."""
    from harness.checking import CheckReport, read_material
    from harness.checking.findings import ListedFaults
    from harness.errors import TaskFileError

    faults = ListedFaults()
    try:
        return read_material(task_file, faults)
    except TaskFileError:
        if as_json:
            report = CheckReport(str(task_file.absolute()), tuple(faults.listed), (), (), (), lengths="")
            _print_json(report.to_dict())
        raise


def _print_json(data: dict[str, Any]) -> None:
    say_json(data)


def whole_folder(model: str) -> Path | None:
    """Return what `local_folder` does.

    Raises:
        ModelError: If it is a folder with weights that could not be loaded, or lacks layers; one without weights may
            be looked at before they are there.
    """
    from harness.assets.layers import missing_weights
    from harness.assets.model_folder import checked_folder
    from harness.assets.models import local_folder
    from harness.errors import ModelError
    from harness.paths import expanded

    folder = local_folder(model)
    has_weights = folder is not None and expanded(model).is_dir() and any(folder.glob("*.safetensors*"))
    if folder is not None and has_weights and (lost := missing_weights(checked_folder(folder))):
        raise ModelError(f"model '{folder}' is not whole: {lost}; fetch or save it again")
    return folder


def _examine_fixed(path: Path) -> "CheckReport":
    from harness.checking import examine, read_material

    material = read_material(path)
    return _with_goal(material, examine(material, whole_folder))


def _with_goal(material: "Material", report: "CheckReport") -> "CheckReport":
    """Add that not even a perfect score would show the goal, where that is so.

    The decision's own interval says so. It is asked, which loads scipy, only where it may: items that belong together,
    a figure that is not a mean of items, or few items.
    """
    from dataclasses import replace

    from harness.checking.findings import SEVERITIES
    from harness.checking.sizes import bound_all_right
    from harness.plugins import BASELINES, load
    from harness.records import Limits
    from harness.task.scoring import task_metric

    test = [record.example for record in material.splits["test"]]
    if report.faults or not test:
        return report
    chosen = material.content.settings.metric
    metric = task_metric(chosen.primary, chosen.options, material.content.answer)
    goal = material.content.settings.goal
    groups = [example.group for example in test if example.group is not None]
    is_plain = len(set(groups)) == len(groups) and metric.kind != "aggregate"
    if is_plain and bound_all_right(len(test)) >= goal.at_least:
        return report
    from harness.planning.perfect import find_goal_out_of_reach

    prompts = sum(load(BASELINES, spec.baseline)(spec.options).family == "prompt" for spec in material.content.arms)
    limits = Limits(goal=goal.at_least, smallest_gain=goal.smallest_gain)
    found = [*report.findings, *find_goal_out_of_reach(test, prompts, limits, metric, material.content.answer)]
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return replace(report, findings=tuple(found))


def _with_contradictions(material: "Material", report: "CheckReport") -> "CheckReport":
    from dataclasses import replace

    from harness.assets.models import resolve_model
    from harness.checking.contradictions import find_contradictions
    from harness.engine.cached import open_engine
    from harness.records import Weights

    if report.faults:
        say("--model: left out until the task can be read", err=True)
        return report

    tell = partial(say, err=True)
    model = resolve_model(material.content.model.source, tell)
    found = find_contradictions(material, open_engine(model, cache=None), Weights(model), tell)
    return replace(report, findings=(*report.findings, *found))

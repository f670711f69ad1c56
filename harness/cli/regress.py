"""harness regress: did a fine-tune break what the base could do? For pipelines."""

import math
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from harness.benchmark_files import is_benchmark_file
from harness.cli.exit_codes import Exit
from harness.cli.options import allow_benchmark_code
from harness.cli.printing import say, say_json_text
from harness.paths import expanded, followed

if TYPE_CHECKING:
    from harness.evidence.regress import Check
    from harness.records import Regression, Weights

Quantize = Literal["none", "base", "tuned", "both"]
ITEMS = 750  # benchmark items where neither the command nor a task says how many
PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)


class Share(click.FloatRange):
    """A number above 0 and at most 1; NaN, which is neither above nor below anything, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or end with a usage error."""
        number = float(super().convert(value, param, ctx))
        return self.fail(f"{value!r} is not a number.", param, ctx) if math.isnan(number) else number


SHARE = Share(0, 1, min_open=True)
SUMMARY = "GITHUB_STEP_SUMMARY"  # names a file that is shown beside the job


@click.command()
@click.option("--base", required=True, metavar="MODEL", help="The model before tuning: alias, folder or hub id.")
@click.option("--tuned", required=True, metavar="MODEL_OR_ADAPTER", help="The model after it, or a PEFT folder.")
@click.option("--general", "tasks", multiple=True, metavar="TASKS", help="'core', lm-eval tasks or own files [core].")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Benchmark items in all [750].")
@click.option("--max-drop", type=SHARE, metavar="D", help="Largest loss that is taken for none [0.03].")
@click.option("--keep", type=SHARE, metavar="K", help="Share of the base's ability to keep [0.85].")
@click.option("--task", "task_file", type=FILE, metavar="FILE", help="Measure this task on both sides too.")
@click.option("--baseline", type=FILE, metavar="FILE", help="Record of the base; made if it is not there.")
@click.option("--quantize", type=click.Choice(["none", "base", "tuned", "both"]), default="none", help="4-bit (NF4).")
@click.option("--out", type=PATH, metavar="DIR", help="Folder of the reports [regress/TUNED].")
@click.option("--same-base", is_flag=True, help="The adapter's base is --base, whatever its configuration calls it.")
@click.option("--strict", is_flag=True, help="Exit with 3 when it is inconclusive.")
@click.option("--json", "as_json", is_flag=True, help="Print regression.json instead of the table.")
@click.option("--no-cache", is_flag=True, help="Ask the models again, and keep none of their answers.")
@allow_benchmark_code
@click.pass_context
def regress(
    ctx: click.Context,
    base: str,
    tuned: str,
    tasks: tuple[str, ...],
    limit: int | None,
    max_drop: float | None,
    keep: float | None,
    task_file: Path | None,
    baseline: Path | None,
    quantize: Quantize,
    out: Path | None,
    same_base: bool,
    strict: bool,
    as_json: bool,
    no_cache: bool,
) -> None:
    """Check tuned weights for lost general ability, against their base and on the same items.

    Exit codes: 0 passed (or inconclusive, without --strict); 1 regressed; 2 a fault, or a base on which nothing
    can be judged; 3 inconclusive, with --strict.

    \b
    Example:
        harness regress --base smollm2-135m --tuned runs/my-run/adapters/lora_sft/adapter --baseline base.json
    """
    from harness.cli.terminal import observer
    from harness.evidence.regress import regress as measure_both
    from harness.evidence.regress_outputs import check_folder, write_regression

    check = _check(tasks, limit, {"max_drop": max_drop, "keep": keep}, task_file, baseline, is_cached=not no_cache)
    before, after = _sides(base, tuned, quantize)
    out = out or Path("regress") / _safe(tuned)
    check_folder(out)
    with observer(sys.stderr) as watching:
        found = measure_both(before, after, replace(check, is_same_base=same_base), watching)
    files = write_regression(found, out, is_strict=strict)
    _append_summary(files["markdown"])
    try:
        _print(found, files["json"], out, as_json=as_json)
    except BrokenPipeError:  # whoever read our output has seen enough; the exit code is for the pipeline
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    ctx.exit(exit_code(found, is_strict=strict))


def _append_summary(markdown: Path) -> None:
    """Show the result beside the job, where the pipeline has a file for it; the verdict does not hang on that."""
    if not (summary := os.environ.get(SUMMARY)):
        return
    try:
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(markdown.read_text(encoding="utf-8") + "\n")
    except OSError as fault:
        say(f"Warning: {SUMMARY}: {fault}", err=True)


def _print(found: "Regression", file: Path, out: Path, *, as_json: bool) -> None:
    from harness.cli.regression_results import print_regression

    if as_json:
        say_json_text(file.read_text(encoding="utf-8"))
    else:
        print_regression(found, out)
    sys.stdout.flush()


def exit_code(found: "Regression", *, is_strict: bool) -> Exit:
    """Return what a pipeline reads."""
    if found.verdict == "inconclusive":
        return Exit.INCONCLUSIVE if is_strict else Exit.DONE
    return {"passed": Exit.DONE, "regressed": Exit.CHECK_FAILED, "cannot_judge": Exit.FAULT}[found.verdict]


def _check(
    tasks: tuple[str, ...],
    limit: int | None,
    given: dict[str, float | None],
    task_file: Path | None,
    baseline: Path | None,
    *,
    is_cached: bool,
) -> "Check":
    """Turn the options into what is measured; a task's own settings stand where none is given."""
    from harness.evidence.regress import Check
    from harness.records import Limits
    from harness.task import load_task

    task = load_task(task_file) if task_file else None
    limits = task.limits if task else Limits()
    thresholds: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    limits = replace(limits, deployment="shared", **thresholds)
    if any(not entry.strip(" ,") for entry in tasks):
        raise click.UsageError("--general names no benchmark; leave it out for 'core'.")
    named = tuple(_own(name.strip()) for entry in tasks for name in entry.split(",") if name.strip())
    return Check(
        tasks=named or (task.general.tasks if task else ("core",)),
        limit=limit or (task.general.limit if task else ITEMS),
        include_path=task.general.include_path if task else None,
        commits=task.general.commits if task else {},
        limits=limits,
        task=task,
        baseline=baseline,
        is_cached=is_cached,
    )


def _sides(base: str, tuned: str, quantize: Quantize) -> tuple[tuple[str, "Weights"], tuple[str, "Weights"]]:
    """Return both sides' names and weights; a folder with an adapter's configuration is put on the base."""
    from harness.assets.models import resolve_model
    from harness.records import Weights

    def resolve(name: str) -> str:
        return str(resolve_model(name, lambda text: say(text, err=True)))

    def form(side: Quantize) -> Literal["nf4"] | None:
        return "nf4" if quantize in (side, "both") else None

    model = resolve(base)
    adapter = expanded(tuned)
    if (adapter / "adapter_config.json").is_file():
        return (base, Weights(model, form("base"))), (tuned, Weights(model, form("tuned"), str(adapter.resolve())))
    return (base, Weights(model, form("base"))), (tuned, Weights(resolve(tuned), form("tuned")))


def _own(name: str) -> str:
    """Return an own file's path from here, and any other name as it is."""
    return str(followed(expanded(name))) if is_benchmark_file(name) else name


def _safe(name: str) -> str:
    """Name a folder after the tuned weights: the last two parts of a path, with safe signs alone."""
    parts = [part for part in re.split(r"[\\/]+", name) if part not in ("", ".", "..")][-2:]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join(parts)).strip("-.") or "tuned"

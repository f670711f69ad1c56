"""harness compare: the main job."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.exit_codes import Exit, of_run
from harness.cli.options import allow_benchmark_code
from harness.cli.printing import say, say_json_text
from harness.errors import shortened

if TYPE_CHECKING:
    from harness.records import Run

VERDICTS = ("prompt", "rag", "fine_tune", "combine", "rethink", "undecided")


def _verdicts(ctx: click.Context, parameter: click.Parameter, given: str) -> frozenset[str]:
    """Return the verdicts of a list with commas."""
    words = [word.strip() for word in given.split(",") if word.strip()]
    if unknown := [word for word in words if word not in VERDICTS]:
        raise click.BadParameter(f"'{unknown[0]}' is not a verdict; give some of {', '.join(VERDICTS)}", ctx, parameter)
    return frozenset(words)


@click.command()
@click.argument("task_file", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Use only the first N test items.")
@click.option("--arm", "arms", multiple=True, metavar="NAME", help="Run only this arm now; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run folder [default: runs/NAME-HASH].")
@click.option("--json", "as_json", is_flag=True, help="Print result.json instead of the table.")
@click.option("--no-cache", is_flag=True, help="Ask the model everything again, and keep none of its answers.")
@click.option("--fast", "is_fast", is_flag=True, help="Smoke run of all arms on a few rows; do not decide on it.")
@click.option(
    "--climb",
    "climbs",
    is_flag=True,
    help="Prompts first, then RAG, then tuning; leave out what is dearer than a rung that passes.",
)
@click.option(
    "--adaptive",
    "is_adaptive",
    is_flag=True,
    help="Test items in rounds; ask an arm no further once all that the verdict asks of it is settled.",
)
@click.option(
    "--fail-on",
    "failing",
    default="",
    callback=_verdicts,
    metavar="VERDICTS",
    help="Exit code 1 when the verdict is one of these, such as undecided,rethink.",
)
@click.option("--strict", "is_strict", is_flag=True, help="Exit code 3 when the run is undecided, or a smoke run.")
@allow_benchmark_code
@click.pass_context
def compare(
    ctx: click.Context,
    task_file: Path,
    limit: int | None,
    arms: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    no_cache: bool,
    is_fast: bool,
    climbs: bool,
    is_adaptive: bool,
    failing: frozenset[str],
    is_strict: bool,
) -> None:
    """Run every arm of TASK_FILE and write the recommendation.

    TASK_FILE is a task.yaml, or the folder that holds one. A run that was stopped continues when the same command is
    given again. runs/latest leads to the newest run. Exit code 4: the report is written, but an arm failed or lost too
    many items; the same command tries it again.

    \b
    Example:
        harness compare tasks/support_routing/task.yaml --fast
    """
    say(f"harness: reading {shortened(str(task_file))}", err=True)
    from harness.assets.models import local_folder
    from harness.cli.results import print_results
    from harness.cli.terminal import observer
    from harness.evidence.again import compare_command
    from harness.evidence.compare import Settings, compare
    from harness.evidence.forecast import Outlook
    from harness.planning.forecast import outlook
    from harness.task import load_task

    task = load_task(task_file)
    runs = out.parent if out else Path("runs")
    # how long a run takes that may stop early is not known
    known = Outlook() if is_adaptive else outlook(task, local_folder, runs, limit=limit, is_fast=is_fast)
    with observer(sys.stderr) as watching:
        settings = Settings(out, arms, limit, is_fast, climbs, is_adaptive, not no_cache, known)
        run, folder = compare(task, settings, watching)
    if as_json:
        say_json_text((folder.path / "result.json").read_text(encoding="utf-8"))
    else:
        again = compare_command(task_file, out if not is_fast else None, limit, is_adaptive=is_adaptive)
        print_results(run, folder.path / "report.html", again)
    ctx.exit(exit_code(run, failing, is_strict=is_strict))


def exit_code(run: "Run", failing: frozenset[str], *, is_strict: bool) -> Exit:
    """Return what a script reads; a smoke run decides nothing, so it counts as undecided.

    A verdict that was to fail comes first; an arm that failed says more than the undecided verdict that it may cause.
    """
    verdict = "undecided" if run.is_fast else run.decision.action
    if verdict in failing:
        return Exit.CHECK_FAILED
    if of_run(run.evidence) is Exit.ARM_FAILED:
        return Exit.ARM_FAILED
    return Exit.INCONCLUSIVE if is_strict and verdict == "undecided" else Exit.DONE

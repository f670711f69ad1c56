"""harness compare: the main job."""

import sys
from pathlib import Path

import click

from harness.cli.exit_codes import of_run
from harness.cli.options import allow_benchmark_code
from harness.cli.printing import say, say_json_text


@click.command()
@click.argument("task_file", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Use only the first N test items.")
@click.option("--arm", "arms", multiple=True, metavar="NAME", help="Run only this arm now; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run folder [default: runs/NAME-HASH].")
@click.option("--json", "as_json", is_flag=True, help="Print result.json instead of the table.")
@click.option("--no-cache", is_flag=True, help="Ask the model everything again, and keep none of its answers.")
@click.option("--fast", "is_fast", is_flag=True, help="Smoke run of all arms on a few rows; do not decide on it.")
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
) -> None:
    """Run every arm of TASK_FILE and write the recommendation.

    A run that was stopped continues when the same command is given again. Exit code 4: the report is written, but an
    arm failed or lost too many items; the same command tries it again.

    \b
    Example:
        harness compare tasks/support_routing/task.yaml --fast
    """
    say(f"harness: reading {task_file}", err=True)
    from harness.cli.results import print_results
    from harness.cli.terminal import observer
    from harness.evidence.compare import Settings, compare
    from harness.task import load_task

    task = load_task(task_file)
    with observer(sys.stderr) as watching:
        run, folder = compare(task, Settings(out, arms, limit, is_fast, not no_cache), watching)
    if as_json:
        say_json_text((folder.path / "result.json").read_text(encoding="utf-8"))
    else:
        print_results(run, folder.path / "report.html")
    ctx.exit(of_run(run.evidence))

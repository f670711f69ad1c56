"""harness export: the winner as something to run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.exit_codes import Exit
from harness.cli.printing import say

if TYPE_CHECKING:
    from harness.exporting.export_source import ExportSource

SHOWN = 70  # characters of an answer that differs


@click.command(name="export")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--arm", metavar="NAME", help="Export this arm [default: the one that the verdict names].")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="A new or empty folder [default: exports/RUN-ARM]."
)
@click.option("--merged", "is_merged", is_flag=True, help="Merge the adapter into the base's weights.")
@click.option(
    "--verify",
    "count",
    type=click.IntRange(min=1),
    is_flag=False,
    flag_value=20,
    metavar="[N]",
    help="Ask the export N test items [20] and compare with the run; an export that is there is not made again.",
)
@click.option(
    "--adapter",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write nothing: score this adapter, trained elsewhere on the same base, against the run's, on its test items.",
)
def export(
    run_folder: Path, arm: str | None, out: Path | None, is_merged: bool, count: int | None, adapter: Path | None
) -> None:
    """Write the winner of RUN as something to run: weights, prompt, index, script, training files.

    Exit code 1 when an answer differs from the run's, or --adapter is shown to score lower than the run's.

    \b
    Example:
        harness export runs/support_routing-1a2b3c4d --verify
    """
    from harness.exporting.export_source import open_export
    from harness.exporting.pack import pack, usual_place
    from harness.exporting.verify import is_export_of

    if adapter and (out or is_merged):
        raise click.UsageError("--adapter writes nothing; leave --out and --merged out")
    source = open_export(run_folder, arm)
    if adapter:
        click.get_current_context().exit(_score(source, adapter, count))
    out = out or usual_place(source, is_merged=is_merged)
    if count is None or not is_export_of(source, out, is_merged=is_merged):
        say(f"harness: exporting {source.arm} of {run_folder}", err=True)
        pack(source, out, is_merged=is_merged, log=lambda line: say(line, err=True))
    if source.run.is_fast:
        say("That was a smoke run: do not decide on its figures.", err=True)
    say(f"export: {out}")
    if count is not None and not _is_equal(source, out, count):
        click.get_current_context().exit(Exit.CHECK_FAILED)


def _score(source: "ExportSource", adapter: Path, count: int | None) -> Exit:
    """Print what another adapter scores beside the run's; return the exit code."""
    from harness.decision.words import gain_range, score_range, share
    from harness.exporting.trained_elsewhere import score_adapter

    found = score_adapter(source, adapter, count, log=lambda line: say(line, err=True))
    for name, score in ((f"{source.arm} of the run", found.run), (str(adapter), found.other)):
        say(f"{name}: {share(score.estimate)} {found.metric} ({score_range(score)})")
    moved = found.change.difference
    say(f"change: {gain_range(moved, 'over the run') if moved else 'too few items, or groups of items, for a claim'}")
    counts = f"{found.change.losses} items lost, {found.change.wins} won"
    say(f"{counts}; {found.differing} of {found.other.n} answers differ")
    return Exit.CHECK_FAILED if moved is not None and moved.high < 0 else Exit.DONE


def _is_equal(source: "ExportSource", out: Path, count: int) -> bool:
    """Print how many answers equal the run's, and each one that does not."""
    from harness.exporting.verify import verify

    differing, asked = [], 0
    for answered in verify(source, out, count):
        asked += 1
        say(f"asked {asked}: {answered.item} {'equal' if answered.is_equal else 'DIFFERS'}", err=True)
        differing += [] if answered.is_equal else [answered]
    say(f"verified: {asked - len(differing)} of {asked} answers equal the run's")
    for answered in differing:
        say(f"  {answered.item}: the run said {_short(answered.stored)}, the export {_short(answered.said)}")
    if differing:
        say("  The run asked in batches, the export one by one: a near tie of two tokens may fall otherwise.")
    return not differing


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")

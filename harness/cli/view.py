"""harness view: a local page of all runs."""

import signal
from pathlib import Path

import click

from harness.cli.interruption import Stopped
from harness.cli.printing import say
from harness.errors import HarnessError


@click.command()
@click.argument("runs_folder", type=click.Path(path_type=Path), default=Path("runs"))
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Listen on this port [default: a free one].")
def view(runs_folder: Path, port: int | None) -> None:
    """Show all runs of RUNS_FOLDER in the browser: verdicts, reports, two side by side, a running one as it goes.

    It reads and never writes, on this machine alone, at an address that nobody can guess. Ctrl-C ends it.

    \b
    Example:
        harness view runs
    """
    from harness.viewing.server import Viewer

    if not runs_folder.is_dir():
        raise HarnessError(
            f"{runs_folder} is not a folder; give the one that holds the runs, as harness view RUNS_FOLDER"
        )
    with Viewer(runs_folder, port or 0) as server:
        say(f"open {server.address}")
        say("Ctrl-C ends it", err=True)
        try:
            server.serve_forever()
        except Stopped as stop:
            if stop.exit_code != 128 + signal.SIGINT:
                raise
            say("ended", err=True)

"""harness report: draw a finished run again."""

from pathlib import Path

import click

from harness.cli.printing import say_json_text


@click.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print result.json instead of the table.")
def report(run_folder: Path, as_json: bool) -> None:
    """Decide again from the evidence stored in RUN and redraw its reports; no model is loaded.

    \b
    Example:
        harness report runs/support_routing-1a2b3c4d
    """
    from harness.cli.results import print_results
    from harness.evidence.compare import redraw

    run, folder = redraw(run_folder)
    if as_json:
        say_json_text((folder.path / "result.json").read_text(encoding="utf-8"))
    else:
        print_results(run, folder.path / "report.html")

"""harness report: draw a finished run again."""

from pathlib import Path

import click

from harness.cli.printing import say, say_json_text


@click.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print result.json instead of the table.")
@click.option(
    "--pdf", is_flag=True, help="Print the report to report.pdf too, by the Chromium or Chrome of this machine."
)
@click.option(
    "--redact", is_flag=True, help="Write reports without any text of rows, documents and answers; figures stay."
)
def report(run_folder: Path, as_json: bool, pdf: bool, redact: bool) -> None:
    """Decide again from the evidence stored in RUN and redraw its reports; no model is loaded.

    \b
    Example:
        harness report runs/support_routing-1a2b3c4d
        harness report runs/latest --redact --pdf   # RUN/redacted/report.pdf
    """
    from harness.cli.pdf import find_browser, print_to_pdf
    from harness.cli.results import print_results
    from harness.evidence.again import kept_command
    from harness.evidence.compare import redraw
    from harness.evidence.outputs import REDACTED

    if pdf:
        find_browser()  # before anything is drawn
    run, folder = redraw(run_folder, is_redacted=redact)
    place = folder.path / REDACTED if redact else folder.path
    if pdf:
        print_to_pdf(place / "report.html", place / "report.pdf")
    if as_json:
        say_json_text((place / "result.json").read_text(encoding="utf-8"))
        return
    print_results(run, place / "report.html", kept_command(folder), folder=folder.path)
    if pdf:
        say(f"PDF: {place / 'report.pdf'}")

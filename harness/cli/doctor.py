"""harness doctor: what this machine and this installation lack."""

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from harness.cli.exit_codes import Exit
from harness.cli.printing import say, say_json
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.doctor.finding import Finding

_WIDTH = 80
_MARKS = {"ok": "ok", "warning": "warning", "fault": "FAULT"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every finding, and whether compare can run.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Say what this machine and this installation lack, why it matters, and what to do.

    Looks at Python and packages, device, memory and disk, and at what set-up fetches. Takes seconds, and fetches and
    loads nothing. Exit code 0: compare has all that it needs; 1: it does not.

    \b
    Example:
        harness doctor
    """
    try:
        from harness.doctor.examination import examine, is_ready
    except ModuleNotFoundError as fault:  # what the examination itself stands on
        raise HarnessError(f"package '{fault.name}' is not installed; give: pip install {fault.name}") from fault
    findings = examine()
    ready = is_ready(findings)
    if as_json:
        found = {"is_ready": ready, "findings": [asdict(finding) for finding in findings]}
        say_json(found)
    else:
        _print(findings, ready)
    ctx.exit(Exit.DONE if ready else Exit.CHECK_FAILED)


def _print(findings: tuple["Finding", ...], ready: bool) -> None:
    """Print the findings one below the other, each with its remedy, and what follows from all of them."""
    wide = max(len(finding.subject) for finding in findings)
    for finding in findings:
        start = f"{_MARKS[finding.state]:<7}  {finding.subject:<{wide}}  "
        say(_wrapped(finding.text, start))
        if finding.remedy:
            say(_wrapped(f"-> {finding.remedy}", " " * len(start)))
    faults = sum(finding.state == "fault" for finding in findings)
    say()
    if ready:
        say("harness compare has all that it needs.")
    else:
        say(f"harness compare lacks something: {faults} fault{'s' if faults > 1 else ''} above.")


def _wrapped(text: str, start: str) -> str:
    """Break a text into lines that begin below one another; names, options and paths stay whole."""
    below = " " * len(start)
    return textwrap.fill(
        text, _WIDTH, initial_indent=start, subsequent_indent=below, break_on_hyphens=False, break_long_words=False
    )

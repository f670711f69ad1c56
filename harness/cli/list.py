"""harness list: what there is to use, and where it comes from."""

from pathlib import Path

import click

from harness.cli.inventory import KINDS, Entry
from harness.cli.printing import say, say_json
from harness.visible import one_line

_WHEN_EMPTY = {
    "tasks": "none here; make one with: harness init --from FILE",
    "runs": "none here; harness compare TASK_FILE makes one",
}


@click.command(name="list")
@click.argument("kind", required=False, type=click.Choice(list(KINDS)))
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of entries for each kind.")
def list_(kind: str | None, as_json: bool) -> None:
    """List tasks, arms, metrics, report formats, engines and runs, with where each comes from.

    Tasks and runs are looked for in the current folder, its subfolders, tasks/ and runs/.

    \b
    Example:
        harness list arms
    """
    found = {name: look(Path()) for name, look in KINDS.items() if kind in (None, name)}
    if as_json:
        say_json(found)
        return
    for name, entries in found.items():
        if kind is None:
            say(f"{name}:")
        _print(entries, _WHEN_EMPTY.get(name, "none installed"), "" if kind else "  ")


def _print(entries: list[Entry], empty: str, indent: str) -> None:
    """Print one line an entry, in columns; the last one may be long."""
    entries = [{key: one_line(value) for key, value in entry.items()} for entry in entries]
    if not entries:
        say(f"{indent}{empty}")
    widths = [max(map(len, column)) for column in zip(*(entry.values() for entry in entries), strict=True)]
    for entry in entries:
        cells = [value.ljust(width) for value, width in zip(entry.values(), widths, strict=True)]
        say(indent + "  ".join(cells).rstrip())

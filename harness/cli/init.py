"""harness init: a first task folder out of one data file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from harness.cli.printing import say

if TYPE_CHECKING:
    from harness.drafting import Draft, InDoubt, Purpose
    from harness.drafting.purpose import Asker, Harm


@click.command()
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSONL, JSON, CSV, Parquet, or a hub id: owner/name:subset:split.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The task folder [default: FILE's name].")
@click.option(
    "--documents", type=click.Path(path_type=Path), metavar="DIR", help="What rag may search: pages, or one .jsonl."
)
@click.option("--model", metavar="NAME", help="An alias, a folder or a hub id.")
@click.option("--target", metavar="COLUMN", help="The column with the answer, where it is not clear.")
@click.option("--input", "inputs", multiple=True, metavar="COLUMN", help="A column of the question; may be repeated.")
@click.option(
    "--lists",
    type=click.Choice(["any", "all"]),
    help="Of answers that are lists: any one is right, or all are wanted, where it is not clear.",
)
@click.option("--interview", is_flag=True, help="Ask what the task is for, and set goal, deployment and prices by it.")
def init(
    source: Path,
    out: Path | None,
    documents: Path | None,
    model: str | None,
    target: str | None,
    inputs: tuple[str, ...],
    lists: str | None,
    interview: bool,
) -> None:
    """Look at FILE and write a task folder that runs: splits, metric, arms, and what to look at yourself.

    Where it is not clear which column is the answer, or what its lists mean, it asks at a terminal; without one it
    ends with exit code 2 and the flag that answers it.

    \b
    Example:
        harness init --from tickets.csv --out tickets
    """
    out = out or Path(source.stem.replace(":", "-"))
    purpose = _interview() if interview else None
    settings: dict[str, Any] = {"documents": documents, "model": model, "purpose": purpose}
    draft = _drafted(source, out, {**settings, "target": target, "inputs": inputs, "lists": lists})
    for note in draft.notes:
        say(note)
    for doubt in draft.doubts:
        say(f"not sure: {doubt}")
    task = draft.folder / "task.yaml"
    say(f"\nwritten: {task}; what it is not sure of stands there as comments. Next:")
    say(f"  harness check {task}           # look for faults in the data")
    say(f"  harness compare {task} --fast  # see that every arm runs")
    say(f"  harness compare {task}         # decide")


_SETTINGS = {"--target": "target", "--input": "inputs", "--lists": "lists"}  # of `draft_task`, by the flag that sets it
_ASKED = {
    "--target": "Number of the answer's column",
    "--input": "Numbers of the question's columns, with commas",
    "--lists": "Number of what is meant",
}


def _drafted(source: Path, out: Path, settings: dict[str, Any]) -> "Draft":
    """Draft the task; what is in doubt is asked at a terminal, one question after the other."""
    from harness.drafting import InDoubt, draft_task

    try:
        return draft_task(source, out, **settings)
    except InDoubt as doubt:
        if not sys.stdin.isatty():
            raise
        chosen, several = _ask(doubt), doubt.flag == "--input"
        settings = {**settings, _SETTINGS[doubt.flag]: chosen if several else chosen[0]}
    return _drafted(source, out, settings)


def _ask(doubt: "InDoubt") -> tuple[str, ...]:
    """Ask which column is meant, which ones make the question, or what lists mean."""
    several = doubt.flag == "--input"
    say(f"{doubt.why} ({doubt.flag} answers this):")
    options = list(doubt.options)
    for number, (name, sample) in enumerate(doubt.options.items(), start=1):
        say(f"  {number}  {name}: {sample}")
    while True:
        said = click.prompt(_ASKED[doubt.flag], type=str)
        numbers = [part.strip() for part in said.split(",")]
        if all(part.isdigit() and 1 <= int(part) <= len(options) for part in numbers) and (
            several or len(numbers) == 1
        ):
            return tuple(options[int(part) - 1] for part in numbers)
        say(f"give {'numbers' if several else 'a number'} from 1 to {len(options)}")


def _interview() -> "Purpose":
    """Ask what the task is for.

    Raises:
        TaskFileError: If there is nobody to answer.
    """
    from harness.drafting import Purpose
    from harness.errors import TaskFileError

    try:
        asker = click.prompt("Who asks?", type=click.Choice(["customers", "colleagues", "program"]))
        harm = click.prompt("What does a wrong answer cost?", type=click.Choice(["little", "some", "much"]))
        only = click.confirm("Will the tuned model be asked for nothing but this task?", default=False)
        requests = click.prompt("How many requests a month? (Enter if unknown)", default="", show_default=False)
        hour = click.prompt("What does an hour of the machine cost? (Enter if unknown)", default="", show_default=False)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise TaskFileError("--interview", ["asks five questions; give it at a terminal, or leave it out"]) from None
    count = _number(requests, "number of requests")
    return Purpose(
        cast("Asker", asker),
        cast("Harm", harm),
        only,
        None if count is None else round(count),
        _number(hour, "price of an hour"),
    )


def _number(said: str, what: str) -> float | None:
    """Read a number as the metrics do: '2,50' is not 250, and '45,000' is not 45."""
    from harness.errors import TaskFileError
    from harness.metrics.quantities import read_quantity

    if not said.strip():
        return None
    found = read_quantity(said)
    if found is None or not found.is_bare or not 0 <= found.value < 10**12:
        raise TaskFileError("--interview", [f"'{said}' is not a {what}; give a number such as 50000, or nothing"])
    return float(found.value)

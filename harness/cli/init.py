"""harness init: a first task folder out of one data file."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSONL, JSON, CSV, Parquet.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The task folder [default: FILE's name].")
@click.option(
    "--documents", type=click.Path(path_type=Path), metavar="DIR", help="What rag may search: pages, or one .jsonl."
)
@click.option("--model", metavar="NAME", help="An alias, a folder or a hub id.")
def init(source: Path, out: Path | None, documents: Path | None, model: str | None) -> None:
    """Look at FILE and write a task folder that runs: splits, metric, arms, and what to look at yourself.

    \b
    Example:
        harness init --from tickets.csv --out tickets
    """
    from harness.drafting import draft_task

    draft = draft_task(source, out or Path(source.stem), documents=documents, model=model)
    for note in draft.notes:
        click.echo(note)
    for doubt in draft.doubts:
        click.echo(f"not sure: {doubt}")
    task = draft.folder / "task.yaml"
    click.echo(f"\nwritten: {task}; what it is not sure of stands there as comments. Next:")
    click.echo(f"  harness check {task}           # look for faults in the data")
    click.echo(f"  harness compare {task} --fast  # see that every arm runs")
    click.echo(f"  harness compare {task}         # decide")

"""harness schema: the task file's JSON Schema, for editors, and its reference, for people."""

import json

import click

from harness.cli.printing import say


@click.command()
@click.option("--docs", "as_docs", is_flag=True, help="Print the reference of all keys instead, in Markdown.")
def schema(as_docs: bool) -> None:
    """Print the JSON Schema of task.yaml, so that an editor completes its keys.

    \b
    Example:
        harness schema > task.schema.json
    """
    from harness.task.reference import reference_page
    from harness.task.schema import task_schema

    if as_docs:
        say(reference_page().removesuffix("\n"))
        return
    say(json.dumps(task_schema(), indent=2))

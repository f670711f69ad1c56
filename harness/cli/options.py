"""Options that several commands share."""

import click

from harness.benchmark_code import allow_code


def _allow(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        allow_code()


allow_benchmark_code = click.option(
    "--allow-benchmark-code",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_allow,
    help="Run the code that task files in general.include_path bring; only where you trust all of that folder.",
)

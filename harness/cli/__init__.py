"""The command line: every command parses, calls and prints."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from harness.cli.exit_codes import summary
from harness.cli.interruption import Stopped, heard_stop, stoppable
from harness.cli.last_resort import explained
from harness.cli.printing import guarded, say
from harness.paths import check_name

_COMMANDS = {
    "check": "harness.cli.check:check",
    "compare": "harness.cli.compare:compare",
    "diff": "harness.cli.diff:diff",
    "doctor": "harness.cli.doctor:doctor",
    "export": "harness.cli.export:export",
    "init": "harness.cli.init:init",
    "list": "harness.cli.list:list_",
    "plan": "harness.cli.plan:plan",
    "regress": "harness.cli.regress:regress",
    "report": "harness.cli.report:report",
    "schema": "harness.cli.schema:schema",
    "setup": "harness.cli.setup:setup",
    "view": "harness.cli.view:view",
}
_KEEP = ("compare", "regress", "setup")  # what these have finished is kept
_RESUME = "; what is finished is kept: give the same command again to resume"


class _Commands(click.Group):
    """Imports a command when it is asked for, and turns our errors into click's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            for name in (*ctx.args, str(Path.cwd())):
                check_name(name)
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click's own; and whoever read our output has seen enough
        except Exception as fault:
            if stop := heard_stop():
                raise stop from fault
            told = explained(fault)
            say(f"Error: {told.text}", err=True)
            ctx.exit(told.code)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run as the command that a shell started."""
        try:
            with guarded(), stoppable():
                return super().__call__(*args, **kwargs)
        except Stopped as stop:
            words = args[0] if args and args[0] is not None else sys.argv[1:]
            say(f"\ninterrupted{_RESUME if words and words[0] in _KEEP else ''}", err=True)
            sys.exit(stop.exit_code)


@click.group(cls=_Commands, epilog=summary(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="prompt-rag-or-tune", prog_name="harness")
def main() -> None:
    """Prompt, RAG or fine-tune? Decide from evidence, before you pay for training.

    \b
    Example:
        harness compare tasks/support_routing/task.yaml
    """

"""The command line: every command parses, calls and prints."""

import sys
from importlib import import_module
from typing import Any

import click

from harness.cli.interruption import Stopped, stoppable
from harness.cli.printing import guarded, say
from harness.errors import HarnessError, of_the_disk

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
_GO_ON = "\ninterrupted; what is finished is kept: give the same command again to resume"


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
            return super().invoke(ctx)
        except HarnessError as fault:
            say(f"Error: {fault}", err=True)
            ctx.exit(fault.exit_code)
        except BrokenPipeError:
            raise  # whoever read our output has seen enough; click ends without a word
        except OSError as fault:
            say(f"Error: {of_the_disk(fault)}", err=True)
            ctx.exit(HarnessError.exit_code)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run as the command that a shell started."""
        try:
            with guarded(), stoppable():
                return super().__call__(*args, **kwargs)
        except Stopped as stop:
            say(_GO_ON, err=True)
            sys.exit(stop.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="prompt-rag-or-tune", prog_name="harness")
def main() -> None:
    """Prompt, RAG or fine-tune? Decide from evidence, before you pay for training.

    \b
    Example:
        harness compare tasks/support_routing/task.yaml
    """

"""How a child process is started: from what is installed, never from the user's folder."""

import sys


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs an installed module in a process of its own.

    `python -m` alone puts the working folder first on the path, so that a `harness` or a `json.py` of the user's
    would be imported instead of ours; -P leaves it out, there and in what that process starts in turn.

    Args:
        module: Dotted name of the module.
        arguments: What the module finds in `sys.argv[1:]`.
    """
    return [sys.executable, "-P", "-m", module, *arguments]

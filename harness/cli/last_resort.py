"""What a command says when something ends it: one sentence, whoever raised it, and never a traceback."""

import os
import tempfile
import traceback
from dataclasses import dataclass

from harness.cli.exit_codes import Exit
from harness.engine.faults import describe, is_out_of_memory
from harness.errors import HarnessError, of_the_disk


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ends."""

    text: str
    code: int


def explained(fault: Exception) -> Ending:
    """Say what ended a command.

    What nobody foresaw is a fault of ours: its traceback goes into a file, for a report.
    """
    if isinstance(fault, HarnessError):
        return Ending(str(fault), fault.exit_code)
    if is_out_of_memory(fault):
        text = f"memory ran out ({describe(fault)}); end other programs, or take a smaller model or fewer rows"
        return Ending(text, Exit.FAULT)
    if isinstance(fault, OSError):
        return Ending(str(of_the_disk(fault)), Exit.FAULT)
    said = f"{describe(fault)}: this is a fault of harness itself; please report it with the command"
    return Ending(f"{said} and {_kept(fault)}", Exit.DEFECT)


def _kept(fault: Exception) -> str:
    """Keep the traceback in a file of its own; return what to send."""
    text = "".join(traceback.format_exception(fault))
    try:
        handle, name = tempfile.mkstemp(prefix="harness-fault-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return f"its last lines: {' '.join(text.split()[-40:])}"
    return f"the file {name}"

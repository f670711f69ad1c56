"""What a command tells a shell or a pipeline: every exit code of the product, and when it is given."""

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.records import Evidence


class Exit(IntEnum):
    """An exit code; `meaning` says what it stands for."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "Exit":
        """Make a code that knows its meaning."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made

    DONE = 0, "done"
    CHECK_FAILED = 1, "a check failed"
    FAULT = 2, "a fault that you can fix: the message says what is wrong, where, and what to do"
    INCONCLUSIVE = 3, "inconclusive, where --strict asks for an answer"
    ARM_FAILED = 4, "the comparison is finished, but an arm failed or lost too many items"
    DEFECT = 70, "a fault of harness itself: the message names the file to report it with"
    INTERRUPTED = 130, "interrupted by Ctrl-C; the same command resumes"
    TERMINATED = 143, "ended by kill; the same command resumes"


def of_run(evidence: Iterable["Evidence"]) -> Exit:
    """Return what a finished comparison ends with: whether every arm that was to run could be judged."""
    lost = any(arm.status in ("failed", "invalid") for arm in evidence)
    return Exit.ARM_FAILED if lost else Exit.DONE


def summary() -> str:
    """Return all codes for the end of `harness --help`."""
    return "\b\nExit codes:\n" + "\n".join(f"  {code.value:<3}  {code.meaning}" for code in Exit)

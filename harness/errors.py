"""What can go wrong, and who can fix it.

HarnessError        printed without a traceback; exit code 2
├── TaskFileError   the user edits task.yaml or its data; carries every fault at once
├── ModelError      the user gives another model, or lets set-up fetch it; carries every model's fault
├── PluginError     the user installs or renames a plug-in
├── ArmError        one arm failed; the others still run
│   └── ItemError   one item cannot be answered; its arm continues with the others
└── StoreError      the run folder is unreadable, in use, or belongs to another task
"""

import errno
from collections.abc import Sequence

from harness.visible import one_line

LONGEST_NAME = 255  # of a file or folder, in bytes, on every usual file system
LONGEST_PATH = 4095  # in bytes, under Linux
_SHOWN = 60  # characters of a path that is longer


class HarnessError(Exception):
    """A fault that the user can act on: the message says what, where and the remedy."""

    exit_code = 2


class TaskFileError(HarnessError):
    """A task file or its data are wrong; every fault found is listed at once."""

    def __init__(self, where: str, faults: Sequence[str], count: int | None = None) -> None:
        """List `faults`; `count` is how many there are, where the list leaves some out."""
        self.where = where
        self.faults = tuple(faults)
        found = len(self.faults) if count is None else count
        problems = f"{found} problem{'s' if found != 1 else ''}"
        super().__init__(f"{shortened(where)}: {problems}\n" + "\n".join(f"  - {fault}" for fault in faults))


class ModelError(HarnessError):
    """A model cannot be found, fetched, converted or loaded; of several, each has its sentence."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        listed = "".join(f"\n  - {fault}" for fault in faults)
        super().__init__(faults[0] if len(faults) == 1 else f"{len(faults)} models cannot be used:{listed}")


class PluginError(HarnessError):
    """A plug-in is missing, doubled or broken."""


class ArmError(HarnessError):
    """One arm cannot continue; the run records why and continues with the others."""


class ItemError(ArmError):
    """One item cannot be answered, whatever it is asked with; its arm continues with the others."""


class StoreError(HarnessError):
    """A run folder cannot be used: unreadable, locked, or of another task."""


def of_the_disk(fault: OSError) -> StoreError:
    """Return what the disk refused as an error of ours, with the remedy."""
    if fault.errno == errno.ENAMETOOLONG:
        return StoreError(too_long("" if fault.filename is None else str(fault.filename)))
    return StoreError(f"{fault}; give another folder, or fix its rights or space")


def too_long(name: str) -> str:
    """Say that no file can be called so, with the remedy."""
    what = f"the name '{shortened(name)}' has {_bytes(name):,} bytes, more than" if name else "a name is longer than"
    return f"{what} a file system takes; fix or shorten it"


def shortened(name: str) -> str:
    """Return a path for a message, on one line: one that no file can have is cut with '...'."""
    return one_line(f"{name[:_SHOWN]}..." if is_too_long(name) else name)


def is_too_long(name: str) -> bool:
    """Whether a path, or a part of it, is longer than a file system takes."""
    return max(map(_bytes, name.split("/"))) > LONGEST_NAME or _bytes(name) > LONGEST_PATH


def _bytes(name: str) -> int:
    return len(name.encode(errors="surrogatepass"))

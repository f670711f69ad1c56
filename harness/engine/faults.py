"""Which kind of fault ended something: the item's, the arm's, or one of the process or the machine."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harness.errors import HarnessError, ItemError

# torch's own, by name, so that nobody must import torch to ask. The second is a device that has failed: nothing
# in the process can be trusted behind it.
_MEMORY_NAMES = {"OutOfMemoryError"}
_DEVICE_NAMES = {"AcceleratorError"}
# How the CPU's allocator, the system, its loader of libraries and CUDA's libraries say it.
_MEMORY_WORDS = (
    "defaultcpuallocator",
    "not enough memory",
    "out of memory",
    "allocate memory",
    "alloc_failed",
    "failed to map segment",
    "can't start new thread",
)


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether a fault, or what it came of, is lack of memory on the host or the device."""
    return any(
        isinstance(cause, MemoryError)
        or type(cause).__name__ in _MEMORY_NAMES
        or (
            isinstance(cause, RuntimeError | OSError | ImportError)
            and any(words in str(cause).lower() for words in _MEMORY_WORDS)
        )
        for cause in _causes(fault)
    )


def is_of_the_process(fault: BaseException) -> bool:
    """Whether a fault says nothing about the item that was asked: no memory, or a device that failed."""
    return is_out_of_memory(fault) or any(type(cause).__name__ in _DEVICE_NAMES for cause in _causes(fault))


def is_of_an_item(fault: Exception) -> bool:
    """Whether a fault may be one item's alone, so that the others are to be asked one by one.

    Of our own errors an `ItemError` is, whatever it came of; the others say that nothing can be asked any more.
    """
    return isinstance(fault, ItemError) or not (isinstance(fault, HarnessError) or is_of_the_process(fault))


def memory_kills(root: Path = Path("/")) -> int | None:
    """How many processes Linux has killed to free memory; None where nobody counts them.

    Those of this process's own control group, which its children are in too; where there is none, of the machine. The
    second counts other people's programs.
    """
    for file in (*_own_groups(root), root / "proc/vmstat"):
        with suppress(OSError, ValueError, KeyError):
            counts = dict(line.split() for line in file.read_text(encoding="ascii").splitlines())
            return int(counts["oom_kill"])
    return None


def _own_groups(root: Path) -> Iterator[Path]:
    """Yield the files in which version 2 and version 1 of control groups count, most telling first."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    for _, controllers, group in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers == "":
            yield root / "sys/fs/cgroup" / group.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            yield root / "sys/fs/cgroup/memory" / group.lstrip("/") / "memory.oom_control"


def was_for_memory(before: int | None) -> bool:
    """Whether a process that was killed by signal 9 may have been killed to free memory.

    Args:
        before: What `memory_kills` said when the process began.
    """
    return before is None or memory_kills() != before


def describe(fault: BaseException) -> str:
    """Return a fault in one line: its class and what it says."""
    said = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {said}" if said else type(fault).__name__


def _causes(fault: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = fault
    while cause is not None:
        yield cause
        cause = cause.__cause__

"""Rows 3 and 6: the system refuses a write, a sync, a rename or a commit; the disk is full."""

import errno
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.scorecard.figures import Figure, share
from bench.scorecard.judging import Reference, discard, misreport, resumed
from bench.scorecard.lab import Lab
from bench.scorecard.parallel import each
from bench.scorecard.runs import Trial, wait

PAGE = 4096
ENOUGH = "512m"  # a tmpfs takes only what is written


def error_sweep(lab: Lab, whole: Reference, stride: int) -> Figure:
    """Let the N-th step fail, N = 1, 2, ... until a run passes without meeting the fault.

    With a stride above 1, only the middle one of so many steps fails.

    Each N twice: once with an I/O error, and from then on with a full disk.
    """
    faults: list[str] = []
    tries = 0
    for lasting, code in ((False, errno.EIO), (True, errno.ENOSPC)):
        first, is_clean = (stride + 1) // 2, False
        while not is_clean:
            numbers = range(first, max(whole.steps, first) + 1, stride)
            named = [(n, lasting, code) for n in (*numbers, numbers[-1] + stride)]
            found = list(each("I/O errors", lambda one: _refused(lab, whole, *one), named))
            first, is_clean = named[-1][0] + stride, found[-1] is None
            tries += sum(one is not None for one in found)
            faults += [one for one in found if one]
    note = "the N-th write, sync, rename or commit of orchestrator or worker: once (EIO), and from then on (ENOSPC)"
    return share("3", "I/O errors: old or new state, a message, and resumed to the same result", faults, tries, [note])


def _refused(lab: Lab, whole: Reference, nth: int, lasting: bool, code: int) -> str | None:
    """Return what went wrong (nothing: ''); None when the run ended before its N-th step."""
    trial = Trial.new(lab, f"error{nth}{'on' if lasting else 'once'}")
    ending = trial.run({"kind": "error", "nth": nth, "errno": code, "lasting": lasting})
    if not trial.count("fired"):
        shutil.rmtree(trial.root)
        return None
    fault = misreport(trial, ending, whole.result) or resumed(trial, whole.result)
    discard(trial, fault)
    return f"step {nth} {'and on' if lasting else 'once'}: {fault}" if fault else ""


def full_disks(lab: Lab, whole: Reference, count: int) -> Figure:
    """Run on `count` disks that are too small, make room, and continue."""
    is_real = _can_mount(lab.root / "mounted")
    way = "a tmpfs of its own for the run folder" if is_real else "no right to mount: a limit on the size of files"
    used = _used(whole.trial.folder) if is_real else _largest(whole.trial.folder)
    sizes = [max(used * n // (count + 1), PAGE // (1 if is_real else 4)) for n in range(1, count + 1)]
    do = _on_small_disk if is_real else _with_small_files
    faults = [f for f in each("full disks", lambda size: do(lab, whole, size), sizes) if f]
    note = f"{way}; {sizes[0] // 1024} to {sizes[-1] // 1024} KiB, a whole run takes {used // 1024} KiB"
    return share("6", "sizes of a full disk survived", faults, count, [note])


def _on_small_disk(lab: Lab, whole: Reference, size: int) -> str:
    trial = Trial.new(lab, f"disk{size}")
    with _mounted(trial.folder, size):
        ending = trial.run(SCORECARD_SMALL_DISK="1")
        fault = misreport(trial, ending, whole.result)
        if not fault:
            subprocess.run(["mount", "-o", f"remount,size={ENOUGH}", trial.folder], check=True)
            fault = resumed(trial, whole.result)
    discard(trial, fault)
    return f"{size // 1024} KiB: {fault}" if fault else ""


def _with_small_files(lab: Lab, whole: Reference, size: int) -> str:
    trial = Trial.new(lab, f"file{size}")
    began = time.monotonic()
    process = trial.start(SCORECARD_FILE_SIZE=str(size))
    ending = wait(process, began)
    fault = misreport(trial, ending, whole.result) or resumed(trial, whole.result)
    discard(trial, fault)
    return f"{size // 1024} KiB a file: {fault}" if fault else ""


@contextmanager
def _mounted(folder: Path, size: int) -> Iterator[None]:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "scorecard", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def _can_mount(folder: Path) -> bool:
    try:
        with _mounted(folder, PAGE):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _used(folder: Path) -> int:
    """Bytes that a tmpfs needs for a folder: whole pages."""
    return sum(-(-path.stat().st_size // PAGE) * PAGE for path in folder.rglob("*"))


def _largest(folder: Path) -> int:
    return max(path.stat().st_size for path in folder.rglob("*") if path.is_file())

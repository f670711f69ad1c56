"""What lies in a folder of documents and is not a file to be read: nothing of it may be missed without a word."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harness.task.faults import Faults


def check_files(path: Path, written: str, faults: Faults) -> None:
    """Note links, pipes and other special files, and folders that may not be read; hidden ones are passed over.

    Args:
        path: The folder.
        written: Its path as the task file has it.
        faults: Takes what is wrong.
    """
    for found, text in _strays(path):
        name = (Path(written) / found.relative_to(path)).as_posix()
        faults.add(name.encode(errors="backslashreplace").decode(), text)


def files_below(folder: Path) -> list[Path]:
    """Return the regular files of a folder and of those inside, however deep, in order; no hidden ones, no links.

    What cannot be read is passed over: `check_files` names it.
    """
    found, waiting = [], [folder]
    while waiting:
        with suppress(OSError):
            for entry in os.scandir(waiting.pop()):
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    found.append(Path(entry.path))
    return sorted(found)


def _strays(folder: Path) -> Iterator[tuple[Path, str]]:
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        try:
            paths = sorted(folder.iterdir())
        except OSError as fault:
            yield folder, f"is a folder that cannot be read ({fault.strerror}); fix its rights or move it out"
            continue
        for path in (path for path in paths if not path.name.startswith(".")):
            try:
                mode = path.lstat().st_mode
            except OSError as fault:
                yield path, f"cannot be looked at ({fault.strerror}); fix its rights or move it out"
                continue
            if stat.S_ISLNK(mode):
                yield path, "is a link; put what it leads to in its place, or move it out of the documents"
            elif stat.S_ISDIR(mode):
                waiting.append(path)
            elif not stat.S_ISREG(mode):
                yield path, "is not a file but a pipe, a socket or a device; move it out of the documents"

"""Reads files of which nobody knows what they are: a pipe would be waited for, a device never ends."""

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 200 * 2**20  # of a file of settings, a tokenizer or a result


def read_regular(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a regular file, links followed.

    Args:
        path: The file.
        most: At most so many bytes.

    Raises:
        OSError: If it cannot be read, is no regular file, or is larger.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe that nobody writes to opens at once
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is a folder, a pipe or a device and no file")
        if found.st_size > most:
            raise OSError(errno.EFBIG, f"has {found.st_size:,} bytes, and {most:,} are read at most")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)

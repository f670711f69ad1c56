"""Paths as people give them in Python, and what the disk says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from harness.errors import of_the_disk
from harness.paths import expanded

Where = str | PathLike[str]  # a path; '~' is the user's folder


def path_of(where: Where) -> Path:
    """Return a path as pathlib has it."""
    return expanded(where)


@contextmanager
def usable_places() -> Iterator[None]:
    """Turn what the disk refuses into one of our errors, in the words of the command line.

    Raises:
        StoreError: For an OSError inside the block.
    """
    try:
        yield
    except OSError as fault:
        raise of_the_disk(fault) from fault

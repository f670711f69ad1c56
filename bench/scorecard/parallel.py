"""Does independent trials side by side, and says how far it is."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")

SAY_SECONDS = 20.0  # between two lines of progress


def each(title: str, do: Callable[[Item], Found], items: Sequence[Item]) -> Iterator[Found]:
    """Yield what `do` makes of each item, in order; the work is done in processes that `do` starts."""
    said = time.monotonic()
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for number, found in enumerate(pool.map(do, items), start=1):
            if time.monotonic() - said >= SAY_SECONDS:
                said = time.monotonic()
                say(f"  {title}: {number} of {len(items)}")
            yield found


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)

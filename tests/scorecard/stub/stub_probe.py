"""Called by modules that `bench/scorecard/branches.py` rewrote: notes each branch at its first taking, in one file."""

import os
from contextlib import suppress

_FILE = os.environ["SCORECARD_BRANCHES"]
_seen = set()


def reached(branch):
    """Append the branch's name; in one write, so that it counts even if the process is killed next."""
    if branch in _seen:
        return
    _seen.add(branch)
    handle = os.open(_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        with suppress(OSError):  # a test may let this process write no more; the branch then goes uncounted
            os.write(handle, f"{branch}\n".encode())
    finally:
        os.close(handle)

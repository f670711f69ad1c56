"""Memory that nothing holds any more goes back to the system.

glibc keeps freed blocks for later, and after a large batch or a model that was let go it may keep hundreds of
megabytes, which count against this process while another one needs them. Other C libraries give back by themselves.
"""

import ctypes
import gc


def give_back() -> None:
    """Collect what is unreachable, and return freed memory to the system where the C library would keep it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

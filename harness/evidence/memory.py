"""How much memory a run takes: this process and all below it."""

import threading

import psutil

SAMPLE_SECONDS = 0.5


class MemoryWatch:
    """Samples the memory of this process and all below it, and keeps the largest sum.

    Where the system tells (Linux), shared pages are divided among those that share them; elsewhere
    they are counted in each, and the sum is an upper bound.
    """

    def __init__(self) -> None:
        self.peak_mb = _memory_mb()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            self.peak_mb = max(self.peak_mb, _memory_mb())


def _memory_mb() -> float:
    me = psutil.Process()
    total = 0
    for process in (me, *me.children(recursive=True)):
        try:
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except psutil.Error:
            continue  # it ended between the two calls
    return total / 2**20

"""What libraries read from the environment when they are imported: no telemetry, and no long wait on a busy core.

Set for the command before anything of theirs is imported, for every child, and for runs from Python; a value that is
set already stays as it is. What telemetry each library has is in SECURITY.md.
"""

import os
from collections.abc import Mapping

NO_TELEMETRY: Mapping[str, str] = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, and transformers, datasets, trl and sentence-transformers by it
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # datasets: a request that only counts a download
    "DO_NOT_TRACK": "1",  # https://donottrack.sh, for whatever a plug-in brings
    "WANDB_MODE": "disabled",  # lm-eval and transformers report to it where somebody has installed it
}
FEW_CORES = 4
_POLICY = "OMP_WAIT_POLICY"
# libgomp runs torch's threads on Linux. A thread that waits for the others spins 300,000 times before it sleeps (its
# manual, GOMP_SPINCOUNT), and where another program runs too it holds the core that the awaited thread needs. With
# 1,000 a step beside one takes two thirds of the time, and no more when alone (docs/measurements.md).
_SHORT_WAITS: Mapping[str, str] = {"GOMP_SPINCOUNT": "1000"}


def defaults() -> dict[str, str]:
    """Return the variables that are to be set where they are not set."""
    is_small = _cores() <= FEW_CORES  # measured on two cores, and with many a late wake-up costs more
    return {**NO_TELEMETRY, **(_SHORT_WAITS if is_small and _POLICY not in os.environ else {})}


def _cores() -> int:
    """Count the cores that this process may use."""
    may_use = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(may_use(0)) if may_use else os.cpu_count() or 1


def set_defaults() -> None:
    """Set the variables here, where they are not set."""
    for name, value in defaults().items():
        os.environ.setdefault(name, value)

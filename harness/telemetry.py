"""Telemetry of all libraries is off: variables that they read when they are imported.

What each library has is in SECURITY.md. Set for the command before anything of theirs is imported, for every child, and
for runs from Python; a value that is set already stays as it is.
"""

import os
from collections.abc import Mapping

OFF: Mapping[str, str] = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, and transformers, datasets, trl and sentence-transformers by it
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # datasets: a request that only counts a download
    "DO_NOT_TRACK": "1",  # https://donottrack.sh, for whatever a plug-in brings
    "WANDB_MODE": "disabled",  # lm-eval and transformers report to it where somebody has installed it
}


def switch_off() -> None:
    """Set the variables here, where they are not set."""
    for name, value in OFF.items():
        os.environ.setdefault(name, value)

"""What was looked at, and what is wrong with it."""

from dataclasses import dataclass
from typing import Literal

# ok: as it should be. warning: `compare` runs, and something is slower or missing. fault: `compare` cannot run.
State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str  # a word or two: 'memory'
    state: State
    text: str  # what was found, and what will not work because of it
    remedy: str = ""  # a command or a sentence; empty when nothing is wrong

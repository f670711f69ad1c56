"""What the parent keeps of a schedule: a run that is cut short judges nothing twice and forgets nothing.

<run's folder>/judged.json     the checkpoints judged so far; written again after each
              /outcome.json    the finished schedule; there is none before
              /checkpoint-N/   adapters
              /resume-N/       the training process's own (see `resume`)
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from baselines.finetune.spec import RunResult
from harness.errors import StoreError
from harness.records import Checkpoint, LossPoint
from harness.store.files import decode, encode, hash_folder, hash_text, write_atomically

JUDGED = "judged.json"
OUTCOME = "outcome.json"


@dataclass(frozen=True, slots=True)
class Judged:
    """One checkpoint, and what dev said of it."""

    checkpoint: Checkpoint
    folder: str  # its adapter's, below the run's
    sha256: str  # of that folder
    seconds: float  # that judging took
    is_removed: bool = False  # it was clearly worse than a later one


@dataclass(frozen=True, slots=True)
class Progress:
    """The judgements of an unfinished schedule."""

    identity: str
    judged: tuple[Judged, ...] = ()
    micro_tokens: int | None = None  # what one pass may hold, once memory has run out


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished schedule."""

    identity: str
    losses: tuple[LossPoint, ...]
    checkpoints: tuple[Checkpoint, ...]
    best: Judged | None  # the best inside the forgetting budget; None: the start was never beaten
    boldest: Judged | None  # the best on the task alone
    result: RunResult
    warnings: tuple[str, ...]
    micro_tokens: int | None
    seconds: float  # wall clock, judging included

    @property
    def kept(self) -> tuple[Judged, ...]:
        """The checkpoints whose adapters are kept."""
        return tuple(judged for judged in (self.best, self.boldest) if judged is not None)


class _Kept(Protocol):
    @property
    def identity(self) -> str: ...


Kept = TypeVar("Kept", bound=_Kept)


def write(path: Path, record: _Kept) -> None:
    """Put a record on disk, whole or not at all, behind a line with its sha256."""
    text = encode(type(record), record)
    write_atomically(path, f"{hash_text(text)}\n{text}\n")


def recall(kind: type[Kept], path: Path, identity: str, log: Callable[[str], None]) -> Kept | None:
    """Return a stored record if it is there, readable and of this schedule; say why when it is not used."""
    try:
        seal, _, text = path.read_text(encoding="utf-8").partition("\n")
        if hash_text(text.removesuffix("\n")) != seal:
            raise StoreError("its seal does not fit")
        record: Kept = decode(kind, text)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, StoreError) as fault:
        log(f"{path.name} cannot be read and is not used: {fault}")
        return None
    if record.identity != identity:
        log(f"{path.name} belongs to another training, or to other versions of code or libraries, and is not used")
        return None
    return record


def intact(judged: Judged, folder: Path) -> bool:
    """Whether a judged adapter is still what was judged, or is needed no more."""
    place = folder / judged.folder
    return judged.is_removed or (place.is_dir() and hash_folder(place) == judged.sha256)

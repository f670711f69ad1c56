"""Row 8: change one thing that an answer depends on, and nothing may be remembered; change another, and all is."""

import sys
from pathlib import Path

from bench.scorecard.figures import Figure, share
from bench.scorecard.lab import ROOT


def poisoning(root: Path) -> Figure:
    """Try every mutant of the cache's key, and every change that must not matter, on the real cache."""
    sys.path.insert(0, str(ROOT / "tests" / "engine"))
    from cache_mutants import MUTANTS, SAME, is_caught, is_hit  # type: ignore[import-not-found]

    rooms = iter(range(len(MUTANTS) + len(SAME)))
    faults = [f"{name}: an old answer was used" for name in MUTANTS if not is_caught(name, _room(root, next(rooms)))]
    faults += [f"{name}: asked again for nothing" for name in SAME if not is_hit(name, _room(root, next(rooms)))]
    note = f"{len(MUTANTS)} changes that count, {len(SAME)} that do not (tests/engine/cache_mutants.py)"
    return share("8", "cache mutants caught", faults, len(MUTANTS) + len(SAME), [note])


def _room(root: Path, number: int) -> Path:
    room = root / str(number)
    room.mkdir(parents=True)
    return room

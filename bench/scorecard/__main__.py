"""The reliability scorecard: kills, I/O errors, full disks, damaged files and dying arms, and what they cost.

    python -m bench.scorecard [--quick] [--rows 1,2] [--embedded N] [--markdown]

Prints a line a row (their numbers are those of the project's reliability study) and ends with exit code 1 when a bar
is missed.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.scorecard.branches import branch_coverage
from bench.scorecard.corruption import corruption
from bench.scorecard.embedded import embedded_kills
from bench.scorecard.errors import error_sweep, full_disks
from bench.scorecard.figures import Figure, as_markdown, as_text
from bench.scorecard.guards import connections, hostile_inputs
from bench.scorecard.judging import Reference, reference
from bench.scorecard.kills import crash_points, random_kills
from bench.scorecard.lab import Lab, build_lab
from bench.scorecard.mutants import mutants_killed
from bench.scorecard.mutations import mutations
from bench.scorecard.parallel import say
from bench.scorecard.poisoning import poisoning
from bench.scorecard.reading import golden_answers, largest, planted_leaks
from bench.scorecard.repeats import cache_saving, isolation, pairs, rerun

MINUTES = 75  # and 15 more for ten kills on the embedded model


@dataclass(frozen=True, slots=True)
class Size:
    """How much is tried; None: everything there is."""

    kills: int = 200
    points: int | None = None
    stride: int = 1  # of the N in 'the N-th step fails'
    disks: int = 20
    damages: int | None = None
    pairs: int = 50
    mutants: int = 60
    mutations: int = 1_000  # under each locale
    trainings: int = 10


ROWS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "12", "13", "14", "15", "22", "23", "24", "25")
FULL = Size()
QUICK = Size(kills=3, points=5, stride=40, disks=2, damages=8, pairs=2)
Measure = Callable[[Lab, Reference, Size], list[Figure]]

FAULTS: dict[str, Measure] = {
    "1,5": lambda lab, whole, size: random_kills(lab, whole, size.kills),
    "2": lambda lab, whole, size: [crash_points(lab, whole, size.points)],
    "3": lambda lab, whole, size: [error_sweep(lab, whole, size.stride)],
    "6": lambda lab, whole, size: [full_disks(lab, whole, size.disks)],
    "7": lambda lab, whole, size: [corruption(lab, whole, size.damages)],
    "8": lambda lab, whole, size: [poisoning(lab.root / "poisoning")],
    "9": lambda lab, whole, size: [cache_saving(lab, whole)],
    "13": lambda lab, whole, size: [isolation(lab)],
    "14": lambda lab, whole, size: [pairs(lab, size.pairs)],
    "25": lambda lab, whole, size: [rerun(lab, whole)],
}


def faults(lab: Lab, size: Size, rows: set[str]) -> list[Figure]:
    """Measure those of `rows` that need no model."""
    say("the run without a fault")
    whole = reference(lab)
    figures: list[Figure] = []
    for names, measure in FAULTS.items():
        if rows & set(names.split(",")):
            figures += _timed(f"row {names}", lambda measure=measure: measure(lab, whole, size))  # type: ignore[misc]
    return [one for one in figures if one.row in rows]


def slow(root: Path, size: Size, rows: set[str], kills: int) -> list[Figure]:
    """Measure those of `rows` that load torch, or that run tests; and the kills on the embedded model."""
    figures: list[Figure] = []
    if rows & {"4", "7"}:
        from bench.scorecard.training import resume_exactness, spoiled_trainings

        if "4" in rows:
            figures += _timed("row 4", lambda: [resume_exactness(root / "training", size.trainings)])
        if "7" in rows:
            figures += _timed("row 7, training", lambda: [spoiled_trainings(root / "spoiled")])
    if "25" in rows:
        lab = build_lab(root / "branches")
        suite = set(",".join(FAULTS).split(","))
        figures += _timed("row 25, branches", lambda: [branch_coverage(lab, lambda lab: faults(lab, QUICK, suite))])
        figures += _timed("row 25, mutants", lambda: [mutants_killed(build_lab(root / "mutants"), size.mutants)])
    if "15" in rows:
        figures += _timed("row 15", largest)
    if "22" in rows:
        figures += _timed("row 22", golden_answers)
    if "23" in rows:
        figures += _timed("row 23", lambda: planted_leaks(root / "planted"))
    if rows & {"12", "24"}:
        figures += hostile(build_lab(root / "hostile"), size, rows)
    if kills:
        figures += _timed("row 1, embedded model", lambda: [embedded_kills(root / "embedded", kills)])
    return figures


def hostile(lab: Lab, size: Size, rows: set[str]) -> list[Figure]:
    """Measure the rows on files that somebody damaged or wrote to do harm."""
    figures: list[Figure] = []
    if "12" in rows:
        figures += _timed("row 12", lambda: [mutations(lab, reference(lab).trial, size.mutations)])
    if "24" in rows:
        figures += _timed("row 24", lambda: [hostile_inputs(), connections(lab)])
    return figures


def _timed(title: str, measure: Callable[[], list[Figure]]) -> list[Figure]:
    began = time.monotonic()
    say(title)
    figures = measure()
    say(f"{as_text(figures)}\n  took {time.monotonic() - began:.0f} s")
    return figures


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.scorecard", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few tries of each kind; no model, no mutants")
    parser.add_argument("--rows", default=",".join(ROWS), help="only these, e.g. 1,2,25")
    parser.add_argument("--embedded", type=int, default=0, metavar="N", help="kill N runs on the embedded model too")
    parser.add_argument("--markdown", action="store_true", help="print a table for docs/measurements.md")
    chosen = parser.parse_args()
    rows = set(chosen.rows.split(",")) - {"0"}
    if unknown := rows - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}, and 0 for none")
    if chosen.quick and chosen.embedded:
        parser.error("--quick loads no model; leave it out to kill runs on the embedded one")
    say(f"scorecard: {'about one minute' if chosen.quick else f'about {MINUTES} minutes'} for all rows")
    root = Path(tempfile.mkdtemp(prefix="scorecard-"))
    figures = []
    if rows & set(",".join(FAULTS).split(",")):
        figures += faults(build_lab(root / "faults"), QUICK if chosen.quick else FULL, rows)
    if not chosen.quick:
        figures += slow(root, FULL, rows, chosen.embedded)
    if not figures:
        parser.error("nothing was measured: these rows have no quick form" if chosen.quick else "no row was asked for")
    figures.sort(key=lambda one: int(one.row))
    print(as_markdown(figures) if chosen.markdown else as_text(figures))
    missed = [one for one in figures if not one.passed]
    if missed:
        say(f"{len(missed)} bars missed; what the failing runs left is in {root}")
        return 1
    shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())

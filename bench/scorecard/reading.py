"""Rows 15, 22 and 23: what the largest rows and tasks cost, how answers are read, and which planted leaks are seen."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.scorecard.figures import Figure
from bench.scorecard.lab import ROOT

sys.path.insert(0, str(ROOT / "tests"))

MOST_MEGABYTES = 2_048
LARGE_RECORD = 10_000_000  # characters
GOLDEN = Path(__file__).parent / "answers.jsonl"
READ_RIGHTLY = 0.98
RECALL, FALSE_FLAGS = 0.95, 0.01
_CHECKED = """\
import json, sys
from harness.checking import examine, read_material
from harness.errors import TaskFileError
from pathlib import Path
try:
    print(examine(read_material(Path(sys.argv[1]))).exit_code)
except TaskFileError as fault:
    print(fault)
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check came to, and its cost."""

    said: str
    seconds: float
    megabytes: float  # peak of resident memory


def checked(task: Path) -> Checked:
    """Check a task in a process of its own, whose peak of memory the system tells."""
    code = f"import resource\n{_CHECKED}print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, str(task)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    seconds = time.monotonic() - began
    *said, peak = done.stdout.strip().splitlines() or ["0"]
    return Checked("\n".join(said) if not done.returncode else done.stderr[-300:], seconds, int(peak) / 1024)


def largest(root: Path) -> list[Figure]:
    """Row 15: a task of 100,000 rows, and one of 1,000 with a row of ten million characters."""
    from checked_tasks import SIZES, tickets

    usual = dict(SIZES)
    figures: list[Figure] = []
    try:
        for what, factor, extra in (("100,000 rows", 100, ""), ("a row of 10 MB", 1, "long " * (LARGE_RECORD // 5))):
            SIZES.update({split: count * factor for split, count in usual.items()})
            task = tickets()
            if extra:
                task.add("train", input=extra, target="repair")
            folder = root / what.replace(" ", "_")
            folder.mkdir(parents=True)
            held = checked(task.write(folder))
            holds = held.said in ("0", "1") and held.megabytes <= MOST_MEGABYTES
            note = f"{held.seconds:.1f} s; ended with {held.said}"
            bar = f"at most {MOST_MEGABYTES} MB"
            figures.append(Figure("15", f"check of {what}", f"{held.megabytes:.0f} MB", bar, holds, (note,)))
    finally:
        SIZES.update(usual)
    return figures


def golden_misses(lines: Sequence[str]) -> list[str]:
    """Return the golden answers that a metric calls otherwise than a careful person, each on one line."""
    from harness.records import Example, Message
    from harness.task.plugged import make_metric
    from harness.task.scoring import ResultMetric

    missed: list[str] = []
    for line in lines:
        golden = json.loads(line)
        item = Example(id="", messages=(Message("user", golden["question"]),), target=golden["target"])
        metric = ResultMetric(make_metric(golden["metric"], {golden["metric"]: golden["options"]}))
        is_right = metric.score(golden["answer"], item).value == 1
        if is_right != golden["right"]:
            called = "right" if is_right else "wrong"
            missed.append(f"{golden['metric']}: {golden['answer']!r} for {golden['target']!r} is called {called}")
    return missed


def golden_answers() -> Figure:
    """Row 22: answers as models write them, each labelled right or wrong before any of them was scored."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    missed = golden_misses(lines)
    share = 1 - len(missed) / len(lines)
    figure = f"{share:.1%} of {len(lines)}"
    return Figure(
        "22",
        "answers read as a careful person reads them",
        figure,
        f"{READ_RIGHTLY:.0%}",
        share >= READ_RIGHTLY,
        tuple(missed[:10]),
    )


def planted_leaks(root: Path) -> list[Figure]:
    """Row 23: kinds of leak planted in clean tasks, and rows of clean tasks that are named."""
    from checked_tasks import facts, sums, tickets
    from leak_plants import PLANTS, found_rows

    from harness.checking import examine, read_material

    unseen: list[str] = []
    for plant in PLANTS:
        folder = root / plant.__name__
        folder.mkdir(parents=True)
        if not all(found_rows(plant, folder)[0]):
            unseen.append(plant.__name__)
    recall = 1 - len(unseen) / len(PLANTS)
    flagged, rows = 0, 0
    for make in (tickets, facts, sums):
        folder = root / make.__name__
        folder.mkdir()
        task = make()
        report = examine(read_material(task.write(folder)))
        hits = [hit for found in report.findings if found.severity != "note" for hit in found.hits]
        flagged += len({place for hit in hits for place in hit.rows})
        rows += sum(map(len, task.rows.values()))
    return [
        Figure(
            "23",
            "planted kinds of leak",
            f"{recall:.0%} of {len(PLANTS)}",
            f"{RECALL:.0%}",
            recall >= RECALL,
            tuple(unseen),
        ),
        Figure(
            "23",
            "clean rows named",
            f"{flagged / rows:.1%} of {rows}",
            f"{FALSE_FLAGS:.0%}",
            flagged <= FALSE_FLAGS * rows,
        ),
    ]

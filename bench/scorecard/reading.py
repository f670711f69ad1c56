"""Rows 15, 22 and 23: what the largest rows and tasks cost, how answers are read, and which planted leaks are seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.check_speed import checked, sized
from bench.scorecard.figures import Figure
from harness.checking import examine, read_material
from harness.evidence.forms import Forms
from harness.records import Example, Message, Outcome, Prediction
from harness.task.plugged import make_metric
from harness.task.scoring import ResultMetric

MOST_MEGABYTES = 2_048
LARGE_RECORD = 10_000_000  # characters
GOLDEN = Path(__file__).parent / "answers.jsonl"
READ_RIGHTLY = 0.98
RECALL, FALSE_FLAGS = 0.95, 0.01


def largest() -> list[Figure]:
    """Row 15: a task of 100,000 rows, and one of 1,000 with a row of ten million characters."""
    long = sized(1_000)
    long.add("train", input="long " * (LARGE_RECORD // 5), target="repair")
    figures: list[Figure] = []
    for what, task in (("100,000 rows", sized(100_000)), ("a row of 10 MB", long)):
        done = checked(task)
        bar = f"at most {MOST_MEGABYTES} MB"
        figure, is_held = f"{done.megabytes:.0f} MB", done.megabytes <= MOST_MEGABYTES
        figures.append(Figure("15", f"check of {what}", figure, bar, is_held, (f"{done.seconds:.1f} s",)))
    return figures


@dataclass(frozen=True, slots=True)
class Golden:
    """An answer as a model writes it, labelled before it was scored."""

    metric: str
    options: Mapping[str, object]
    item: Example
    answer: str
    is_right: bool

    @classmethod
    def read(cls, line: str) -> "Golden":
        """Read a line of the file."""
        said = json.loads(line)
        item = Example(id=line, messages=(Message("user", said["question"]),), target=said["target"])
        return cls(said["metric"], said["options"], item, said["answer"], said["right"])


def golden_answers() -> list[Figure]:
    """Row 22: of answers that people call right or wrong, those that a metric calls so, and those lost in silence.

    A right answer is lost in silence where no metric counts it and no form miss is reported; a wrong one where the
    metric calls it right.
    """
    golden = list(map(Golden.read, GOLDEN.read_text(encoding="utf-8").splitlines()))
    forms = {
        name: Forms([one.item for one in golden if one.metric == name], None) for name in {g.metric for g in golden}
    }
    scored, lost = 0, []
    for one in golden:
        metric = ResultMetric(make_metric(one.metric, {one.metric: one.options}))
        is_scored = metric.score(one.answer, one.item).value == 1
        scored += is_scored == one.is_right
        said = Prediction(one.item.id, one.answer, one.answer, Outcome.SCORED, "stop", 1, 1, 0.0)
        is_reported = one.is_right and forms[one.metric].holds(said, one.item)
        if is_scored != one.is_right and not is_reported:
            verb = "right" if is_scored else "wrong"
            lost.append(f"{one.metric}: {one.answer!r} for {one.item.target!r} is called {verb}")
    count, seen = len(golden), len(golden) - len(lost)
    return [
        Figure("22", "answers scored as people score them", f"{scored / count:.1%} of {count}", "none", True),
        Figure(
            "22",
            "the same, with form misses that the report names",
            f"{seen / count:.1%} of {count}",
            f"{READ_RIGHTLY:.0%}",
            seen >= READ_RIGHTLY * count,
            tuple(lost),
        ),
    ]


def planted_leaks(root: Path) -> list[Figure]:
    """Row 23: kinds of leak planted in clean tasks, and rows of clean tasks that are named."""
    from checked_tasks import facts, sums, tickets
    from leak_plants import PLANTS, found_rows

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

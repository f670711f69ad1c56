"""Splits too small for what they are to show."""

from harness.task.check.findings import Finding, Hit, gathered
from harness.task.check.reading import Material

FEWEST_DEV = 20


def find_small_splits(material: Material) -> list[Finding]:
    """Find a dev too small to choose on, and a train smaller than test; `harness.planning` looks at the goal."""
    train, dev, test = (len(material.splits[name]) for name in ("train", "dev", "test"))
    found: list[Finding] = []
    if 0 < dev < FEWEST_DEV:
        hit = Hit((), f"dev has {dev} rows, so one row moves a dev score by {100 / dev:.0f} points")
        remedy = f"give at least {FEWEST_DEV} dev rows"
        found += gathered("few_dev", "warning", "too few rows to choose settings on", remedy, [hit])
    if 0 < train < test:
        hit = Hit((), f"train has {train} rows, test {test}")
        remedy = "fine for prompt and RAG arms; give more training rows before judging tuned ones"
        found += gathered("small_train", "note", "train is smaller than test", remedy, [hit])
    return found

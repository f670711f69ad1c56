"""How often a judge's corrected interval holds the truth, and how wide it is, in worlds whose truth is known.

python -m bench.judge_coverage
"""

import math

import numpy as np

from harness.decision.judge_errors import Answers, Correction, Floats
from harness.decision.judged import corrected
from harness.records import Interval, LabelledJudgement

WORLDS, ITEMS, RATE = 400, 200, 0.7
SKILLS = ((0.95, 0.95), (0.9, 0.7), (0.6, 0.5))  # share of good answers called good, of bad ones called bad
LABELS = (20, 60, 120)


def main() -> None:
    """Print a line for each judge, number of labels and basis."""
    print("good called good, bad called bad | labels | basis | holds the truth | mean width, points")
    for skill in SKILLS:
        for labels in LABELS:
            for basis, world in (("own", _own), ("transferred", _transferred)):
                rng = np.random.default_rng(1)
                found = [world(rng, skill, labels) for _ in range(WORLDS)]
                holds = float(np.mean([one.low <= RATE <= one.high for one in found]))
                width = 100 * float(np.mean([one.high - one.low for one in found]))
                print(f"{skill[0]:.0%}, {skill[1]:.0%} | {labels} | {basis} | {holds:.1%} | {width:.0f}")


def _said(rng: np.random.Generator, truth: Floats, skill: tuple[float, float]) -> Floats:
    return (rng.random(truth.size) < np.where(truth == 1, skill[0], 1 - skill[1])).astype(float)


def _answers(values: Floats, labels: Floats) -> Answers:
    return Answers(values, np.ones(ITEMS), labels, [("item", str(n)) for n in range(ITEMS)], low=0.0)


def _own(rng: np.random.Generator, skill: tuple[float, float], labels: int) -> Interval:
    truth = (rng.random(ITEMS) < RATE).astype(float)
    known = np.where(np.arange(ITEMS) < labels, truth, math.nan)
    return corrected(_answers(_said(rng, truth, skill), known), Correction("own"), 0.025)


def _transferred(rng: np.random.Generator, skill: tuple[float, float], labels: int) -> Interval:
    truth = (rng.random(ITEMS) < RATE).astype(float)
    theirs = (np.arange(labels) % 2).astype(float)
    pairs = zip(theirs, _said(rng, theirs, skill), strict=True)
    sample = tuple(LabelledJudgement(f"dev{n}", None, *map(float, pair)) for n, pair in enumerate(pairs))
    answers = _answers(_said(rng, truth, skill), np.full(ITEMS, math.nan))
    return corrected(answers, Correction("transferred", sample), 0.025)


if __name__ == "__main__":
    main()

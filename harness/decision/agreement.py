"""How far a judge agrees with people: raw, and beyond chance."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from harness.decision.intervals import exact, grouped_mean
from harness.records import Agreement, Interval, LabelledJudgement


def agreement(sample: Sequence[LabelledJudgement]) -> Agreement | None:
    """Compare labels and judgements, each read as bad, tie or good; None without any.

    Cohen's kappa is (agreement - chance) / (1 - chance), where chance is what the two would agree on if they judged
    apart (Cohen 1960, doi:10.1177/001316446002000104). As there, its bounds are those of the agreement, with chance as
    it was seen.
    """
    if not sample:
        return None
    pairs = [(_side(one.label), _side(one.value)) for one in sample]
    same = np.array([float(theirs == said) for theirs, said in pairs])
    raw = _interval(same, [one.group for one in sample])
    chance = _chance(pairs)
    kappa = None
    if chance < 1.0:
        low, middle, high = ((bound - chance) / (1 - chance) for bound in (raw.low, raw.estimate, raw.high))
        kappa = Interval(middle, max(-1.0, low), high, raw.n, raw.method)
    return Agreement(len(sample), raw, kappa)


def _side(value: float) -> int:
    return (value > 0.5) - (value < 0.5)


def _chance(pairs: Sequence[tuple[int, int]]) -> float:
    theirs, said = (Counter(pair[place] for pair in pairs) for place in (0, 1))
    return sum(theirs[side] * said[side] for side in theirs) / len(pairs) ** 2


def _interval(same: "np.ndarray[tuple[int], np.dtype[np.float64]]", groups: Sequence[str | None]) -> Interval:
    counts = Counter(group for group in groups if group is not None)
    if max(counts.values(), default=0) < 2:
        return exact(float(same.sum()), same.size)
    names: dict[object, int] = {}
    labels = [names.setdefault(at if group is None else (group,), len(names)) for at, group in enumerate(groups)]
    return grouped_mean(same, np.array(labels, dtype=np.intp))

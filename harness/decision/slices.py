"""Parts of the test items that have something in common, and what an arm gains on each.

A slice is looked at, never decided on: of many slices a few differ by luck, and a report says so.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.decision.arms import Arm, MetricSpec
from harness.decision.intervals import score_interval
from harness.decision.paired import compare
from harness.records import FEWEST_LABELS, Comparison, Example, Score, Slice

MOST_VALUES = 20  # of one dimension; beyond, it does not group the items
FEWEST_ITEMS = 5  # of a slice, for a gain to be compared on it


def memberships(examples: Sequence[Example]) -> dict[str, dict[str, str]]:
    """Return the dimensions that group the test items, each with the value of every item that has one.

    They are the label (the right answer), the question's length, group, source document, and the columns that the
    prompt shows or `data.slices` names.
    """
    found: dict[str, dict[str, str]] = {
        "label": {example.id: example.target for example in examples},
        "length of the question": _lengths(examples),
        "group": {example.id: example.group for example in examples if example.group is not None},
        "source document": {example.id: example.evidence[0] for example in examples if example.evidence},
    }
    for example in examples:
        for column in (*example.columns, *example.slices):
            found.setdefault(f"column {column.name}", {})[example.id] = column.text
    return {name: values for name, values in found.items() if _groups(values)}


def _groups(values: Mapping[str, str]) -> bool:
    """Whether values put items together: several of them, and fewer than half as many as items."""
    kinds = len(set(values.values()))
    return 2 <= kinds <= MOST_VALUES and 2 * kinds <= len(values)


def _lengths(examples: Sequence[Example]) -> dict[str, str]:
    """Sort questions into thirds by their characters; equal lengths stay together."""
    lengths = sorted(len(example.question.text) for example in examples)
    if not lengths:
        return {}
    first, second = lengths[len(lengths) // 3], lengths[2 * len(lengths) // 3]
    names = (f"short, under {first} characters", f"middle, {first} to {second - 1}", f"long, from {second} characters")
    return {
        example.id: names[(len(example.question.text) >= first) + (len(example.question.text) >= second)]
        for example in examples
    }


@dataclass(frozen=True)
class _Part:
    """An arm on some of its items."""

    arm: Arm
    items: frozenset[str]

    @property
    def name(self) -> str:
        return self.arm.name

    @property
    def scores(self) -> Mapping[str, Score]:
        return {item: score for item, score in self.arm.scores.items() if item in self.items}


def slice_gains(examples: Sequence[Example], arm: Arm, against: Arm, metric_spec: MetricSpec) -> tuple[Slice, ...]:
    """Compare two arms on every slice, the largest of each dimension first."""
    found = []
    for dimension, values in memberships(examples).items():
        for value, _ in Counter(values.values()).most_common():
            items = frozenset(item for item, own in values.items() if own == value)
            parts = _Part(arm, items), _Part(against, items)
            lead, other = (list(part.scores.values()) for part in parts)
            figures = [_figure(own, metric_spec) if own else None for own in (lead, other)]
            gain = _compare(*parts, metric_spec)
            found.append(Slice(dimension, value, len(lead), figures[0], figures[1], gain))
    return tuple(found)


def _figure(scores: Sequence[Score], metric_spec: MetricSpec) -> float | None:
    """Return the figure of some items; None where it is a judge's and cannot be corrected, or rests on few labels."""
    correction = metric_spec.correction
    if correction is None:
        return metric_spec.aggregate(scores)
    labelled = sum(not math.isnan(score.parts[1]) for score in scores if score.parts[1:] and score.parts[0])
    if correction.basis == "own" and 0 < labelled < FEWEST_LABELS:
        return None
    found = score_interval(scores, metric_spec)
    return None if found.is_uncorrected else found.estimate


def _compare(arm: _Part, against: _Part, metric_spec: MetricSpec) -> Comparison | None:
    return compare(arm, against, metric_spec, 0.0) if len(arm.scores) >= FEWEST_ITEMS else None

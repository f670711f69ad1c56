"""Test items asked in rounds: in which order, how many a round, and what bounds hold wherever an arm was stopped.

Each one-sided chance of error is split. A fifth goes to a confidence sequence (`harness.decision.sequence`), which
holds at every number of items at once; the rest to the usual interval, of which only an arm with all items makes use.
Either errs in its part at most, so by the union bound a claim errs in no more than the whole, whatever rule says when
to stop. What the sequence has shown on fewer items stays shown as long as the figure does not go beyond it.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from harness.decision.judge_errors import cluster_of
from harness.decision.sequence import Floats, lower_bound, upper_bound
from harness.decision.words import percent
from harness.records import Interval

# Of a chance of error, for the sequence. At twice the smallest gain that a whole run detects, a third would ask 2 to 3
# points of the items less than the 31 to 42% of a fifth; at once that gain it costs 4 to 5 points of power, and a fifth
# 2 to 3 (bench/betting_choices.py).
PART = 0.2
ROUNDS = 6  # four ask 2 to 5 points of the items more at twice that gain, and twelve 1 to 4 fewer
FEWEST = 30  # items of a round

Clusters = tuple[tuple[str, ...], ...]


def in_order(groups: Mapping[str, str | None], seed: int) -> Clusters:
    """Return the test items in the order in which they are asked, group by group.

    Groups are sorted by a hash of their name and the seed: at random with regard to everything that an arm's answers
    depend on, and the same on every machine and with every version of a library. So the items that were asked are as
    good as drawn from all of them.

    Args:
        groups: Group of every test item; None stands for a group of its own.
        seed: The task's.
    """
    members: dict[tuple[str, str], list[str]] = {}
    for item, group in groups.items():
        members.setdefault(cluster_of(item, group), []).append(item)

    def drawn(cluster: tuple[str, str]) -> bytes:
        return hashlib.sha256("\0".join((str(seed), *cluster)).encode("utf-8", "surrogatepass")).digest()

    return tuple(tuple(members[cluster]) for cluster in sorted(members, key=drawn))


def rounds(clusters: Clusters, most: int = ROUNDS) -> list[int]:
    """Return how many items have been asked when each of `most` rounds ends: whole groups, all items in the last."""
    ends = np.cumsum([len(cluster) for cluster in clusters]).tolist()
    total, found = ends[-1] if ends else 0, [0]
    step = max(FEWEST, math.ceil(total / most))
    for end in ends:
        if end - found[-1] >= step and total - end >= FEWEST:
            found.append(end)
    return [*found[1:], total]


@dataclass(frozen=True)
class Asking:
    """How the test items of an adaptive run were asked."""

    clusters: Clusters  # all test items, in the order of asking
    asked: Mapping[str, int] = field(default_factory=dict)  # items that each arm was asked

    @cached_property
    def count(self) -> int:
        """Test items in all."""
        return sum(map(len, self.clusters))

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Place of every item's group in the order of asking."""
        return {item: place for place, cluster in enumerate(self.clusters) for item in cluster}

    @cached_property
    def largest(self) -> int:
        """Items of the largest group."""
        return max(map(len, self.clusters), default=1)

    def is_whole(self, *arms: str) -> bool:
        """Whether each of these arms was asked every item; what is not an arm of the run was."""
        return all(self.asked.get(arm, self.count) == self.count for arm in arms)

    def bounded(self, values: Mapping[str, float], usual: Interval | None, least: float, tail: float) -> Interval:
        """Return the bounds of a mean at which nothing is lost by having looked before.

        Args:
            values: By item, those that were measured; each in [least, 1].
            usual: Where all items were asked, the interval that leaves `of_whole(tail)` on each side.
            least: The smallest possible value, 0 or -1.
            tail: Chance on each side.
        """
        low, high = self._sequence(values, least, PART * tail)
        estimate = math.fsum(values.values()) / len(values)
        method = f"betting sequence {percent(PART * tail)}"
        if usual is not None:
            estimate, low, high = usual.estimate, max(low, usual.low), min(high, usual.high)
            method = f"{usual.method} and {method}"
        return Interval(estimate, min(low, estimate), max(high, estimate), len(values), method)

    def _sequence(self, values: Mapping[str, float], least: float, tail: float) -> tuple[float, float]:
        totals, sizes = self._by_group(values, least)
        width = 1 - least
        low = lower_bound(totals, sizes, self.largest, tail)
        high = upper_bound(totals, sizes, self.largest, tail)
        return least + width * low, least + width * high

    def _by_group(self, values: Mapping[str, float], least: float) -> tuple[Floats, Floats]:
        """Sum the values of each group, moved into [0, 1], in the order of asking."""
        places = np.array([self.places[item] for item in values], dtype=np.intp)
        sizes = np.bincount(places).astype(np.float64)
        moved = (np.fromiter(values.values(), np.float64) - least) / (1 - least)
        totals = np.bincount(places, moved).astype(np.float64)
        return totals[sizes > 0], sizes[sizes > 0]


def of_whole(tail: float) -> float:
    """Return the part of a chance of error that is left to the usual interval."""
    return (1 - PART) * tail


def first(clusters: Clusters, count: int) -> Iterator[str]:
    """Yield the items of the first groups, while they hold at most `count`."""
    asked = 0
    for cluster in clusters:
        asked += len(cluster)
        if asked > count:
            return
        yield from cluster

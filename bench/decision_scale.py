"""What deciding costs: CPU seconds and memory of one decision, by arms and items; and how each grows.

    OMP_NUM_THREADS=1 python -m bench.decision_scale [--arms 4,8,16] [--items 1000,4000,16000] [--adaptive]

Synthetic arms, the real decision code, each size in a process of its own. The last lines fit a power of the number of
items and of arms to the largest sizes. `--adaptive` measures a look of `compare --adaptive`, all items asked.
"""

import json
import math
import resource
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise

import click
import numpy as np

from bench.decision_worlds import LIMITS, METRIC, World, draw, evidence_of
from harness.decision import decide
from harness.planning.worlds import mean
from harness.records import Family


@click.command()
@click.option("--arms", default="4,8,16")
@click.option("--items", default="1000,4000,16000")
@click.option("--adaptive", is_flag=True, help="With the bounds of items asked in rounds.")
@click.option("--alone", is_flag=True, hidden=True, help="Decide once, here, and print what it took.")
def main(arms: str, items: str, adaptive: bool, alone: bool) -> None:
    """Print a table of what each size took."""
    if alone:
        print(json.dumps(measured(int(arms), int(items), is_adaptive=adaptive)))
        return
    counts, sizes = ([int(number) for number in given.split(",")] for given in (arms, items))
    found = {}
    print("| arms | items | CPU s | MB above the evidence |\n|---|---|---|---|")
    for count in counts:
        for size in sizes:
            command = ["-m", "bench.decision_scale", "--alone", "--arms", str(count), "--items", str(size)]
            command += ["--adaptive"] if adaptive else []
            done = subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True)
            seconds, memory = json.loads(done.stdout)
            found[count, size] = seconds
            print(f"| {count} | {size:,} | {seconds:.2f} | {memory:.0f} |", flush=True)
    if len(sizes) > 1:
        print(f"time grows with items to the power of {power(found, [(counts[-1], size) for size in sizes], 1):.2f}")
    if len(counts) > 1:
        print(f"time grows with arms to the power of {power(found, [(count, sizes[-1]) for count in counts], 0):.2f}")


def measured(arms: int, items: int, *, is_adaptive: bool = False) -> tuple[float, float]:
    """Return the CPU seconds of one decision, and what it added to the most memory that was held, in MB."""
    kinds: tuple[Family, ...] = ("prompt", "rag", "tune", "combine")
    families = tuple(sorted((kinds[number % 4] for number in range(arms)), key=kinds.index))
    rates = tuple(0.4 + 0.4 * number / arms for number in range(arms))
    world = World(families, rates, items)
    scores = draw(world, np.random.default_rng(31_007))
    evidence = [
        evidence_of(f"arm{number}", family, own, dev_score=rate)
        for number, (family, own, rate) in enumerate(zip(families, scores, rates, strict=True))
    ]
    before, began = _peak(), time.process_time()
    decide(
        evidence,
        [],
        replace(LIMITS, is_adaptive=is_adaptive),
        primary_metric=METRIC,
        metric_kind="rate",
        aggregate=mean,
        groups=dict.fromkeys(map(str, range(items))),
        constant_scores=None,
        planned_arms=[one.fit.name for one in evidence],
    )
    return time.process_time() - began, _peak() - before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def power(found: dict[tuple[int, int], float], places: list[tuple[int, int]], axis: int) -> float:
    """Return the exponent between the two largest sizes along one axis."""
    *_, (small, large) = pairwise(places)
    return math.log(found[large] / found[small]) / math.log(large[axis] / small[axis])


if __name__ == "__main__":
    main()

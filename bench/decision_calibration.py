"""Does the decision keep its promises? Synthetic worlds, the real decision code, no model.

    OMP_NUM_THREADS=1 python bench/decision_calibration.py [--runs 300] [--seed 90210] [--only false,right,...]

Prints a table a promise with its bar, and ends with 1 when a bar is missed. The seed was never used while the rules
were made. Each world is drawn with its arms' answers correlated, as hard items are hard for all. The gate has a script
of its own (gate_calibration.py). Small runs of the same functions are tests (tests/decision/test_calibration.py).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import click
import numpy as np
from adaptive_worlds import false_by_rounds, smallest_detectable, spent
from decision_worlds import (
    SHAPES,
    World,
    coverage_cells,
    false_verdicts,
    gain_when_shown,
    right_verdicts,
    settled_at_named_size,
    worlds,
)
from recipe_worlds import new_run_coverage
from scipy import stats

from harness.records import Family

NEVER_ABOVE = 0.075  # of false verdicts of a kind, in any cell; the binomial noise of a cell beside it
USUALLY_BELOW = 0.062


@dataclass(frozen=True)
class Row:
    """One figure against its bar."""

    what: str
    figure: float
    bar: str
    holds: bool

    def __str__(self) -> str:
        """The line that is printed."""
        return f"  {self.what:66s} {self.figure:7.1%}   {self.bar:12s} {'' if self.holds else 'MISSED'}"


def at_least(what: str, figure: float, bar: float) -> Row:
    """Hold a figure against a lower bar."""
    return Row(what, figure, f">= {bar:.0%}", figure >= bar)


def at_most(what: str, figure: float, bar: float) -> Row:
    """Hold a figure against an upper bar."""
    return Row(what, figure, f"<= {bar:.1%}", figure <= bar)


# ---- false verdicts -------------------------------------------------------------------------


def false_cells() -> Iterator[tuple[str, World]]:
    """List the cells: independent, grouped and graded worlds, of 2 to 8 arms and 30 to 2,000 items."""
    for arms in (2, 4, 8):
        for name, world in worlds(arms):
            for items in (30, 100, 500, 2000) if arms < 8 else (100, 500):
                yield f"{arms} arms, {name}, n={items}", replace(world, items=items)
            yield f"{arms} arms, {name}, graded, n=100", replace(world, items=100, is_graded=True)
    for arms in (2, 4):
        for name, world in worlds(arms):
            for shape, sizes in SHAPES.items():
                for within in (0.1, 0.5, 0.9):
                    part = {"shared": 0.4 * (1 - within), "grouped": within / 2, "both": within / 2}
                    grouped = replace(world, items=sum(sizes), sizes=sizes, **part)
                    yield f"{arms} arms, {name}, {shape}, r={within}", grouped


def false_rows(runs: int, seed: int) -> Iterator[Row]:
    """No kind of false verdict above 7.5% in any cell, and at most the 99% binomial limit of cells above 6.2%."""
    found = [
        (f"{name}: {kind}", count / runs)
        for index, (name, world) in enumerate(false_cells())
        for kind, count in false_verdicts(world, runs, seed + index).items()
    ]
    yield from few_are_false(found, runs)


def few_are_false(found: Sequence[tuple[str, float]], runs: int) -> Iterator[Row]:
    """Hold the shares of false verdicts, cell by cell, against the two bars."""
    noise = (
        float(stats.binom.isf(1 / len(found), runs, NEVER_ABOVE)) / runs
    )  # what one cell at the bar reaches by chance
    for name, share in sorted(found, key=lambda cell: -cell[1])[:8]:
        yield at_most(name, share, noise)
    above = sum(share > USUALLY_BELOW for _, share in found)
    chance = float(stats.binom.sf(int(USUALLY_BELOW * runs), runs, 0.05))
    limit = float(stats.binom.isf(0.01, len(found), chance))
    yield at_most(f"of {len(found)} cells, above {USUALLY_BELOW:.1%}", above / len(found), limit / len(found))


# ---- right verdicts -------------------------------------------------------------------------


def right_rows(runs: int, seed: int) -> Iterator[Row]:
    """What is so is said: in 80%, and with more items not less often."""
    sizes = (40, 100, 200, 500, 2000)
    gains = (0.33, 0.22, 0.16, 0.11, 0.065)
    for index, (items, gain) in enumerate(zip(sizes, gains, strict=True)):
        for family, action in (("tune", "fine_tune"), ("rag", "rag")):
            other: Family = "rag" if family == "tune" else "tune"
            families: tuple[Family, ...] = ("prompt", family, other)  # type: ignore[assignment]
            rates = (0.5, 0.5 + gain, 0.5 if other == "rag" else 0.5 + gain)
            world = World(families, rates, items, goal=0.5 + gain)
            share = right_verdicts(world, action, runs, seed + index, arm="arm1")
            yield at_least(f"{family} +{gain:.1%} to the goal, n={items}", share, 0.8)
    before = 0.0
    for items in (60, 120, 500, 2000):
        world = World(("prompt", "rag", "tune"), (0.10, 0.75, 0.10), items)
        share = right_verdicts(world, "rag", runs, seed)
        yield at_least(f"RAG .10 to .75, goal .90, n={items}", share, max(0.8, before - 0.02))
        before = share
    for rate, items in ((0.98, 100), (0.965, 200), (0.94, 500), (0.925, 2000)):
        alone = World(("prompt", "tune"), (rate, rate), items)
        yield at_least(f"prompt at {rate}, n={items}", right_verdicts(alone, "prompt", runs, seed), 0.85)
        three = World(("prompt", "prompt", "prompt", "tune"), (rate, rate - 0.1, rate - 0.1, rate), items)
        yield at_least(
            f"prompt at {rate}, two weaker ones, n={items}", right_verdicts(three, "prompt", runs, seed), 0.8
        )
    lot = World(("prompt", "prompt", "tune"), (0.25, 0.25, 0.25), 120)  # the arms of tasks/random_labels
    many = 4 * runs  # the bars of rethink lie close together
    yield at_least("four labels by lot, n=120: rethink", right_verdicts(lot, "rethink", many, seed), 0.95)
    for name, world in (
        ("with retrieval", World(("prompt", "rag", "tune"), (0.25, 0.25, 0.25), 120)),
        ("two labels", replace(lot, rates=(0.5, 0.5, 0.5))),
    ):
        yield Row(
            f"labels by lot, {name}, n=120: rethink", right_verdicts(world, "rethink", runs, seed), "stated", True
        )
    for start in (0.25, 0.5):
        for items in (30, 60, 120):
            world = World(("prompt", "tune"), (start, start + 0.15), items)
            share = right_verdicts(world, "rethink", many, seed)
            yield at_most(f"tuning truly +15 from {start}, n={items}: rethink", share, 0.10)
    alone = World(("prompt", "tune"), (0.5, 0.66), 200)
    twins = World(("prompt", "tune", "tune"), (0.5, 0.66, 0.66), 200)
    lone = right_verdicts(alone, "fine_tune", runs, seed)
    twin = right_verdicts(twins, "fine_tune", runs, seed, arm="arm2", failing=[1])
    yield at_least("twin of an arm that fails the gate, share of what it has alone", twin / lone, 0.9)


# ---- intervals, sizes and estimates ----------------------------------------------------------


def coverage_rows(runs: int, seed: int) -> Iterator[Row]:
    """Every interval holds the truth in 93%, the exact ones in 95%, less three Monte Carlo errors."""
    random = np.random.default_rng(seed)
    for cell in coverage_cells(random):
        share, claims = cell.coverage(cell.runs(runs))
        bar = 0.95 if cell.is_exact else 0.93
        error = 3 * np.sqrt(bar * (1 - bar) / max(1, cell.runs(runs)))
        name = cell.name if claims == 1 else f"{cell.name} (a claim in {claims:.0%})"
        yield Row(name, share, f">= {bar:.0%}", share >= bar - error)


def size_rows(runs: int, seed: int) -> Iterator[Row]:
    """With the items named, 78 to 84% of worlds get the verdict they are for, within three Monte Carlo errors."""
    error = 3 * np.sqrt(0.16 / runs)
    for name, share, items in settled_at_named_size(runs, seed):
        yield Row(f"{name}: {items} items named", share, "78 to 84%", 0.78 - error <= share <= 0.84 + error)


def curse_rows(runs: int, seed: int) -> Iterator[Row]:
    """Beside a shown gain stands an honest estimate: half of them lie below the truth."""
    for power, found in gain_when_shown(runs, seed):
        below = float(np.mean(found.honest < found.truth))
        name = f"gain of {found.truth:.0%}, shown in {power:.0%}: mean seen {found.seen.mean():.1%}, honest"
        yield Row(f"{name} {found.honest.mean():.1%}; below the truth", below, "40 to 60%", 0.4 <= below <= 0.6)


def recipe_rows(runs: int, seed: int) -> Iterator[Row]:
    """The next training run lies in its prediction interval: 90% with two seeds, 92% with more."""
    for name, share, width in new_run_coverage(runs, seed):
        bar = 0.90 if name.startswith("2 ") else 0.92
        error = 3 * np.sqrt(bar * (1 - bar) / runs)
        yield Row(f"{name} (width {width:.0%})", share, f">= {bar:.0%}", share >= bar - error)


# ---- items asked in rounds ---------------------------------------------------------------------


def adaptive_cells() -> Iterator[tuple[str, World]]:
    """List some of the cells of `false_cells`: independent, graded and grouped."""
    for arms in (2, 4):
        for name, world in worlds(arms):
            for items in (100, 500):
                yield f"{arms} arms, {name}, n={items}", replace(world, items=items)
            yield f"{arms} arms, {name}, graded, n=100", replace(world, items=100, is_graded=True)
            for shape in ("20 x 10", "40 unequal"):
                sizes, part = SHAPES[shape], {"shared": 0.2, "grouped": 0.25, "both": 0.25}
                yield f"{arms} arms, {name}, {shape}, r=0.5", replace(world, items=sum(sizes), sizes=sizes, **part)


def adaptive_rows(runs: int, seed: int) -> Iterator[Row]:
    """Asked in rounds: false verdicts as in whole runs; half the items at twice the smallest gain that those detect."""
    found, shares = [], []
    for index, (name, world) in enumerate(adaptive_cells()):
        counts, share = false_by_rounds(world, runs, seed + index)
        found += [(f"{name}: {kind}", count / runs) for kind, count in counts.items()]
        shares.append(share)
    yield from few_are_false(found, runs)
    yield Row("items asked in these cells, on average", float(np.mean(shares)), "stated", True)
    for families in (("prompt", "tune"), ("prompt", "prompt", "rag", "tune")):
        for items in (200, 500):
            for base in (0.3, 0.5):
                yield from spent_rows(families, items, base, 2 * runs, seed)


def spent_rows(families: tuple[Family, ...], items: int, base: float, runs: int, seed: int) -> Iterator[Row]:
    """Power and items at once and at twice the gain that a whole run of two arms shows in 80%; the goal is 95%."""
    plain = World(families, (base,) * len(families), items, goal=0.95)
    least = smallest_detectable(base, plain, seed)
    for times, lost in ((1, 0.05), (2, 0.0)):
        world = replace(plain, rates=(*plain.rates[:-1], base + times * least))
        found = spent(world, runs, seed + times)
        name = f"{len(families)} arms, +{times * least:.1%} from {base}, n={items}"
        error = 3 * np.sqrt(found.discordant / runs)
        bar = found.whole_power - lost - error
        yield Row(f"{name}: power (whole {found.whole_power:.1%})", found.power, f">= {bar:.1%}", found.power >= bar)
        asked = float(np.mean(list(found.share.values())))
        worst = max(found.share[name] for name in found.pair)
        is_bounded = times == 2 and len(families) == 2
        text = f"{name}: items asked, all arms {asked:.0%}, of the pair"
        yield at_most(text, worst, 0.5) if is_bounded else Row(text, worst, "stated", True)


TABLES: dict[str, Callable[[int, int], Iterator[Row]]] = {
    "false": false_rows,
    "right": right_rows,
    "coverage": coverage_rows,
    "sizes": size_rows,
    "curse": curse_rows,
    "recipe": recipe_rows,
    "adaptive": adaptive_rows,
}


@click.command()
@click.option("--runs", default=300, help="Worlds a cell; coverage has ten times as many.")
@click.option("--seed", default=90_210)
@click.option("--only", default=",".join(TABLES), help="Tables, separated by commas.")
def main(runs: int, seed: int, only: str) -> None:
    """Print the tables; exit with 1 when a bar is missed."""
    missed = sum(print_table(name, list(TABLES[name](runs, seed))) for name in only.split(","))
    raise SystemExit(min(1, missed))


def print_table(name: str, rows: Sequence[Row]) -> int:
    """Print a table and return how many bars it misses."""
    print(f"{name}: {(TABLES[name].__doc__ or '').strip()}")
    print(*rows, sep="\n", flush=True)
    return sum(not row.holds for row in rows)


if __name__ == "__main__":
    main()

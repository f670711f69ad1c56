"""Does the gate see what it should? Synthetic tunings of a base like the embedded one, the real gate, no model.

    OMP_NUM_THREADS=1 python -m bench.gate_calibration [--runs 400] [--only regress]

Prints a row a tuning, and exits with 1 when a bar is missed. Quick runs of the same functions are part of the tests
(tests/decision/test_gate_calibration.py), with other seeds.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import click
from scipy import stats

from bench.gate_worlds import BLIND_WORLD, EMBEDDED, BenchmarkWorld, Tuning, states

SEED = 7_919_000  # first used for the table in docs/measurements.md
REGRESS_ERROR = 0.01
STATES = ("pass", "inconclusive", "fail", "cannot_judge")


@dataclass(frozen=True)
class Bar:
    """What a share of states must be."""

    states: tuple[str, ...]
    at_least: float = 0.0
    at_most: float = 1.0
    is_level: bool = False  # a test's own level at the edge of its null: chance alone exceeds it in half of all tables

    def __str__(self) -> str:
        side = f"at least {self.at_least:.0%}" if self.at_least else f"at most {self.at_most:.0%}"
        return f"{' or '.join(self.states)} {side}"

    def holds(self, found: Mapping[str, float], runs: int) -> bool:
        """Whether the shares keep it; a level, up to what a test of that level exceeds in one table of 100."""
        most = float(stats.binom.ppf(0.99, runs, self.at_most)) / runs if self.is_level else self.at_most
        return self.at_least <= sum(found[state] for state in self.states) <= most


@dataclass(frozen=True)
class Row:
    """One tuning and its bars."""

    name: str
    tuning: Tuning
    bars: tuple[Bar, ...] = ()
    world: tuple[BenchmarkWorld, ...] = EMBEDDED
    error: float = 0.05


HARMFUL = Tuning(drop=0.03)
LEVEL = Bar(("pass",), at_most=0.05, is_level=True)
ROWS = (
    Row("harmless, 12% flips", Tuning(), (Bar(("pass",), at_least=0.80), Bar(("fail",), at_most=0.05))),
    Row("loss = limit", HARMFUL, (LEVEL,)),
    Row(
        "blind guesser",
        Tuning(is_blind=True),
        (Bar(("fail", "cannot_judge"), at_least=0.95), Bar(("pass",), at_most=0.01)),
    ),
    Row(
        "blind guesser, base near chance",
        Tuning(is_blind=True),
        (Bar(("fail", "cannot_judge"), at_least=0.95), Bar(("pass",), at_most=0.01)),
        BLIND_WORLD,
    ),
    Row("off-task 20%", Tuning(off_task=0.20), (Bar(("fail",), at_least=0.80), Bar(("pass",), at_most=0.01))),
    Row("off-task 10%", Tuning(off_task=0.10), (Bar(("pass", "fail"), at_most=0.10),)),
    Row("text loss +0.25", Tuning(text_loss=0.25), (LEVEL, Bar(("fail",), at_most=0.05))),
    Row("text loss +0.40", Tuning(text_loss=0.40), (Bar(("fail",), at_least=0.95),)),
    Row("20 points on one benchmark", Tuning(drop=0.20, only="continuation"), (Bar(("fail",), at_least=0.80),)),
    Row("8 points everywhere", Tuning(drop=0.08), (Bar(("fail",), at_least=0.80),)),
    Row("regress: harmless", Tuning(), (Bar(("fail",), at_most=0.01),), error=REGRESS_ERROR),
    Row("regress: against itself", Tuning(flips=0.0, text_loss=0.0, text_spread=1e-6, off_task=0.0),
        (Bar(("fail",), at_most=0.01), Bar(("pass",), at_least=0.99)), error=REGRESS_ERROR),
    Row("regress: blind guesser", Tuning(is_blind=True), (Bar(("fail",), at_least=0.95),), error=REGRESS_ERROR),
)  # fmt: skip


@click.command()
@click.option("--runs", default=400, help="Tunings a row.")
@click.option("--items", default=750, help="Benchmark items in all.")
@click.option("--only", default="", help="Rows with these words in their name.")
def main(runs: int, items: int, only: str) -> None:
    """Print the table, and end with 1 when a bar is missed."""
    print(f"The gate at {items} benchmark items, {runs} runs a row\n")
    print(f"| tuning | {' | '.join(STATES)} | bar | held |\n|{'---|' * (len(STATES) + 3)}")
    missed = 0
    for place, row in enumerate(ROWS):
        if only not in row.name:
            continue
        found = states(row.tuning, runs, SEED + place, items, row.world, row.error)
        held = all(bar.holds(found, runs) for bar in row.bars)
        missed += not held
        shares = " | ".join(f"{found[state]:.1%}" for state in STATES)
        print(f"| {row.name} | {shares} | {'; '.join(map(str, row.bars))} | {'yes' if held else 'NO'} |", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

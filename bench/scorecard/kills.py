"""Rows 1, 2 and 5: the run's processes are killed, and the run continues.

Rows 1 and 5 kill at uniform random times: every process of the run, the orchestrator alone, or its worker alone, by
turns. Row 2 kills at every named point of a write, sync, rename, commit and lock.
"""

import random
import statistics
import time
from dataclasses import dataclass

from bench.scorecard.figures import Figure, share
from bench.scorecard.judging import Reference, discard, resumed
from bench.scorecard.lab import Lab
from bench.scorecard.parallel import each
from bench.scorecard.runs import Trial, Victim, kill, read_result, wait

SEED = 20260101
BATCH = 4  # prompts that the stub's runs ask at a time
PACE = "0.02"  # seconds a batch, so that a kill often comes between two


VICTIMS: tuple[Victim, ...] = ("all", "orchestrator", "worker")
FEWEST_FOR_A_MEAN = 20
NO_CACHE = ("--no-cache",)


@dataclass(frozen=True, slots=True)
class Kill:
    """What one random kill led to."""

    landed: bool
    lost: int = 0
    doubled: int = 0
    fault: str = ""
    redone: int = 0  # prompts asked again
    is_cached: bool = True


def random_kills(lab: Lab, whole: Reference, count: int) -> list[Figure]:
    """Kill `count` runs at uniform random times of their life and let each continue to its end.

    By turns with the cache of answers and without, where the ledger alone knows what is done.
    """
    lives = list(each("timing", lambda n: _life(lab, n), range(2)))
    asked = {True: whole.asked, False: lives[1][1]}
    draw = random.Random(SEED)
    landed: list[Kill] = []
    number = 0
    while len(landed) < count:
        wanted = range(number, number + count - len(landed))
        number = wanted.stop
        delays = [(n, draw.uniform(0, max(seconds for seconds, _ in lives))) for n in wanted]
        tried = each("random kills", lambda one: _killed(lab, whole, asked, *one), delays)
        landed += [one for one in tried if one.landed]
    return [_losses(landed), *([_redone(landed)] if count >= FEWEST_FOR_A_MEAN else [])]


def _losses(kills: list[Kill]) -> Figure:
    faults = [one.fault for one in kills if one.fault]
    lost, doubled = sum(one.lost for one in kills), sum(one.doubled for one in kills)
    bound = f" (95% upper bound of the rate: {min(3 / len(kills), 1):.1%})" if not faults else ""
    what = f"examples lost / doubled over {len(kills)} SIGKILLs at random times, and results that differ"
    figure = f"{lost} / {doubled}, {len(faults)}{bound}"
    return Figure("1", what, figure, "0 / 0, 0", not (lost or doubled or faults), tuple(faults[:5]))


def _redone(kills: list[Kill]) -> Figure:
    """Take the mean over the kills with the cache and over those where the ledger alone knows what is done."""
    found = {how: [one.redone for one in kills if one.is_cached is how] for how in (True, False)}
    means = {how: statistics.mean(redone) for how, redone in found.items() if redone}
    words = {True: "with the cache", False: "without"}
    figure = ", ".join(f"{words[how]} {mean:.2f} (largest {max(found[how])})" for how, mean in means.items())
    what = f"prompts asked again after a kill, mean of {len(kills)}"
    note = "the largest fall among the benchmark items of one set of weights, which are one transaction"
    return Figure("5", what, figure, f"each at most one batch, {BATCH}", max(means.values()) <= BATCH, (note,))


def crash_points(lab: Lab, whole: Reference, most: int | None) -> Figure:
    """Kill a run at every named point: its first, middle and last passing; then let it continue.

    Args:
        lab: Where.
        whole: The run without a fault, which knows the points.
        most: Only so many of them, drawn by a seed; None: all.
    """
    wanted = [(point, nth) for point, often in whole.points.items() for nth in sorted({1, (often + 1) // 2, often})]
    if most is not None:
        wanted = random.Random(SEED).sample(wanted, min(most, len(wanted)))
    named = list(enumerate(wanted))
    faults = list(each("crash points", lambda one: _crashed(lab, whole, f"point{one[0]}", *one[1]), named))
    names = len({point for point, _ in wanted})
    note = f"{names} names: before, within and after each write, sync, rename, commit, lock and its release"
    return share("2", "crash points survived", [f for f in faults if f], len(wanted), [note])


def _life(lab: Lab, number: int) -> tuple[float, int]:
    """Run once, with the cache (0) or without (1); return its seconds and the prompts that it asked."""
    trial = Trial.new(lab, f"life{number}", options=NO_CACHE * number)
    return trial.run(SCORECARD_PACE=PACE).seconds, len(trial.calls)


def _killed(lab: Lab, whole: Reference, asked: dict[bool, int], number: int, delay: float) -> Kill:
    is_cached = number % 2 == 0
    trial = Trial.new(lab, f"kill{number}", options=() if is_cached else NO_CACHE)
    began = time.monotonic()
    process = trial.start(SCORECARD_PACE=PACE)
    time.sleep(delay)
    victim = VICTIMS[number // 2 % 3]
    landed = kill(process, victim)
    ending = wait(process, began)
    if not landed or (ending.code == 0 and victim != "worker"):
        discard(trial, "")
        return Kill(landed=False)
    fault = "" if victim != "worker" or ending.code == 0 else f"the run ended with exit code {ending.code}"
    fault = fault or resumed(trial, whole.result)
    lost = doubled = 0
    if fault and (trial.folder / "items.parquet").exists():
        result = read_result(trial.folder)
        lost, doubled = result.lost(whole.result), result.doubled()
    redone = len(trial.calls) - asked[is_cached]
    discard(trial, fault)
    said = f"{victim} killed after {delay:.2f} s: {fault}" if fault else ""
    return Kill(True, lost, doubled, said, redone, is_cached)


def _crashed(lab: Lab, whole: Reference, name: str, point: str, nth: int) -> str:
    trial = Trial.new(lab, name)
    ending = trial.run({"kind": "kill", "point": point, "nth": nth})
    if not trial.count("fired"):
        fault = f"the point was not reached (exit code {ending.code})"
    elif ending.code != -9:
        fault = f"not killed, exit code {ending.code}"
    else:
        fault = resumed(trial, whole.result)
    discard(trial, fault)
    return f"{point} ({nth}): {fault}" if fault else ""

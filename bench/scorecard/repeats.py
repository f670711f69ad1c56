"""Rows 9, 13, 14 and 25: the same task again, beside an arm that dies, and beside itself."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.scorecard.figures import Figure, share
from bench.scorecard.judging import Reference, discard, resumed
from bench.scorecard.lab import ARMS, Lab
from bench.scorecard.parallel import each
from bench.scorecard.runs import Ending, Result, Trial, read_result, wait
from harness.cli.exit_codes import Exit

MOODS = ("out of memory", "memory error", "NaN", "segmentation fault", "hang")
STALL_MINUTES = 0.1
PACE = "0.05"  # seconds a batch: the first of two runs is still at work when the second asks
IN_USE = "another run is using"


def cache_saving(lab: Lab, whole: Reference) -> Figure:
    """Run the same task again in the same folder, and in a new one with the same cache."""
    again = Trial.new(lab, "again")
    again.run()
    asked = len(again.calls)
    same = again.run()
    calls_same = len(again.calls) - asked
    sha_same = read_result(again.folder).sha
    again.folder.rename(again.root / "first")
    other = again.run()
    calls_other = len(again.calls) - asked - calls_same
    sha_other = read_result(again.folder).sha
    is_equal = {sha_same, sha_other} == {whole.result.sha} and same.code == other.code == 0
    return Figure(
        "9",
        f"prompts asked by a second run, in the same folder / in a new one (the first asked {asked})",
        f"{calls_same} / {calls_other}, results {'equal' if is_equal else 'DIFFER'}",
        "0 / 0, equal",
        calls_same == calls_other == 0 and is_equal,
    )


def rerun(lab: Lab, whole: Reference) -> Figure:
    """Run the same task with the same seed in a new folder with an empty cache."""
    trial = Trial.new(lab, "rerun")
    trial.run()
    is_equal = read_result(trial.folder).sha == whole.result.sha
    discard(trial, "" if is_equal else "differs")
    return Figure(
        "25", "same seed, run twice, times taken out", "equal sha" if is_equal else "another sha", "equal sha", is_equal
    )


def isolation(lab: Lab, moods: Sequence[str] = MOODS) -> Figure:
    """Let one of four arms die in every way; the others must come out as beside an arm that lives."""
    arms = ("stub_moody", *ARMS)  # the one that dies comes first, where it harms most
    task = lab.write_task("moods", arms, extra=f"budget: {{stall_minutes: {STALL_MINUTES}}}\n")
    well = Trial.new(lab, "well", task)
    well.run()
    expected = read_result(well.folder).arms
    faults = [f for f in each("arms that die", lambda mood: _beside(lab, task, mood, expected), moods) if f]
    note = f"{', '.join(moods)} in one of {len(arms)} arms; the other {len(ARMS)} byte-equal, the dead one named"
    guard = "NaN is the error that the trainer's guard raises; the guard itself is tested in tests/finetune"
    return share("13", "arms apart", faults, len(moods), [note, guard])


def _beside(lab: Lab, task: Path, mood: str, expected: Mapping[str, str]) -> str:
    trial = Trial.new(lab, f"mood-{mood.replace(' ', '-')}", task)
    ending = trial.run(SCORECARD_MOOD=mood)
    if ending.code != Exit.ARM_FAILED or not ending.is_clean:
        return f"{mood}: exit code {ending.code}: {ending.errors[-300:]}"
    result = read_result(trial.folder)
    changed = [name for name in ARMS if result.arms[name] != expected[name]]
    if changed:
        return f"{mood}: {', '.join(changed)} changed"
    if "stub_moody failed" not in ending.output:
        return f"{mood}: the dead arm is not named"
    trial.run()
    return "" if read_result(trial.folder).arms == expected else f"{mood}: the arm cannot be tried again"


def pairs(lab: Lab, count: int) -> Figure:
    """Let two runs begin at the same instant on one new folder, or ask for its lock: by turns, `count` times."""
    task = lab.write_task("pair", ARMS[:1], items=12)
    alone = Trial.new(lab, "alone", task)
    alone.run()
    whole = read_result(alone.folder)
    faults = [f for f in each("pairs", lambda number: _pair(lab, task, number, whole), range(count)) if f]
    return share("14", "pairs of runs on one folder: one runs, the other refuses", faults, count)


def _pair(lab: Lab, task: Path, number: int, whole: Result) -> str:
    trial = Trial.new(lab, f"pair{number}", task)
    barrier = trial.root / "barrier"
    began = time.monotonic()
    more = {"SCORECARD_BARRIER": str(barrier), "SCORECARD_PACE": PACE}
    more |= {"SCORECARD_AT_LOCK": "1"} if number % 2 else {}
    both = [trial.start(None, **more) for _ in range(2)]
    _release(barrier, both)
    endings = [wait(process, began) for process in both]
    fault = _wrong(trial, endings) or resumed(trial, whole)
    discard(trial, fault)
    return f"pair {number}: {fault}" if fault else ""


def _release(barrier: Path, both: list["subprocess.Popen[str]"]) -> None:
    while any(process.poll() is None and not barrier.with_name(f"barrier.{process.pid}").exists() for process in both):
        time.sleep(0.001)
    barrier.touch()


def _wrong(trial: Trial, endings: list[Ending]) -> str:
    codes = sorted(ending.code for ending in endings)
    if codes != [0, 2]:
        return f"exit codes {codes}: {' | '.join(ending.errors[-200:] for ending in endings)}"
    loser = next(ending for ending in endings if ending.code == 2)
    if not loser.is_clean or IN_USE not in loser.errors:
        return f"the refusal says: {loser.errors[-200:]}"
    return ""

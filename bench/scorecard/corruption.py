"""Row 7: every file that a run leaves is truncated, zeroed or has a bit flipped; the next run must not be fooled."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.scorecard.figures import Figure, share
from bench.scorecard.judging import Reference, discard, misreport
from bench.scorecard.kills import BATCH
from bench.scorecard.lab import ARMS, TEST_ITEMS, Lab
from bench.scorecard.parallel import each
from bench.scorecard.runs import Trial, read_result

SEED = 20260102
# Runs that were stopped within an arm's test items, and the files that matter then.
STOPPED = {"stub_index": ("stub_index", "ledger"), "stub_tune": ("stub_tune",)}
RANDOM_FLIPS = 6  # a large file gets so many, each alone
LARGE = 8192


@dataclass(frozen=True, slots=True)
class Damage:
    """One way to spoil a file."""

    name: str
    do: Callable[[bytes], bytes]


def _flip(place: float) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        at = int(place * len(data))
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return flip


TRUNCATED = Damage("cut in half", lambda data: data[: len(data) // 2])
EMPTIED = Damage("emptied", lambda data: b"")
ZEROED = Damage("zeroed", lambda data: bytes(len(data)))
FLIPPED = Damage("a bit flipped in the middle", _flip(0.5))


def corruption(lab: Lab, whole: Reference, most: int | None) -> Figure:
    """Spoil a finished run's files, and those of runs stopped before an arm's test items were asked.

    Args:
        lab: Where.
        whole: The finished run.
        most: Only so many cases, drawn by a seed; None: all.
    """
    cases = [(whole.trial, file, damage) for file, damage in _cases(whole.trial)]
    stopped = each("runs to be stopped", lambda arm: _stopped(lab, arm), tuple(STOPPED))
    for trial, needed in zip(stopped, STOPPED.values(), strict=True):
        cases += [(trial, file, damage) for file, damage in _cases(trial) if any(part in file for part in needed)]
    if most is not None:
        cases = random.Random(SEED).sample(cases, min(most, len(cases)))
    named = list(enumerate(cases))
    faults = [f for f in each("corrupt files", lambda one: _spoiled(lab, whole, one[0], *one[1]), named) if f]
    files = sorted({Path(file).name for _, file, _ in cases})
    return share("7", "corrupt files: fell back or refused", faults, len(cases), [f"files: {', '.join(files)}"])


def _cases(trial: Trial) -> list[tuple[str, Damage]]:
    """List every file of a trial's run folder and its cached answers, with what is done to it."""
    draw = random.Random(SEED)
    found = []
    own = [*trial.folder.rglob("*"), *(trial.root / "cache").glob("answers*")]
    for path in sorted(path for path in own if path.is_file() and path.stat().st_size):
        flips = [FLIPPED]
        if path.stat().st_size > LARGE:
            places = [draw.random() for _ in range(RANDOM_FLIPS)]
            flips += [Damage(f"a bit flipped at {place:.2%}", _flip(place)) for place in places]
        if path.suffix == ".sqlite":
            flips.append(Damage("a digit changed in a stored answer", _change_an_answer))
        file = str(path.relative_to(trial.root))
        found += [(file, damage) for damage in (TRUNCATED, EMPTIED, ZEROED, *flips)]
    return found


def _change_an_answer(data: bytes) -> bytes:
    """Change one stored answer to another that is as likely; nothing in the file's form tells."""
    at = data.find(b'"text":"answer ')
    if at < 0:
        return _flip(0.5)(data)
    at += len(b'"text":"answer ')
    return data[:at] + (b"1" if data[at : at + 1] != b"1" else b"2") + data[at + 1 :]


def _stopped(lab: Lab, arm: str) -> Trial:
    """Make a run that was killed when `arm` had learnt and one batch of its test items was stored."""
    trial = Trial.new(lab, f"stopped-{arm}")
    batches = ARMS.index(arm) * TEST_ITEMS // BATCH + 2
    trial.run({"kind": "kill", "point": "before commit ledger.sqlite items", "nth": batches})
    with sqlite3.connect(trial.folder / "ledger.sqlite") as connection:
        [fitted] = connection.execute("SELECT count(*) FROM states WHERE stage='fitted'").fetchone()
    if fitted != ARMS.index(arm) + 1:
        raise RuntimeError(f"the run stopped within {arm} has {fitted} arms that learnt, not {ARMS.index(arm) + 1}")
    return trial


def _spoiled(lab: Lab, whole: Reference, number: int, source: Trial, file: str, damage: Damage) -> str:
    trial = Trial(lab, lab.root / f"spoiled{number}", source.task)
    shutil.copytree(source.root, trial.root, symlinks=True)
    path = trial.root / file
    path.write_bytes(damage.do(path.read_bytes()))
    if file.startswith("cache/"):
        shutil.rmtree(trial.folder)  # a new run, whose every answer the cache has
    ending = trial.run()
    fault = misreport(trial, ending, whole.result)
    if not fault and ending.code == 0 and read_result(trial.folder).sha != whole.result.sha:
        fault = "silently different result"
    discard(trial, fault)
    return f"{file} {damage.name} ({source.root.name}): {fault}" if fault else ""

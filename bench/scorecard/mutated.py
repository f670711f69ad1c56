"""Damages one file of a task, a model, a run or a cache by a seed, and has the product read it; a case a line.

    python -m bench.scorecard.mutated GROUND FIRST COUNT

The cases run in this one process, which prints a JSON object each: the case, its seconds of processor time, and its
fault, '' where there is none. `bench.scorecard.mutations` makes the ground, starts this and counts.
"""

import json
import random
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

SEED = 20261129
KINDS = ("task", "data", "model", "ledger", "cache")
MOST_SECONDS = 30.0  # of processor time, children's included
MOST_MEMORY = 2 * 1024 * 1024  # KiB of this process
WORDS = [
    *(word.encode() for word in ':{}[],&*!|>%@`\'"#-?\t\n\r\0 () <>;/\\'),
    *(b"null", b"true", b"-1", b"1e999", b"NaN", b"0x" + b"F" * 5_000, b"9" * 5_000, b"[" * 2_000, b'{"a":' * 2_000),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\x1b]0;x\x07", b"\x1f\x8b"),
    *(b"{{ 'x'|center(2000000000) }}", b"{% for a in range(9**9) %}", b"{{ a.__class__ }}", b"!!python/name:os "),
    *(b'""', b"x" * 20_000, b"train", b"../", b"\xe2\x80\xae", b"\n\n", b"- ", b": "),
]  # fmt: skip


def damaged(raw: bytes, draw: random.Random) -> bytes:
    """Return a file's content with one to three damages."""
    for _ in range(draw.randint(1, 3)):
        raw = draw.choice(_DAMAGES)(raw, draw, draw.randint(0, len(raw)))
    return raw


def _length(raw: bytes, draw: random.Random) -> int:
    return draw.choice((1, 1, 4, 64, len(raw) // 3 + 1))


def _flip(raw: bytes, draw: random.Random, at: int) -> bytes:
    return raw[:at] + bytes(byte ^ (1 << draw.randrange(8)) for byte in raw[at : at + 1]) + raw[at + 1 :]


def _insert(raw: bytes, draw: random.Random, at: int) -> bytes:
    return raw[:at] + draw.choice(WORDS) + raw[at:]


def _replace(raw: bytes, draw: random.Random, at: int) -> bytes:
    return raw[:at] + draw.choice(WORDS) + raw[at + _length(raw, draw) :]


def _delete(raw: bytes, draw: random.Random, at: int) -> bytes:
    return raw[:at] + raw[at + _length(raw, draw) :]


def _cut(raw: bytes, draw: random.Random, at: int) -> bytes:
    return raw[:at]


def _repeat(raw: bytes, draw: random.Random, at: int) -> bytes:
    end = at + _length(raw, draw)
    return raw[:at] + raw[at:end] * 3 + raw[end:]


_DAMAGES = (_flip, _insert, _replace, _delete, _cut, _repeat)


def run_case(ground: Path, number: int) -> dict[str, Any]:
    """Damage a copy of the ground, use it, and say what went wrong."""
    draw = random.Random(f"{SEED}:{number}")
    kind = KINDS[number % len(KINDS)]
    room = ground / "room"
    shutil.copytree(ground / kind, room)
    file = draw.choice(
        sorted(path for path in room.rglob("*") if path.is_file() and _is_chosen(kind, path.relative_to(room)))
    )
    file.write_bytes(damaged(file.read_bytes(), draw))
    begun = _seconds()
    try:
        fault = _USES[kind](room)
    except Exception as raised:  # what no command would have caught
        fault = f"{type(raised).__name__}: {str(raised)[:200]}"
    seconds = _seconds() - begun
    memory = getrusage(RUSAGE_SELF).ru_maxrss
    fault = fault or (f"took {seconds:.0f} s" if seconds > MOST_SECONDS else "")
    fault = fault or (f"took {memory // 1024} MB" if memory > MOST_MEMORY else "")
    shutil.rmtree(room)
    name = f"{number} ({file.relative_to(room).as_posix()})"
    return {"case": name, "kind": kind, "seconds": seconds, "memory": memory, "fault": fault}


def _is_chosen(kind: str, path: Path) -> bool:
    return {"task": path.name == "task.yaml", "data": path.name != "task.yaml" and "model" not in path.parts}.get(
        kind, kind != "model" or "model" in path.parts
    )


def _seconds() -> float:
    spent = getrusage(RUSAGE_CHILDREN)
    return time.process_time() + spent.ru_utime + spent.ru_stime


def _command(*arguments: str) -> str:
    """Give a command; return what is wrong with how it ended."""
    from click.testing import CliRunner

    from harness.cli import main

    done = CliRunner().invoke(main, arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        return f"traceback: {type(done.exception).__name__}: {str(done.exception)[:200]}"
    if "fault of harness itself" in done.output:
        return f"a fault of our own: {done.output[:300]}"
    return "" if done.exit_code in (0, 1, 2) else f"exit code {done.exit_code}"


def _check(room: Path) -> str:
    return _command("check", str(room / "task.yaml")) or _lost_rows(room)


def _lost_rows(room: Path) -> str:
    """Name rows of train.jsonl that were neither read nor said to be left out."""
    from harness.errors import HarnessError
    from harness.task.content import read_content
    from harness.task.faults import Faults

    faults = Faults()
    try:
        content = read_content(room / "task.yaml", faults)
    except HarnessError:
        return ""
    if faults.count or content.settings.data.train != "train.jsonl":
        return ""
    text = (room / "train.jsonl").read_bytes()
    there = {number for number, line in enumerate(re.split(b"\r\n|\n|\r", text), start=1) if line.strip()}
    read = {placed.row.number for placed in content.data.train}
    told = {one.row.number for one in content.data.left_out if one.row.file == "train.jsonl"}
    return f"rows lost in silence: {sorted(there - read - told)[:5]}" if there - read - told else ""


def _report(room: Path) -> str:
    return _command("report", str(room))


def _cache(room: Path) -> str:
    """Every answer that a damaged cache gives is the one that was put there."""
    from harness.store.cache import AnswerStore

    store = AnswerStore(room / "answers-1.sqlite", log=lambda line: None)
    try:
        wrong = [number for number in range(50) if store.get(f"key{number}") not in (None, f'"answer {number}"')]
        store.put("another", '"answer"')
    finally:
        store.close()
    return f"a damaged answer was believed: {wrong}" if wrong else ""


_USES: Mapping[str, Callable[[Path], str]] = {
    "task": _check,
    "data": _check,
    "model": _check,
    "ledger": _report,
    "cache": _cache,
}


def main() -> None:
    """Run the cases that the command line names."""
    ground, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for number in range(first, first + count):
        print(json.dumps(run_case(ground, number)), flush=True)


if __name__ == "__main__":
    main()

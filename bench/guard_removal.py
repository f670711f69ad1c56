"""Takes one guard against hostile files out of a copy of the code at a time; a test must fail each time.

    python bench/guard_removal.py [NAME ...]

Prints a table for docs/measurements.md, and ends with exit code 1 when a removal goes unseen.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_SECONDS, MOST_MEMORY = 90, 6 << 30  # of processor time, and bytes of address space, of a test's process
COPIED = ("harness", "baselines", "reports", "tests", "bench", "tasks", "docs", "pyproject.toml", "README.md")


@dataclass(frozen=True, slots=True)
class Removal:
    """What is taken out, and the test that sees it."""

    guard: str
    file: str
    old: str
    new: str
    test: str


def removals() -> list[Removal]:
    """Return those of guard_removal.toml."""
    written = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return [Removal(**one) for one in written["removal"]]


def tried(removal: Removal, copy: Path) -> str:
    """Take a guard out, run its test, put it back; return which test failed, '' where none did."""
    file = copy / removal.file
    text = file.read_text(encoding="utf-8")
    if removal.old not in text:
        sys.exit(f"{removal.guard}: {removal.file} does not hold {removal.old!r}; the table is old")
    file.write_text(text.replace(removal.old, removal.new), encoding="utf-8")
    try:
        path, _, chosen = removal.test.partition(" -k ")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", "-rfE", path]
        command += ["-k", chosen.strip("'")] if chosen else []
        environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=copy, env=environment, check=False, preexec_fn=_limit
        )
    finally:
        file.write_text(text, encoding="utf-8")
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+::\w+)", done.stdout, flags=re.MULTILINE)
    if done.returncode < 0:
        return f"{removal.test}: its process was ended by signal {-done.returncode}"
    if done.returncode not in (0, 1):
        sys.exit(f"{removal.guard}: {removal.test} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return failed[0].rpartition("/")[2] if failed else ""


def _limit() -> None:
    """Without a guard a test may run for ever, or take all memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def main() -> int:
    """Try each, print the table, return the exit code."""
    chosen = [one for one in removals() if not sys.argv[1:] or any(word in one.guard for word in sys.argv[1:])]
    missed = 0
    print("| guard | taken out of | test that fails |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        for name in COPIED:
            source = ROOT / name
            copied = Path(folder) / name
            shutil.copytree(source, copied) if source.is_dir() else shutil.copy(source, copied)
        for removal in chosen:
            failed = tried(removal, Path(folder))
            missed += not failed
            print(f"| {removal.guard} | {removal.file} | {failed or '**none**'} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

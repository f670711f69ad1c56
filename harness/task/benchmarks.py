"""Entries of general.tasks that are files of rows: found, read and checked with the rest of the task."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.benchmark_files import BenchmarkRow, benchmark_name, is_benchmark_file, read_benchmark
from harness.errors import shortened
from harness.task.faults import Faults
from harness.task.schema import TaskFile
from harness.task.source import Source
from harness.task.text import kind_of


@dataclass(frozen=True, slots=True)
class Benchmarks:
    """General.tasks as the measurement takes them."""

    tasks: tuple[str, ...]  # names, and absolute paths of files
    contents: Mapping[str, str]  # hash of the rows, by the file's entry as written

    def marked(self, resolved: Mapping[str, Any]) -> dict[str, Any]:
        """Return the resolved task file with each file's name and content instead of its path, for the digest."""
        written = resolved["general"]["tasks"]
        tasks = [f"{benchmark_name(t)} {self.contents[t]}" if t in self.contents else t for t in written]
        return {**resolved, "general": {**resolved["general"], "tasks": tasks}}


def benchmarks_of(settings: TaskFile, source: Source, folder: Path, faults: Faults) -> Benchmarks:
    """Resolve general.tasks; note files that are absent or wrong, and two benchmarks of one name."""
    written = list(dict.fromkeys(settings.general.tasks))
    contents = {}
    for task in filter(is_benchmark_file, written):
        path = folder / task
        if kind_of(path) != "file":
            text = f"'{shortened(task)}' is not a file; give rows in JSONL or CSV, or the name of an lm-eval task"
            source.add_fault(faults, ("general", "tasks"), f"general.tasks: {text}")
            continue
        rows, wrong = read_benchmark(path)
        for fault in wrong:
            faults.add(task, fault.text, fault.row, "row")
        contents[task] = _hash(rows)
    for name in _repeated(map(benchmark_name, written)):
        text = f"general.tasks: two benchmarks are called '{name}' (a file goes by its name); rename one"
        source.add_fault(faults, ("general", "tasks"), text)
    return Benchmarks(_resolved(written, folder), contents)


def _resolved(written: Sequence[str], folder: Path) -> tuple[str, ...]:
    return tuple(str((folder / task).resolve()) if is_benchmark_file(task) else task for task in written)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _hash(rows: Sequence[BenchmarkRow]) -> str:
    text = json.dumps([asdict(row) for row in rows], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()

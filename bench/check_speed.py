"""`harness check` on a task of many rows: seconds and peak memory.

    python bench/check_speed.py 100000

Rows are labelled messages in eight frames, as in the tests; one in a hundred test rows is copied to train with a
greeting before it and its last word left out. The check runs in a process of its own, and its peak memory is what
the system says of that process.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import checked_tasks  # noqa: E402

SIZES = dict(checked_tasks.SIZES)  # rows of each split, 1,000 in all


@dataclass(frozen=True, slots=True)
class Checked:
    """What `harness check --json` printed, and its cost."""

    report: dict[str, Any]
    seconds: float
    megabytes: float  # peak of resident memory


def sized(total: int) -> "checked_tasks.Task":
    """Return a task of so many rows."""
    checked_tasks.SIZES.update({split: total * count // sum(SIZES.values()) for split, count in SIZES.items()})
    try:
        return checked_tasks.tickets()
    finally:
        checked_tasks.SIZES.update(SIZES)


def checked(task: "checked_tasks.Task") -> Checked:
    """Check a task in a process of its own; a check that ends with a fault ends this script."""
    with tempfile.TemporaryDirectory() as folder:
        path = task.write(Path(folder))
        printed = Path(folder) / "report.json"
        command = [str(Path(sys.executable).with_name("harness")), "check", str(path), "--json"]
        started = time.monotonic()
        with printed.open("w", encoding="utf-8") as out:
            process = subprocess.Popen(command, stdout=out)
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - started
        if process.returncode not in (0, 1):
            sys.exit(f"harness check ended with {process.returncode}")
        return Checked(json.loads(printed.read_text(encoding="utf-8")), seconds, used.ru_maxrss / 1024)


def main() -> None:
    """Build, check and print one line."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    task = sized(total)
    planted = task.rows["test"][::100]
    for row in planted:
        words = row["input"].split()[:-1]
        task.add("train", input=" ".join(["Hello,", *words]), target=row["target"])
    done = checked(task)
    leaks = [hit for found in done.report["findings"] if found["severity"] != "note" for hit in found["hits"]]
    held = {row["id"] for row in planted}
    named = {row["id"] for hit in leaks for row in hit["rows"] if row["split"] == "test"}
    print(
        f"{total:,} rows: {done.seconds:.1f} s, peak {done.megabytes:.0f} MB; {len(named & held)} of {len(held)} "
        f"planted test rows found, {len(named - held)} others named"
    )


if __name__ == "__main__":
    main()

"""`harness check` on a task of many rows: seconds and peak memory.

    python bench/check_speed.py 100000

Rows are labelled messages in eight frames, as in the tests; one in a hundred test rows is copied to train with a
greeting before it and its last word left out. The check runs in a process of its own, and its peak memory is what
the system says of that process.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import checked_tasks  # noqa: E402


def main() -> None:
    """Build, check and print one line."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    checked_tasks.SIZES.update(train=total * 7 // 10, dev=total // 10, test=total * 2 // 10)
    task = checked_tasks.tickets()
    planted = task.rows["test"][::100]
    for row in planted:
        words = row["input"].split()[:-1]
        task.add("train", input=" ".join(["Hello,", *words]), target=row["target"])
    with tempfile.TemporaryDirectory() as folder:
        path = task.write(Path(folder))
        started = time.monotonic()
        command = [str(Path(sys.executable).with_name("harness")), "check", str(path), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
    if done.returncode not in (0, 1):
        sys.exit(f"harness check ended with {done.returncode}: {done.stderr[-500:]}")
    report = json.loads(done.stdout)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    leaks = [hit for found in report["findings"] if found["severity"] != "note" for hit in found["hits"]]
    held = {row["id"] for row in planted}
    named = {row["id"] for hit in leaks for row in hit["rows"] if row["split"] == "test"}
    print(
        f"{total:,} rows: {seconds:.1f} s, peak {peak:.0f} MB; {len(named & held)} of {len(held)} planted test rows "
        f"found, {len(named - held)} others named"
    )


if __name__ == "__main__":
    main()

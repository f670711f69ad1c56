"""Row 24: hostile inputs come to what is right, no canary is touched, and nothing reaches out of this machine."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.scorecard.figures import Figure, share
from bench.scorecard.lab import ROOT, Lab
from bench.scorecard.runs import Trial

# The tests of each kind of hostile input; canaries are files, or markers in what is printed, that they look for.
HOSTILE: Mapping[str, Sequence[str]] = {
    "benchmark files that bring code": ("tests/general/test_benchmark_code.py", "tests/general/test_hub_benchmarks.py"),
    "code beside the task": (
        "tests/test_child.py",
        "tests/evidence/test_worker.py",
        "tests/general/test_assets.py",
    ),
    "exported templates and notes": (
        "tests/exporting/test_export.py",
        "tests/confined",
        "tests/test_templates_apart.py",
    ),
    "home and encoding": ("tests/cli/test_printing.py",),
    "rows of any size": ("tests/task/test_sizes.py", "tests/task/test_fuzz.py"),
    "links and names": ("tests/task/test_document_files.py",),
    "locks": ("tests/test_packaging.py",),
    "model folders": ("tests/assets/test_model_folder.py", "tests/test_remote_code.py", "tests/chat/test_hostile.py"),
    "templates and patterns that cost": ("tests/task/test_templates_that_cost.py",),
    "run folders and caches": (
        "tests/evidence/test_private.py",
        "tests/store/test_run_folder.py",
        "tests/store/test_journal.py",
    ),
    "faults of users": ("tests/cli/test_user_faults.py",),
    "terminal escapes": ("tests/cli/test_printing.py",),
}
TRACED_EXPORT = "tests/exporting/test_export.py"
_CONNECT = re.compile(r"connect\(\d+, \{sa_family=AF_INET6?,.*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\"")


def hostile_inputs() -> Figure:
    """Run the tests of every kind of hostile input."""
    faults: list[str] = []
    tries = 0
    for kind, tests in HOSTILE.items():
        command = [sys.executable, "-m", "pytest", "--tb=line", "-p", "no:cacheprovider", *tests]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
        tries += sum(counts.values())
        if done.returncode:
            tail = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))] or [
                done.stdout[-200:]
            ]
            faults += [f"{kind}: {line}" for line in tail]
    note = f"tests of {len(HOSTILE)} kinds of input, each with its canaries"
    return share("24", "hostile inputs: right, and canaries silent", faults, tries, [note])


def connections(lab: Lab) -> Figure:
    """Trace check, compare, report and export with every process that they start; count connects beyond loopback."""
    if shutil.which("strace") is None:
        return Figure("24", "connects outside loopback", "not measured", "0", False, ("strace is not installed",))
    trial = Trial.new(lab, "traced")
    call = [sys.executable, "-c", "from harness.cli import main; main()"]
    commands = {
        "check": [*call, "check", str(ROOT / "tasks" / "serial_numbers")],  # a stub's tokenizer is none
        "compare": [*call, "compare", str(trial.task), "--out", str(trial.folder)],
        "report": [*call, "report", str(trial.folder)],
        "export": [sys.executable, "-m", "pytest", "-q", TRACED_EXPORT],
    }
    environment = {**lab.environment(trial.root / "cache")}
    faults: list[str] = []
    for name, command in commands.items():
        trace = trial.root / f"{name}.trace"
        traced = ["strace", "-f", "-qq", "-s", "200", "-e", "trace=connect", "-o", str(trace), *command]
        done = subprocess.run(
            traced,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
            env=None if name in ("check", "export") else environment,
        )
        if done.returncode not in (0, 1):
            faults.append(f"{name} ended with {done.returncode}: {done.stderr[-200:]}")
        faults += [f"{name} connects to {address}" for address in sorted(_reached(trace))]
    return share("24", "commands without a connect outside loopback", faults, len(commands), ["traced by strace"])


def _reached(trace: Path) -> set[str]:
    found = set(_CONNECT.findall(trace.read_text(encoding="utf-8", errors="replace")))
    return {address for address in found if not (address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1"))}

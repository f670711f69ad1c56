"""Starts comparisons as processes of their own, ends them by force, and reads what they left."""

import hashlib
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from bench.scorecard.lab import Lab, command
from harness.cli.exit_codes import Exit

Victim = Literal["all", "orchestrator", "worker"]  # the last with whatever it started
LIMIT_SECONDS = 600  # a run takes a few, minutes on the embedded model; one that takes so long hangs
# What differs between two equal runs: times, memory, and how many answers came from the cache.
_MEASURED = {"started", "finished", "peak_memory_mb", "seconds", "seconds_per_item", "answers"}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run's process ended, and what it said."""

    code: int  # negative: killed by that signal
    output: str
    errors: str
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Whether it ended well or refused with a message: no traceback, and an exit code that says so."""
        said = "Traceback (most recent call last)" not in self.errors + self.output
        is_done = self.code in (Exit.DONE, Exit.ARM_FAILED)
        return said and (is_done or (self.code == Exit.FAULT and "Error: " in self.errors))


@dataclass(slots=True)
class Trial:
    """One run folder with its cache, and the runs made in it."""

    lab: Lab
    root: Path
    task: Path
    options: tuple[str, ...] = ()  # of the command, beside the lab's

    @classmethod
    def new(cls, lab: Lab, name: str, task: Path | None = None, options: tuple[str, ...] = ()) -> "Trial":
        """Make an empty trial; `name` is a folder of the lab that does not exist yet."""
        trial = cls(lab, lab.root / name, task or lab.task, options)
        lab.new_cache(f"{name}/cache")
        (trial.root / "trace").mkdir()
        return trial

    @property
    def folder(self) -> Path:
        """The run folder; its name is the same in all trials, as it stands in the result."""
        return self.root / "run"

    @property
    def calls(self) -> list[str]:
        """What the model was asked so far, a line a prompt."""
        path = self.root / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def count(self, point: str) -> int:
        """How often a crash point was passed in watched runs so far."""
        path = self.root / "trace" / point
        return path.stat().st_size if path.exists() else 0

    @property
    def points(self) -> dict[str, int]:
        """Every crash point passed in watched runs, with how often."""
        found = {path.name: path.stat().st_size for path in (self.root / "trace").iterdir()}
        return {name: number for name, number in sorted(found.items()) if name not in ("steps", "fired")}

    def start(self, fault: Mapping[str, Any] | None = None, **more: str) -> "subprocess.Popen[str]":
        """Start a run in a session of its own; `fault` (even empty) has its steps watched."""
        settings = {"SCORECARD_CALLS": str(self.root / "calls"), **more}
        if fault is not None:
            settings |= {"SCORECARD_TRACE": str(self.root / "trace"), "SCORECARD_WATCH": str(self.root)}
            settings["SCORECARD_FAULT"] = json.dumps(fault)
        return subprocess.Popen(
            command(self.task, self.folder, *self.lab.options, *self.options),
            env=self.lab.environment(self.root / "cache", **settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, fault: Mapping[str, Any] | None = None, **more: str) -> Ending:
        """Run to the end, whatever it is."""
        began = time.monotonic()
        return wait(self.start(fault, **more), began)


def wait(process: "subprocess.Popen[str]", began: float) -> Ending:
    """Wait for a run and for every process of its session."""
    try:
        output, errors = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        kill(process)
        output, errors = process.communicate()
        errors += f"\nkilled by the scorecard after {LIMIT_SECONDS} s"
    while _living(process.pid):
        time.sleep(0.005)
    return Ending(process.returncode, output, errors, time.monotonic() - began)


def kill(process: "subprocess.Popen[str]", victim: Victim = "all") -> bool:
    """SIGKILL every process of the run's session, the orchestrator alone, or its worker alone; False if none lives."""
    if process.poll() is not None:
        return False
    below = [pid for pid in _living(process.pid) if pid != process.pid]
    pids = {"all": [process.pid, *below], "orchestrator": [process.pid], "worker": below}[victim]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


def _living(session: int) -> list[int]:
    found = []
    for pid in psutil.pids():
        with suppress(OSError, psutil.Error):
            if os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished run says, without times and memory."""

    sha: str
    items: Counter[tuple[str, str]]  # (arm, item) of items.parquet
    arms: Mapping[str, str]  # each arm's part of the result and its items, as JSON

    def lost(self, whole: "Result") -> int:
        """How many items of the whole run are not here."""
        return sum((whole.items - self.items).values())

    def doubled(self) -> int:
        """How many rows stand for an item that another row stands for."""
        return sum(number - 1 for number in self.items.values())


def read_result(folder: Path) -> Result:
    """Read result.json and the tables, times and memory taken out."""
    import pandas as pd

    items = pd.read_parquet(folder / "items.parquet").drop(columns="seconds")
    benchmarks = pd.read_parquet(folder / "benchmarks.parquet")
    written = (folder / "result.json").read_text(encoding="utf-8").replace(str(folder.parent), "TRIAL")  # its own cache
    result = without_measurements(json.loads(written))
    rows = items.to_json(orient="records")
    text = json.dumps([result, rows, benchmarks.to_json(orient="records")], sort_keys=True)
    arms = {
        arm["name"]: json.dumps([arm, items[items["arm"] == arm["name"]].to_json(orient="records")], sort_keys=True)
        for arm in result["arms"]
    }
    counted = Counter(zip(items["arm"], items["item"], strict=True)) if len(items) else Counter()
    return Result(hashlib.sha256(text.encode()).hexdigest(), counted, arms)


def without_measurements(value: Any) -> Any:
    """Take out every key that holds a time or an amount of memory."""
    if isinstance(value, dict):
        return {key: without_measurements(part) for key, part in value.items() if not _is_measured(key)}
    return [without_measurements(part) for part in value] if isinstance(value, list) else value


def _is_measured(key: str) -> bool:
    return key in _MEASURED or key.endswith("_seconds")

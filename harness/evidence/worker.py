"""The worker process: holds the model, runs one job after another, and may die without harm.

`python -P -m harness.evidence.worker RUN_FOLDER` reads jobs from standard input and writes events
to standard output, a JSON object a line. What libraries print goes to the run's log.
"""

import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.child import MARK, end_marked, module_command
from harness.engine.faults import describe, is_of_the_process, is_out_of_memory
from harness.errors import HarnessError, ModelError, StoreError
from harness.evidence.events import EventWriter
from harness.evidence.forecast import LOADING
from harness.memory import give_back
from harness.store.files import is_disk_full
from harness.store.folder import RunFolder

if TYPE_CHECKING:
    from harness.evidence.arm import Workplace

FAST, NO_CACHE = "--fast", "--no-cache"

# arm: this arm cannot continue. model: no arm on this model can. fatal: no arm can. memory: perhaps with smaller
# batches. unknown: nobody knows what state the process is in.
Kind = Literal["arm", "model", "fatal", "memory", "unknown"]


def command(folder: RunFolder, *, is_fast: bool, is_cached: bool) -> list[str]:
    """Return what starts a worker for a run."""
    options = [FAST] * is_fast + [NO_CACHE] * (not is_cached)
    return module_command("harness.evidence.worker", str(folder.path), *options)


def main() -> None:
    """Serve jobs until standard input ends, or a job leaves the process in a state that nobody knows."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the orchestrator decides when to stop
    events = EventWriter(os.fdopen(os.dup(1), "w", encoding="utf-8"), sys.stderr)
    os.dup2(2, 1)
    folder, options = RunFolder(Path(sys.argv[1])), sys.argv[2:]
    place: Workplace | None = None
    for job in _jobs():
        try:
            if place is None or place.shrink != job["shrink"]:
                place = None  # frees the engine before another is opened
                place = _open(folder, job, options, events)
            _do(job, place)
            give_back()
            events.emit("end")
        except Exception as fault:  # the boundary of the process: the run must continue with the other arms
            kind = _kind(fault, is_open=place is not None)
            if kind != "arm":
                with suppress(OSError):  # the log's disk may be the fault
                    traceback.print_exc()
            reason = str(fault) if isinstance(fault, HarnessError) else describe(fault)
            is_last = kind != "arm"
            events.emit("failed", reason=reason, kind=kind, is_last=is_last)
            if is_last:
                os._exit(1)  # an orderly end may hang on a device that failed


def _kind(fault: Exception, *, is_open: bool) -> Kind:
    if is_out_of_memory(fault):
        return "memory"
    # a record of the arm's own that cannot be decoded is the arm's fault; a refusing disk is everybody's
    is_disk = isinstance(fault, StoreError) and not isinstance(fault.__cause__, ValueError)
    if is_disk or is_disk_full(fault):
        return "fatal"
    if not is_open:  # without a task or a ledger no arm can run, without a model no arm on it
        return "model" if isinstance(fault, ModelError) else "fatal"
    if isinstance(fault, HarnessError) and not is_of_the_process(fault):
        return "arm"
    return "unknown"


def _jobs() -> Iterator[Any]:
    """Yield jobs as they come; when the orchestrator is gone, end at once, whatever is being done."""
    waiting: queue.Queue[Any] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            waiting.put(json.loads(line))
        if mark := os.environ.get(MARK):
            end_marked(mark)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)  # and all that was started here
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        yield waiting.get()


def _open(folder: RunFolder, job: Mapping[str, Any], options: list[str], events: EventWriter) -> "Workplace":
    """Load the task, and the model that the job names; a process serves one model."""
    events.progress(LOADING, 0, 1)
    from harness.assets.cache import cache_folder
    from harness.evidence.arm import Workplace
    from harness.evidence.models import ServedModel, engine_kind
    from harness.evidence.snapshot import read_snapshot
    from harness.store.cache import FILE
    from harness.store.ledger import Ledger

    model = ServedModel(**job["model"])
    kind = engine_kind(model.engine)
    if kind.identity(model.path) != model.identity:
        raise ModelError(f"model '{model.path}' changed during the run; put it back, or give another --out")
    ledger = Ledger(folder.ledger)
    task = read_snapshot(folder, ledger)
    cache = None if NO_CACHE in options else cache_folder() / FILE
    engine = kind.open(model.path, cache=cache, shrink=job["shrink"], log=events.log)
    events.emit("ready", **engine.description)
    return Workplace(task, folder, ledger, engine, model, events, FAST in options, job["shrink"])


def _do(job: Mapping[str, Any], place: "Workplace") -> None:
    from harness.evidence.arm import judge_answers, measure_general, run_fit
    from harness.evidence.replay import replayed_counts
    from harness.records import Fit, Weights

    before = replayed_counts(place.engine)
    if job["job"] == "fit":
        run_fit(Fit(**job["fit"]), place, job["items"])
    elif job["job"] == "judge":
        judge_answers(job["metric"], place)
    else:
        quantization = job["quantization"]
        measure_general(place.model.base(quantization).name, Weights(place.model.path, quantization), place)
    after = replayed_counts(place.engine)
    if before is not None and after is not None:
        place.events.emit("cache", **{name: after[name] - before[name] for name in after})


if __name__ == "__main__":
    main()

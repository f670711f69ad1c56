"""The worker process: holds the model, runs one job after another, and may die without harm.

`python -m harness.evidence.worker RUN_FOLDER MODEL` reads jobs from standard input and writes events
to standard output, a JSON object a line. What libraries print goes to the run's log.
"""

import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, StoreError
from harness.evidence.talk import Talk
from harness.store.folder import RunFolder


def main() -> None:
    """Serve jobs until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the orchestrator decides when to stop
    talk = Talk(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    folder, model, is_fast = RunFolder(Path(sys.argv[1])), sys.argv[2], "--fast" in sys.argv
    do = None
    for job in _jobs():
        try:
            do = do or _open(folder, model, is_fast, talk)
            do(job)
            talk.say("end")
        except HarnessError as fault:
            # without a model, a task or a ledger no other arm can run either
            talk.say("failed", reason=str(fault), is_fatal=do is None or isinstance(fault, StoreError))
        except Exception as fault:  # the boundary of the process: the run must go on with the other arms
            traceback.print_exc()
            talk.say("failed", reason=f"{type(fault).__name__}: {fault}", is_fatal=do is None)


def _jobs() -> Iterator[Any]:
    """Yield jobs as they come; when the orchestrator is gone, end at once, whatever is being done."""
    waiting: queue.Queue[Any] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            waiting.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        yield waiting.get()


def _open(folder: RunFolder, model: str, is_fast: bool, talk: Talk) -> Any:
    """Load model and task once; return the function that does a job."""
    talk.progress("loading the model", 0, 1)
    from harness.engine.transformers_engine import TransformersEngine
    from harness.evidence.arm import Workplace, measure_general, run_arm
    from harness.evidence.snapshot import read_snapshot
    from harness.evidence.states import base_name
    from harness.records import Weights
    from harness.store.ledger import Ledger

    task = read_snapshot(folder)
    engine = TransformersEngine(model)
    talk.say("ready", **engine.description)
    place = Workplace(task, folder, Ledger(folder.ledger), engine, Weights(model), talk, is_fast)
    arms = {arm.name: arm for arm in task.arms}

    def do(job: dict[str, Any]) -> None:
        if job["job"] == "arm":
            run_arm(arms[job["name"]], place)
        else:
            weights = Weights(model, job["quantization"])
            measure_general(base_name(weights), weights, place)

    return do


if __name__ == "__main__":
    main()

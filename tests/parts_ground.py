"""A task about numbered parts, and arms' answers to it as a worker leaves them in the ledger."""

import json

from harness.evidence.states import ENDED, FITTED, EndState, FittedState
from harness.program import Program, Prompt, Retriever
from harness.records import GenerationSettings, Measurement, Outcome, Prediction, Weights
from harness.store.files import encode
from harness.task import load_task

ITEMS = 40  # of which 2 are 5%, the most that an arm may lose
SPLITS = {"train": 20, "dev": 10, "test": ITEMS}


def parts_task(folder, settings, splits=SPLITS):
    """Write the task with so many rows of each split, and load it."""
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "parts.md").write_text("Every part has a number.")
    for split, count in splits.items():
        rows = [
            {"id": f"{split}{i}", "input": f"Which is {split} part {i}?", "target": f"P{i}", "evidence": ["parts"]}
            for i in range(count)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "task.yaml").write_text(settings)
    return load_task(folder / "task.yaml")


def finish_fit(ledger, folder, fit, family, right, lost=(), finds="passages"):
    """Store the end of a fit: its first `right` answers are right, those in `lost` were not asked."""
    retriever = Retriever("index", 1, finds) if family in ("rag", "combine") else None
    program = Program(Weights("base"), Prompt(), GenerationSettings(4), retriever=retriever).to_dict(folder)
    learnt = FittedState(family, program, (), None, (), 0.5, 1.0, None)
    ledger.put_state(fit.name, FITTED, encode(FittedState, learnt))
    ledger.put_predictions(Measurement(fit), [prediction(i, i < right, i in lost, family) for i in range(ITEMS)])
    ledger.put_state(fit.name, ENDED, encode(EndState, EndState("ok")))


def prediction(index, is_right, is_lost, family):
    answer = None if is_lost else f"P{index}" if is_right else "P?"
    found = ("parts",) if family == "rag" and not is_lost else ()
    outcome = Outcome.WORKER_ERROR if is_lost else Outcome.SCORED
    return Prediction(f"test{index}", answer or "", answer, outcome, "stop", 10, 2, 0.1, found, found)

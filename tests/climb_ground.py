"""A comparison of five arms on three rungs, whose worker is in the test's hand; what it measured is decided on."""

import json

from recorder import Recorder

from harness.evidence.climb import climb
from harness.evidence.collect import collect
from harness.evidence.event_file import EventFile
from harness.evidence.forecast import Outlook
from harness.evidence.jobs import Jobs
from harness.evidence.models import ServedModel
from harness.evidence.states import ENDED, FITTED, EndState, FittedState
from harness.evidence.watch import Watch
from harness.program import Program, Prompt, Retriever
from harness.records import (
    Fit,
    GeneralAbility,
    GenerationSettings,
    Measurement,
    Outcome,
    Prediction,
    Weights,
)
from harness.store.files import encode
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task import load_task

ITEMS = 40  # of which 2 are 5%, the most that an arm may lose
FAMILIES = {"zero_shot": "prompt", "few_shot": "prompt", "rag": "rag", "lora_sft": "tune", "rag_lora_sft": "combine"}
TASK = """
version: 1
name: parts
model: smollm2-135m
data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl, documents: documents}
metric: {primary: exact_match}
goal: {at_least: 0.8, smallest_gain: 0.02}
arms: [lora_sft, rag, few_shot, rag_lora_sft, zero_shot]
"""


def parts_task(folder, more=""):
    """Write the task, its arms in no order of cost, and load it."""
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "parts.md").write_text("Every part has a number.")
    for split, count in (("train", 20), ("dev", 10), ("test", ITEMS)):
        rows = [
            {"id": f"{split}{i}", "input": f"Which is {split} part {i}?", "target": f"P{i}", "evidence": ["parts"]}
            for i in range(count)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "task.yaml").write_text(TASK + more)
    return load_task(folder / "task.yaml")


class Told(Recorder):
    """Keeps the numbers of jobs, and what was announced."""

    def __init__(self):
        super().__init__()
        self.numbers, self.agendas = [], []

    def planned(self, agenda, forecast):
        self.agendas.append(([job.name for job in agenda.jobs], agenda.may_grow))

    def scored(self, name, metric, score):
        pass

    def began(self, name, number, total):
        super().began(name, number, total)
        self.numbers.append((number, total))


class Hand:
    """Takes the worker's place: every arm gives so many right answers, loses items, or fails."""

    def __init__(self, ledger, folder, right, lost, failing):
        self.ledger, self.folder, self.right, self.lost, self.failing = ledger, folder, right, lost, failing
        self.done = []

    def renew(self):
        pass

    def do(self, job):
        if job["job"] == "base":
            self.done.append("base")
            self.ledger.put_general(GeneralAbility("base", ()))
            yield {"event": "end"}
            return
        fit = Fit(**job["fit"])
        self.done.append(fit.arm)
        if fit.arm in self.failing:
            yield {"event": "failed", "reason": f"{fit.arm} diverged", "kind": "arm", "is_last": False}
            return
        family = FAMILIES[fit.arm]
        retriever = Retriever("index", 1, "passages") if family in ("rag", "combine") else None
        program = Program(Weights("base"), Prompt(), GenerationSettings(4), retriever=retriever).to_dict(self.folder)
        learnt = FittedState(family, program, (), None, (), 0.5, 1.0, None)
        self.ledger.put_state(fit.name, FITTED, encode(FittedState, learnt))
        lost, right = self.lost.get(fit.arm, ()), self.right.get(fit.arm, 0)
        self.ledger.put_predictions(Measurement(fit), [prediction(i, i < right, i in lost) for i in range(ITEMS)])
        self.ledger.put_state(fit.name, ENDED, encode(EndState, EndState("ok")))
        yield {"event": "end"}


def prediction(index, is_right, is_lost):
    answer = None if is_lost else f"P{index}" if is_right else "P?"
    outcome = Outcome.WORKER_ERROR if is_lost else Outcome.SCORED
    return Prediction(f"test{index}", answer or "", answer, outcome, "stop", 10, 2, 0.1)


class Ground:
    """One run folder, in which the arms of the task are run again and again."""

    def __init__(self, folder, task):
        self.task, self.folder = task, RunFolder(folder / "run")
        self.folder.path.mkdir()
        self.ledger = Ledger(self.folder.ledger)
        self.watching, self.hand = Told(), None

    def jobs(self, right, lost, failing):
        self.watching = Told()
        self.hand = Hand(self.ledger, self.folder.path, right, lost or {}, failing)
        model = ServedModel("", self.task.model.source, "transformers", None, self.task.model.source, "0")
        watch = Watch(self.watching, EventFile(self.folder.path), Outlook())
        return Jobs(self.task, [model], self.ledger, self.hand, watch)

    def climb(self, right, asked=(), lost=None, failing=()):
        """Climb; return the jobs that were done."""
        climb(self.jobs(right, lost, failing), asked, lambda: self.run().decision)
        return self.hand.done

    def whole(self, right, asked=(), lost=None, failing=()):
        """Run every arm; return the jobs that were done."""
        self.jobs(right, lost, failing).run(asked)
        return self.hand.done

    def run(self):
        return collect(self.folder, self.task, self.ledger)

    def statuses(self):
        return {one.arm: one.status for one in self.run().evidence}

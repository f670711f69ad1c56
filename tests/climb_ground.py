"""A comparison of five arms on three rungs, whose worker is in the test's hand; what it measured is decided on."""

from parts_ground import finish_fit
from recorder import Recorder

from harness.evidence.climb import climb
from harness.evidence.collect import collect
from harness.evidence.event_file import EventFile
from harness.evidence.forecast import Outlook
from harness.evidence.jobs import Jobs
from harness.evidence.models import ServedModel
from harness.evidence.watch import Watch
from harness.records import Fit, GeneralAbility
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger

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
        lost, right = self.lost.get(fit.arm, ()), self.right.get(fit.arm, 0)
        finish_fit(self.ledger, self.folder, fit, FAMILIES[fit.arm], right, lost)
        yield {"event": "end"}


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
        return Jobs(self.task, [model], self.ledger, self.hand, watch, pin_benchmarks=lambda: False)

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

"""Somebody else's package of arms: three that work, and one that fails in the way it is told to."""

import ctypes
import json
import os
import signal
import time
from pathlib import Path

from harness.contract import Fitted
from harness.errors import ArmError
from harness.program import Program, Prompt, Reader, Retriever
from harness.records import Checkpoint, GenerationSettings, LossPoint, Passage, TrainingHistory, Weights
from harness.store.files import write_atomically

ANSWER_TOKENS = 4


class Prompted:
    """Answers from the base; the prompt is the option `system`."""

    family, needs, needs_documents = "prompt", frozenset({"generate"}), False

    def __init__(self, system):
        self.system = system

    def fit(self, study, context):
        program = self.program(context.base)
        context.score(program, study.dev)
        return Fitted(program)

    def program(self, weights, retriever=None):
        return Program(weights, Prompt(self.system), GenerationSettings(ANSWER_TOKENS), Reader("first_line"), retriever)


class Indexed(Prompted):
    """Looks one passage up in an index of its own."""

    family = "rag"

    def fit(self, study, context):
        texts = [example.target for example in study.train]
        write_atomically(context.folder / "index" / "passages.json", json.dumps(texts))
        return Fitted(self.program(context.base, Retriever(str(context.folder / "index"), 1)))

    def retrieve(self, program, questions):
        texts = json.loads((Path(program.retriever.index) / "passages.json").read_text(encoding="utf-8"))
        return [(Passage(f"d#{len(q.text) % len(texts)}", "d", texts[len(q.text) % len(texts)]),) for q in questions]


class Tuned(Prompted):
    """Writes an adapter."""

    family, needs = "tune", frozenset({"generate", "training", "adapters"})

    def fit(self, study, context):
        adapter = context.folder / "adapter"
        write_atomically(adapter / "adapter_config.json", json.dumps({"r": 8}))
        write_atomically(adapter / "adapter_model.safetensors", "weights " * 64)
        program = self.program(Weights(context.base.model, None, str(adapter)))
        dev = context.score(program, study.dev)
        history = TrainingHistory(
            method="sft",
            losses=(LossPoint(1, 2.0, 1e-4), LossPoint(2, 1.0, 1e-4)),
            checkpoints=(Checkpoint(2, 1.0, dev.score, None),),
            best_step=2,
            stopped="end",
            learning_rate=1e-4,
            rows=len(study.train),
            trainable_tokens=36,
            trainable_parameters=100,
            total_parameters=1000,
            seconds=0.1,
            undertrained=False,
        )
        return Fitted(program, training=history)


class Moody(Prompted):
    """Does what SCORECARD_MOOD says: nothing out of the way, or one of the ways in which arms die."""

    def fit(self, study, context):
        MOODS[os.environ.get("SCORECARD_MOOD", "well")](context)
        return super().fit(study, context)


def _out_of_memory(context):
    os.kill(os.getpid(), signal.SIGKILL)  # what the kernel does to a process that took too much


def _memory_error(context):
    raise MemoryError("cannot allocate 31.5 GiB")


def _not_a_number(context):
    losses = [2.0, 1.5, float("nan")]
    if losses[-1] != losses[-1]:
        raise ArmError(f"the loss of step {len(losses)} is nan; lower the learning rate")


def _segmentation_fault(context):
    ctypes.string_at(0)


def _hang(context):
    time.sleep(3600)


MOODS = {
    "well": lambda context: None,
    "out of memory": _out_of_memory,
    "memory error": _memory_error,
    "NaN": _not_a_number,
    "segmentation fault": _segmentation_fault,
    "hang": _hang,
}


def stub_prompt(options):
    return Prompted(options.get("system", "Answer with one word."))


def stub_index(options):
    return Indexed("Use the passage.")


def stub_tune(options):
    return Tuned("Answer.")


def stub_moody(options):
    return Moody("Answer in any mood.")

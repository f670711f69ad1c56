"""A finished run on the tiny model, made and trained in this process: real arms, real answers, no benchmark."""

import io
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from inner_process import train_here

from harness.engine.content import model_hash
from harness.evidence.arm import Workplace, run_fit
from harness.evidence.events import EventWriter
from harness.evidence.models import ServedModel
from harness.evidence.provenance import versions
from harness.evidence.snapshot import write_snapshot
from harness.evidence.states import MANIFEST, RUN
from harness.records import Fit, Forgetting, GeneralAbility
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger
from harness.task import load_task

# A random model needs larger steps than a trained one. Other tools know no penalty for leaving the base, so that what
# their scripts train is compared with an arm that has none.
TRAINING = {"learning_rate": 1e-2, "epochs": 3, "kl_to_base": 0.0}
ARMS = {
    "few_shot": {"shots": 2, "choice": "random"},
    "rag": {"passages": 2, "chunk_tokens": 16, "shots": 1},
    "lora_sft": TRAINING,
    "qlora_sft": {**TRAINING, "kl_to_base": 0.1},
    "lora_dpo": {**TRAINING, "dpo_learning_rate": 1e-3},
    "rag_lora_sft": {**TRAINING, "chunk_tokens": 16},
    "full_sft": {**TRAINING, "learning_rate": 1e-3},
    "prefix_sft": {**TRAINING, "learning_rate": 0.3, "virtual_tokens": 4},
    "ia3_sft": {**TRAINING, "learning_rate": 0.3},
    "cpt_lora_sft": {**TRAINING, "cpt_learning_rate": 1e-3, "cpt_epochs": 1},
    "lora_kto": {**TRAINING, "kto_learning_rate": 1e-3},
    "chain_of_thought": {"reasoning_tokens": 8},
    "nearest": {"shots": 2, "choice": "nearest"},
    "label_score": {"calibrated": True},
}
BASELINES = {"nearest": "few_shot"}  # of arms that are not named by it


def conversations(split: str, count: int) -> list[dict]:
    """Rows with one turn, with a system turn of their own, and with a history, in turn."""
    rows = []
    for i in range(count):
        asked = {"role": "user", "content": f"What is {split} number {i}?"}
        before = [
            [],
            [{"role": "system", "content": f"Be brief in {split} {i}."}],
            [{"role": "user", "content": f"Hello {split} {i}."}, {"role": "assistant", "content": "Good day."}],
        ][i % 3]
        answer = {"role": "assistant", "content": f"answer {i % 4}"}
        rows.append({"id": f"{split}{i}", "messages": [*before, asked, answer]})
    return rows


def questions(split: str, count: int) -> list[dict]:
    """Rows as most people have them: a question and its answer."""
    return [{"id": f"{split}{i}", "input": f"What is {split} {i}?", "target": f"answer {i % 4}"} for i in range(count)]


def with_columns(split: str, count: int) -> list[dict]:
    """Questions with choices in a list and a remark in a column."""
    beside = [{"choices": [f"answer {n}", f"answer {i % 4}"], "of": f"set {i}"} for i, n in enumerate(range(count))]
    return [row | more for row, more in zip(questions(split, count), beside, strict=True)]


TEMPLATE = "Question: it's {{ input }}"


def make_run(
    room: Path, model: Path, *arms: str, extra: str = "", rows=conversations, system: str = "", template: str = TEMPLATE
) -> Path:
    """Run `arms` to their end in `room` and return the run folder."""
    task = _write_task(room / "task", model, arms, extra, rows, system, template)
    folder = RunFolder(room / "tiny-run")
    with folder.locked():
        folder.claim({"task": task.name, "content": task.digest})
        ledger = Ledger(folder.ledger)
        write_snapshot(task, folder, ledger)
        place = _workplace(task, folder, ledger, str(model))
        manifest = {
            "models": [asdict(place.model)],
            "versions": versions(),
            "engines": {"": dict(place.engine.description)},
        }
        ledger.put_state(RUN, MANIFEST, json.dumps(manifest))
        for spec in task.arms:
            ledger.put_general(GeneralAbility(spec.name, ()))  # stands for a measurement, so that none is made
            with pytest.MonkeyPatch.context() as patch:
                train_here(patch)
                run_fit(Fit(spec.name), place)
        ledger.close()
    return folder.path


def _workplace(task, folder, ledger, model):
    from harness.engine.transformers_engine import TransformersEngine

    events = EventWriter(io.StringIO(), io.StringIO())
    served = ServedModel("", model, "transformers", None, model, model_hash(model)[:16])
    place = Workplace(task, folder, ledger, TransformersEngine(model), served, events, is_fast=False)
    vars(place)["probe"] = NothingForgotten()
    return place


class NothingForgotten:
    """Stands for the probe with which arms choose, as no export depends on it."""

    def forgetting(self, weights):
        return Forgetting(0.0, 0.0, None, 0.0)


def _write_task(folder: Path, model: Path, arms: tuple[str, ...], extra: str, rows_of, system: str, template: str):
    (folder / "documents").mkdir(parents=True)
    for name, text in (("fox", "The quick brown fox jumps."), ("filter", "Code E4 needs a new filter.")):
        (folder / "documents" / f"{name}.md").write_text(text)
    for split, count in (("train", 13), ("dev", 6), ("test", 10)):
        rows = "".join(json.dumps(row) + "\n" for row in rows_of(split, count))
        (folder / f"{split}.jsonl").write_text(rows)
    pairs = [{"prompt": f"Which is it, {i}?", "chosen": f"answer {i}", "rejected": "none"} for i in range(9)]
    pairs = [pair | {"choices": ["none"], "of": "all"} for pair in pairs] if template != TEMPLATE else pairs
    (folder / "preferences.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    listed = json.dumps([{"name": arm, "baseline": BASELINES.get(arm, arm), "options": ARMS[arm]} for arm in arms])
    (folder / "task.yaml").write_text(
        f"version: 1\nname: tiny\ndescription: a tiny task\nmodel: {model}\n"
        "data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl, documents: documents/,"
        " preferences: preferences.jsonl}\n"
        f"prompt: {{template: {json.dumps(template)}, system: {json.dumps(system or None)}}}\n"
        f"metric: {{primary: exact_match}}\narms: {listed}\n{extra}"
    )
    return load_task(folder / "task.yaml")

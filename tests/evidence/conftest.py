import json
from pathlib import Path

import pytest

THIRD_PARTY = '''
"""Arms of somebody else's package: one that answers, one that fails, one that dies."""
import os

from harness.contract import Fitted
from harness.errors import ArmError
from harness.program import Program, Prompt, Reader
from harness.records import GenerationSettings


class Arm:
    family, needs, needs_documents = "prompt", frozenset({"generate"}), False

    def __init__(self, end):
        self.end = end

    def fit(self, study, bench):
        assert not hasattr(study, "test")
        if self.end == "fail":
            raise ArmError("no preference pairs: add data.preferences")
        if self.end == "die":
            os._exit(7)
        prompt = Prompt(system="Answer with one word.")
        return Fitted(Program(bench.base, prompt, GenerationSettings(4), Reader("first_line")))


def die_after_the_first_batch(marker):
    """End the process once, behind the first batch that is on disk; batches are of three."""
    from harness.evidence import answering
    from harness.store.ledger import Ledger

    answering.BATCH_ROWS = 3
    store = Ledger.put_predictions

    def put(self, *arguments):
        store(self, *arguments)
        if not os.path.exists(marker):
            open(marker, "w").close()
            os._exit(9)

    Ledger.put_predictions = put


if "DIE_ONCE" in os.environ:
    die_after_the_first_batch(os.environ["DIE_ONCE"])


def steady(options): return Arm("answer")
def failing(options): return Arm("fail")
def dying(options): return Arm("die")
'''


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """Install a real package with entry points of its own, for this process and its children."""
    site = tmp_path / "site"
    info = site / "somebody_elses-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "somebody_elses.py").write_text(THIRD_PARTY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody-elses\nVersion: 1.0\n")
    names = ("steady", "failing", "dying")
    points = "\n".join(f"{name} = somebody_elses:{name}" for name in names)
    (info / "entry_points.txt").write_text(f"[harness.baselines]\n{points}\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    from harness.plugins import plugins

    plugins.cache_clear()
    yield site
    plugins.cache_clear()


@pytest.fixture
def tiny_task(tmp_path, tiny_model):
    """Write a task on the tiny model; returns a function of the arms' names."""
    folder = tmp_path / "task"
    (folder / "benchmarks").mkdir(parents=True)

    def rows(split: str, count: int) -> list[dict[str, str]]:
        return [
            {"id": f"{split}{i}", "input": f"What is {split} number {i}?", "target": f"answer {i % 3}"}
            for i in range(count)
        ]

    for split, count in (("train", 12), ("dev", 6), ("test", 10)):
        text = "".join(json.dumps(row) + "\n" for row in rows(split, count))
        (folder / f"{split}.jsonl").write_text(text)
    (folder / "benchmarks" / "items.jsonl").write_text(
        "".join(json.dumps({"q": f"{i} plus {i} is", "c": [str(2 * i), str(i)], "gold": 0}) + "\n" for i in range(8))
    )
    (folder / "benchmarks" / "sums.yaml").write_text(
        "task: sums\ndataset_path: json\n"
        f"dataset_kwargs: {{data_files: {{test: {folder}/benchmarks/items.jsonl}}}}\n"
        "test_split: test\noutput_type: multiple_choice\ndoc_to_text: '{{q}}'\ndoc_to_choice: '{{c}}'\n"
        "doc_to_target: gold\nmetric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]\n"
    )

    def write(*arms: str) -> Path:
        (folder / "task.yaml").write_text(
            "version: 1\nname: tiny\ndescription: a tiny task\n"
            f"model: {tiny_model}\n"
            "data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl,"
            " columns: {input: input, target: target, id: id}}\n"
            "metric: {primary: exact_match, also: [f1]}\n"
            "general: {tasks: [sums], limit: 8, include_path: benchmarks}\n"
            f"arms: [{', '.join(arms)}]\n"
        )
        return folder / "task.yaml"

    return write

"""`--adaptive`: which items are asked, of whom, and that stopping, resuming and failing change nothing else."""

import json

import pytest
from recorder import Recorder

from harness.evidence.compare import Settings, compare
from harness.task import load_task

pytestmark = pytest.mark.usefixtures("no_torch")
ITEMS = 120  # in rounds of 30
OUT_OF_REACH = "goal: {at_least: 0.9}\n"


def run_in(folder, task, **more):
    recorder = Recorder()
    run, _ = compare(load_task(task), Settings(folder, is_adaptive=True, **more), recorder)
    return run, recorder


def write_test_rows(task, *, targets=None, groups=None):
    """Give the task 120 test items; an item's answer is what `targets` says."""
    rows = [
        {"id": f"t{i}", "input": f"What is test item {i}?", "target": (targets or {}).get(f"t{i}", f"answer {i % 3}")}
        | ({"group": groups[i]} if groups else {})
        for i in range(ITEMS)
    ]
    (task.parent / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


@pytest.fixture
def gaining(tmp_path, stub_task):
    """A task on which `tuned` is right in nine of ten items, and `steady` in those alone where both say the same."""

    def write(*arms, extra="", groups=None):
        task = write_test_rows(stub_task("steady", "tuned", extra=OUT_OF_REACH))
        whole, _ = compare(load_task(task), Settings(tmp_path / "whole"), Recorder())
        said = {one.arm: {p.example_id: p.answer for p in one.predictions} for one in whole.evidence}
        targets = {item: "none" if int(item[1:]) % 10 == 0 else answer for item, answer in said["tuned"].items()}
        task = stub_task(*(arms or ("steady", "tuned")), extra=extra or "goal: {at_least: 0.75}\n")
        return write_test_rows(task, targets=targets, groups=groups)

    return write


def asked(run):
    return {one.arm: len(one.predictions) for one in run.evidence if one.predictions}


def test_x(gaining, tmp_path):
    task = gaining()
    run, rec = run_in(tmp_path / "run", task)
    print(asked(run))
    print(run.decision.sentence)
    print(run.decision.asked)
    print(rec.lines)
    print(run.decision.scores, run.decision.pairs)
    assert 0

"""Rows of a hub data set are of one commit, and the run says of which."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import API, FILES, SET, Hub

FIRST, SECOND = "0123456789abcdef" * 2 + "01234567", "89abcdef" * 5
LOADED = """
import json, sys
from pathlib import Path
from harness.telemetry import switch_off
switch_off()
from harness.errors import TaskFileError
from harness.evidence.pins import pinned
from harness.task import load_task
try:
    task = load_task(Path(sys.argv[1]))
    questions = [one.question.text for one in (*task.study.train, *task.test)]
    print(json.dumps([task.commits, task.notes, questions, pinned(task.resolved, {}, task.commits)]))
except TaskFileError as fault:
    print(json.dumps(fault.faults))
"""


def rows(first, last):
    found = [{"question": f"what is {n} and {n}?", "answer": str(2 * n)} for n in range(first, last)]
    return "".join(json.dumps(row) + "\n" for row in found).encode()


@pytest.fixture
def hub():
    hub = Hub({"train.jsonl": rows(0, 40), "validation.jsonl": rows(40, 50), "test.jsonl": rows(50, 60)}, FIRST)
    with hub.running():
        yield hub


@pytest.fixture
def load(task_folder, tmp_path):
    """Load a task of the set in a process of its own, as the libraries read where the hub is when they are imported."""
    task_folder.settings |= {
        "data": {"train": SET, "dev": SET, "test": SET},
        "arms": ["zero_shot"],
        "metric": {"primary": "exact_match"},
    }
    path = task_folder.save()
    root = str(Path(__file__).parents[2])

    def run(**variables):
        own = {"HF_HOME": str(tmp_path / "hub"), "PYTHONPATH": root, **variables}
        kept = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")}
        command = [sys.executable, "-c", LOADED, str(path)]
        done = subprocess.run(command, cwd=tmp_path, env=kept | own, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run


def test_commit_of_a_hub_data_set_is_told_with_a_network_and_without(hub, load):
    commits, notes, questions, _ = load(HF_ENDPOINT=hub.address)
    assert commits == {SET: FIRST}
    assert f"{SET}: read at commit {FIRST} of the hub" in notes
    assert len(questions) == 50
    # nothing is asked but whether the hub is there and what concerns the set
    assert {path for path in hub.asked if not path.startswith((API, FILES))} == {"/"}
    hub.commit = SECOND  # which nobody without a network can know
    assert load(HF_ENDPOINT=hub.address, HF_HUB_OFFLINE="1")[0] == commits
    assert load(HF_ENDPOINT=hub.address)[0] == {SET: SECOND}


def test_set_that_changes_while_it_is_read_is_a_fault(hub, load):
    hub.changes_after, hub.next_commit = "test.jsonl", SECOND  # all files are fetched with the first split
    said = f"its rows are of two commits of the hub ({FIRST[:12]}, {SECOND[:12]}); run again with a network, or name "
    assert load(HF_ENDPOINT=hub.address) == [f"{SET}: {said}the same one behind '@' everywhere"]
    assert load(HF_ENDPOINT=hub.address)[0] == {SET: SECOND}


def test_resolved_task_file_reads_the_same_rows_when_the_hub_has_others(hub, load, task_folder):
    *_, questions, lock = load(HF_ENDPOINT=hub.address)
    assert {lock["data"][split] for split in ("train", "dev", "test")} == {f"{SET}@{FIRST}"}
    hub.of_commit[SECOND] = {"train.jsonl": rows(60, 90), "validation.jsonl": rows(90, 95), "test.jsonl": rows(95, 99)}
    hub.commit = SECOND
    assert load(HF_ENDPOINT=hub.address)[2] == [f"what is {n} and {n}?" for n in (*range(60, 90), *range(95, 99))]
    task_folder.settings = lock
    task_folder.save()
    again = load(HF_ENDPOINT=hub.address)
    assert again[:1] + again[2:] == [{SET: FIRST}, questions, lock]

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
from harness.environment import set_defaults
set_defaults()
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

    def run(working=tmp_path, **variables):
        own = {"HF_HOME": str(tmp_path / "hub"), "PYTHONPATH": root, **variables}
        kept = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")}
        command = [sys.executable, "-c", LOADED, str(path)]
        done = subprocess.run(command, cwd=working, env=kept | own, capture_output=True, text=True, check=True)
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


def test_commit_that_is_not_the_one_on_this_machine_is_a_fault_without_a_network(hub, load, task_folder):
    load(HF_ENDPOINT=hub.address)
    for split in ("train", "dev", "test"):
        task_folder.settings["data"][split] = f"{SET}@{SECOND}"
    task_folder.save()
    fault = f"{SET}: is here at commit {FIRST[:12]}, not at commit {SECOND[:12]}; run again with a network"
    assert load(HF_ENDPOINT=hub.address, HF_HUB_OFFLINE="1") == [fault]
    assert load(HF_ENDPOINT=hub.address)[0] == {SET: SECOND}


def test_folder_of_a_set_s_name_where_harness_was_started_has_no_commit(load, task_folder, tmp_path):
    working = tmp_path / "elsewhere"
    (working / SET).mkdir(parents=True)
    (working / SET / "train.jsonl").write_bytes(rows(0, 40))
    task_folder.settings["data"] = {"train": SET, "test": SET}
    task_folder.save()
    commits, notes, _, lock = load(working, HF_HUB_OFFLINE="1")
    assert (commits, lock["data"]["train"]) == ({}, SET)
    assert f"{SET}: read from the folder of that name where harness was started, not from the hub" in notes
    task_folder.settings["data"] = {"train": f"{SET}@{FIRST}", "test": f"{SET}@{FIRST}"}
    task_folder.save()
    fault = f"{SET}: is a folder where harness was started too, which has no commits; start it elsewhere"
    assert load(working, HF_HUB_OFFLINE="1") == [fault]


@pytest.mark.parametrize("card", ["README.md", ".huggingface.yaml"])
def test_card_that_names_files_elsewhere_is_a_fault_and_nobody_is_asked(hub, load, card):
    with Hub({}, FIRST).running() as other:
        said = f"configs: [{{config_name: default, data_files: '{other.address}/rows.jsonl'}}]\n"
        hub.files = {**hub.files, card: (f"---\n{said}---\n" if card == "README.md" else said).encode()}
        [fault, *_] = load(HF_ENDPOINT=hub.address)
        assert f"its card names the file {other.address}/rows.jsonl, which is none of its own" in fault
        assert other.asked == []


@pytest.mark.parametrize("where", ["/etc/hostname", "~/rows.jsonl", "../rows.jsonl", "zip://rows.jsonl::rows.zip"])
def test_card_that_names_files_of_this_machine_is_a_fault(hub, load, where):
    hub.files = {**hub.files, "README.md": f"---\nconfigs: [{{config_name: x, data_files: '{where}'}}]\n---\n".encode()}
    assert f"its card names the file {where}, which is none of its own" in load(HF_ENDPOINT=hub.address)[0]


def test_pictures_stay_undecoded_and_their_addresses_unasked(hub, load):
    with Hub({}, FIRST).running() as other:
        shown = json.dumps(f"{other.address}/picture.png").encode()
        hub.files = {
            name: content.replace(b'"question"', b'"picture": ' + shown + b', "question"')
            for name, content in hub.files.items()
        }
        features = "".join(f"\n  - {{name: {name}, dtype: string}}" for name in ("question", "answer"))
        card = f"---\ndataset_info:\n  features:{features}\n  - {{name: picture, dtype: image}}\n---\n"
        hub.files = {**hub.files, "README.md": card.encode()}
        questions = load(HF_ENDPOINT=hub.address)[2]
        assert questions == [f"what is {n} and {n}?" for n in (*range(40), *range(50, 60))]
        assert other.asked == []

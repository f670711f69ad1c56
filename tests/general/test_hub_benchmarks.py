"""Benchmarks by name read their data at one commit of the hub, and never a folder of the set's name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import SET, Hub

FIRST, SECOND = "0123456789abcdef" * 2 + "01234567", "89abcdef" * 5
TASK = """
task: sums
dataset_path: owner/sums
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: choices
doc_to_target: gold
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""
# What a task of the benchmark, a later start with its commits, and regress see of the data.
LOADED = """
import json, sys
from pathlib import Path
from harness.environment import set_defaults
set_defaults()
from harness.errors import HarnessError
from harness.evidence.pins import benchmark_commits
from harness.general.benchmark_tasks import load_tasks
names, folder = ["sums"], Path(sys.argv[1])
try:
    commits, notes = benchmark_commits(names, folder, json.loads(sys.argv[2]))
    rows = load_tasks(names, folder, commits)["sums"].eval_docs["question"]
    print(json.dumps([commits, list(rows), *notes]))
except HarnessError as fault:
    print(json.dumps(str(fault)))
"""


def rows(word):
    return f'{{"question": "{word}", "choices": ["a", "b"], "gold": 0}}\n'.encode()


@pytest.fixture
def hub():
    hub = Hub({"test.jsonl": rows("first")}, FIRST)
    hub.of_commit[SECOND] = {"test.jsonl": rows("second")}
    with hub.running():
        yield hub


@pytest.fixture
def load(tmp_path, hub):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "sums.yaml").write_text(TASK)

    def run(commits=None, **variables):
        own = {"HF_HOME": str(tmp_path / "hub"), "PYTHONPATH": str(Path(__file__).parents[2])}
        own |= {"HF_ENDPOINT": hub.address, **variables}
        kept = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")}
        command = [sys.executable, "-c", LOADED, str(tmp_path / "tasks"), json.dumps(commits or {})]
        done = subprocess.run(command, cwd=tmp_path, env=kept | own, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run


def test_benchmark_is_read_at_the_newest_commit_or_at_the_one_that_is_given(hub, load):
    assert load() == [{SET: FIRST}, ["first"]]
    hub.commit = SECOND
    assert load({SET: FIRST}) == [{SET: FIRST}, ["first"]]
    assert load() == [{SET: SECOND}, ["second"]]


def test_without_a_network_the_commit_is_that_of_what_is_here(load):
    load()
    assert load(HF_HUB_OFFLINE="1") == [{SET: FIRST}, ["first"]]
    fault = f"the data set '{SET}' is here at commit {FIRST[:12]}, not at {SECOND[:12]}; run again with a network"
    assert load({SET: SECOND}, HF_HUB_OFFLINE="1") == f"general.tasks: {fault}"


def test_folder_of_the_set_s_name_where_harness_was_started_is_refused(load, tmp_path):
    (tmp_path / SET).mkdir(parents=True)
    (tmp_path / SET / "test.jsonl").write_bytes(rows("planted"))
    assert load() == (
        f"general.tasks: 'sums' reads the data set '{SET}' of the hub, and where harness was started a folder or file "
        "of that name would be read instead; start it elsewhere or rename that"
    )


def beside(tmp_path, more):
    """Add to the task file, which is the same as before besides."""
    (tmp_path / "tasks" / "sums.yaml").write_text(TASK + more)


def test_commit_that_a_task_file_names_itself_stays_and_is_named_with_it(load, tmp_path):
    beside(tmp_path, f"dataset_kwargs: {{revision: {SECOND}}}\n")
    assert load({SET: FIRST}) == [{f"{SET}@{SECOND}": SECOND}, ["second"]]


def test_revision_that_moves_is_read_at_one_commit_apart_from_the_set_s_newest(hub, load, tmp_path):
    beside(tmp_path, "dataset_kwargs: {revision: main}\n")
    commits = load()[0]
    assert commits == {f"{SET}@main": FIRST}
    hub.commit = SECOND
    assert load(commits) == [commits, ["first"]]
    assert load({SET: FIRST}) == [{f"{SET}@main": SECOND}, ["second"]]


def test_setting_that_is_no_code_leaves_a_task_s_data_at_their_commit(load, tmp_path):
    beside(tmp_path, "custom_dataset: anything\n")
    assert load({SET: SECOND}) == [{SET: SECOND}, ["second"]]


def test_task_whose_data_its_own_code_fetches_is_said_to_have_no_commit(load, tmp_path):
    beside(tmp_path, "custom_dataset: !function own.fetched\n")
    fetched = "[{'question': 'fetched', 'choices': ['a', 'b'], 'gold': 0}]"
    code = f"from datasets import Dataset\ndef fetched(**_):\n    return {{'test': Dataset.from_list({fetched})}}\n"
    (tmp_path / "tasks" / "own.py").write_text(code)
    said = "sums: the data are fetched by code of the benchmark's own, so no commit of them is known"
    assert load(HARNESS_ALLOW_BENCHMARK_CODE="1") == [{}, ["fetched"], said]


def test_card_that_names_files_elsewhere_is_refused_and_nobody_is_asked(hub, load):
    with Hub({}, FIRST).running() as other:
        card = f"---\nconfigs: [{{config_name: default, data_files: '{other.address}/rows.jsonl'}}]\n---\n"
        hub.files = {**hub.files, "README.md": card.encode()}
        said = load()
        assert f"its card names the file {other.address}/rows.jsonl, which is none of its own" in said
        assert other.asked == []

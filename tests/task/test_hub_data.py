import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.task.faults import Faults
from harness.task.rows import read_rows

SHOWN = "print(task.study.train[0].question.text, task.test[0].question.text, sep='\\n')"
HUB_SCRIPT = f"""
import sys
from pathlib import Path
from harness.errors import TaskFileError
from harness.task import load_task
try:
    task = load_task(Path(sys.argv[1]))
    {SHOWN}
except TaskFileError as fault:
    print(fault)
"""


def load_in_a_process(task_folder, working_folder, script=HUB_SCRIPT, environment=None):
    """Load in a process of its own, as the hub's switches are read when it is imported."""
    task_folder.settings |= {"arms": ["zero_shot"], "metric": {"primary": "exact_match"}}
    path = task_folder.save()
    settings = os.environ | {
        **(environment or {"HF_HUB_OFFLINE": "1"}),
        "HF_HOME": str(task_folder.folder / "hub"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, cwd=working_folder, env=settings, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    return done.stdout


def test_hub_data_set_that_cannot_be_had_names_the_remedy(task_folder, tmp_path):
    task_folder.settings["data"]["train"] = "nobody/nothing"
    said = load_in_a_process(task_folder, tmp_path)
    assert "nobody/nothing: is not a file in the task's folder, and as a hub data set it is not on this machine" in said
    assert "save its rows as a file and name that, or run again with a network" in said


def test_hub_id_is_loaded_through_datasets(task_folder, tmp_path):
    # `load_dataset` finds owner/name below the working folder before it asks the hub
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "owner" / "rows").mkdir(parents=True)
    (elsewhere / "owner" / "rows" / "train.jsonl").write_text('{"question": "from a set", "answer": "a"}\n')
    task_folder.settings["data"]["train"] = "owner/rows"
    assert load_in_a_process(task_folder, elsewhere).splitlines()[0] == "from a set"


def hub_set(folder, name, files, configs=None, features=None):
    """Write a data set as the hub has it: below the working folder, which is returned, it is taken for the hub's."""
    working = folder / "elsewhere"
    place = working.joinpath(*name.split("/"))
    place.mkdir(parents=True)
    for file, rows in files.items():
        (place / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    head = {"configs": configs} if configs else {}
    if features:
        head["dataset_info"] = {"features": features}
    (place / "README.md").write_text(f"---\n{json.dumps(head)}\n---\n")
    return working


def sums(first, last):
    return [{"question": f"what is {n} and {n}?", "answer": str(2 * n)} for n in range(first, last)]


def name_splits(task_folder, train, test):
    task_folder.settings["data"] = {"train": train, "test": test}


SUBSETS = [
    {
        "config_name": "main",
        "data_files": [{"split": "train", "path": "a.jsonl"}, {"split": "test", "path": "b.jsonl"}],
    },
    {"config_name": "other", "data_files": [{"split": "train", "path": "b.jsonl"}]},
]


def test_subset_and_split_are_named_behind_the_hub_id(task_folder, tmp_path):
    working = hub_set(tmp_path, "open/sums", {"a.jsonl": sums(0, 9), "b.jsonl": sums(50, 59)}, SUBSETS)
    name_splits(task_folder, "open/sums:main", "open/sums:main")
    assert load_in_a_process(task_folder, working).splitlines() == ["what is 0 and 0?", "what is 50 and 50?"]
    name_splits(task_folder, "open/sums:main:test", "open/sums:main:train")
    assert load_in_a_process(task_folder, working).splitlines() == ["what is 50 and 50?", "what is 0 and 0?"]


def test_subset_that_is_not_named_is_asked_for(task_folder, tmp_path):
    working = hub_set(tmp_path, "open/sums", {"a.jsonl": sums(0, 9), "b.jsonl": sums(50, 59)}, SUBSETS)
    name_splits(task_folder, "open/sums", "open/sums")
    said = load_in_a_process(task_folder, working)
    assert said.count("has the subsets main, other; name one, such as 'open/sums:main'") == 1
    name_splits(task_folder, "open/sums:main:dev", "open/sums:main")
    assert "open/sums: has no split 'dev'; it has train, test" in load_in_a_process(task_folder, working)


def test_split_that_a_set_lacks_is_asked_for_where_it_has_several(task_folder, tmp_path):
    working = hub_set(tmp_path, "open/sums", {"train.jsonl": sums(0, 9), "validation.jsonl": sums(50, 59)})
    name_splits(task_folder, "open/sums", "open/sums")
    said = load_in_a_process(task_folder, working)
    assert "has the splits train, validation; say which is data.test, such as 'open/sums:default:validation'" in said


def test_test_is_cut_from_a_single_split_by_the_rule_of_dev(task_folder, tmp_path):
    working = hub_set(tmp_path, "open/sums", {"train.jsonl": sums(0, 100)})
    name_splits(task_folder, "open/sums", "open/sums")
    script = HUB_SCRIPT.replace(SHOWN, "print(len(task.study.train), len(task.study.dev), len(task.test), task.notes)")
    said = load_in_a_process(task_folder, working, script)
    # a fifth of 100 is the test, and a fifth of the other 80 is dev
    assert said.startswith("64 16 20 ")
    assert "test: 20 of the 100 rows of open/sums:default:train, which train has the rest of, seed 0" in said


def test_class_labels_are_read_by_name(task_folder, tmp_path):
    rows = [{"text": f"text {n}", "label": n % 2} for n in range(9)]
    label = {"name": "label", "dtype": {"class_label": {"names": {"0": "ham", "1": "spam"}}}}
    working = hub_set(
        tmp_path, "open/mail", {"train.jsonl": rows}, features=[{"name": "text", "dtype": "string"}, label]
    )
    name_splits(task_folder, "open/mail", "open/mail")
    script = HUB_SCRIPT.replace(SHOWN, "print({item.target for item in task.study.train})")
    assert eval(load_in_a_process(task_folder, working, script)) == {"ham", "spam"}


def test_class_labels_of_a_parquet_file_from_the_hub_are_read_by_name(tmp_path):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "tags": datasets.List(datasets.ClassLabel(names=["joy", "fear"])),
            "ann": {"label": datasets.ClassLabel(names=["ham", "spam"]), "by": datasets.Value("int64")},
            "parts": [{"kind": datasets.ClassLabel(names=["head", "body"])}],
        }
    )
    rows = {
        "text": ["a", "b"],
        "tags": [[1, 0], [0]],
        "ann": [{"label": 1, "by": 0}, {"label": 0, "by": 1}],
        "parts": [[{"kind": 0}, {"kind": 1}], []],
    }
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "rows.parquet")
    faults = Faults()
    read = read_rows("rows.parquet", "train", tmp_path, faults)
    assert faults.count == 0
    assert [row.values["tags"] for row in read] == [["fear", "joy"], ["joy"]]
    assert [row.values["ann"] for row in read] == [{"label": "spam", "by": 0}, {"label": "ham", "by": 1}]
    assert [row.values["parts"] for row in read] == [[{"kind": "head"}, {"kind": "body"}], []]


def test_hub_that_cannot_be_reached_is_said_once_and_within_seconds(task_folder, tmp_path):
    name_splits(task_folder, "openai/gsm8k:main", "openai/gsm8k:main:test")
    begun = time.monotonic()
    # nothing listens on port 9 of this machine, and the library's own retries take half a minute
    said = load_in_a_process(task_folder, tmp_path, environment={"HF_ENDPOINT": "http://127.0.0.1:9"})
    assert time.monotonic() - begun < 30  # of which all but some five seconds would be a busy machine's
    assert said.count("openai/gsm8k: is not a file in the task's folder") == 1
    assert "1 problem" in said
    assert "Retrying" not in said

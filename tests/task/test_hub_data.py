import os
import subprocess
import sys
from pathlib import Path

HUB_SCRIPT = """
import sys
from pathlib import Path
from harness.errors import TaskFileError
from harness.task import load_task
try:
    print(load_task(Path(sys.argv[1])).study.train[0].question.text)
except TaskFileError as fault:
    print(fault)
"""


def load_in_a_process(task_folder, working_folder):
    """Load in a process of its own, as the hub's offline switch is read when it is imported."""
    task_folder.settings |= {"arms": ["zero_shot"], "metric": {"primary": "exact_match"}}
    path = task_folder.save()
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(task_folder.folder / "hub"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-c", HUB_SCRIPT, str(path)]
    done = subprocess.run(command, cwd=working_folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_hub_data_set_that_cannot_be_had_names_the_remedy(task_folder, tmp_path):
    task_folder.settings["data"]["train"] = "nobody/nothing"
    said = load_in_a_process(task_folder, tmp_path)
    assert (
        "nobody/nothing: is no file in the task's folder, and as a hub data set its 'train' split cannot be had" in said
    )
    assert "save the rows as a file and name it in data.train" in said


def test_hub_id_is_loaded_through_datasets(task_folder, tmp_path):
    # `load_dataset` finds owner/name below the working folder before it asks the hub
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "owner" / "rows").mkdir(parents=True)
    (elsewhere / "owner" / "rows" / "train.jsonl").write_text('{"question": "from a set", "answer": "a"}\n')
    task_folder.settings["data"]["train"] = "owner/rows"
    assert load_in_a_process(task_folder, elsewhere).splitlines()[-1] == "from a set"

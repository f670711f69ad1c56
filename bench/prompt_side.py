"""Every way of asking on every task of ours: how far prompts and RAG come before anything is tuned.

    python -m bench.prompt_side --out DIR [--only TASK]

Takes the task as it is and compares these arms instead of its own: the plain prompt, solved examples (also the
nearest, and held to the form of an answer), reasoning (also five samples, of which the most frequent result counts),
the likelihood of each label where answers are labels, and RAG where there are documents. Prints a table for each task
and the verdict among these arms; exit code 1 where a run ends without one. A finished run is not made again.

What an answer's form is, was read off train.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bench.known_answers import table
from harness.cli.exit_codes import Exit

TASKS = Path(__file__).parents[1] / "tasks"
LABELS = "labels"  # the targets of train
FORMS: Mapping[str, Any] = {
    "support_routing": LABELS,
    "random_labels": LABELS,
    "serial_numbers": {"pattern": "[A-Z]{2}-[0-9]{5}"},
    "order_lines": {"pattern": "[A-Z]+(/[0-9]+ [A-Z]+)+"},
    "staff_directory": {"pattern": "[0-9]{4}"},
}


def main() -> int:
    """Compare, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.prompt_side")
    parser.add_argument("--out", type=Path, required=True, help="where the tasks and runs go")
    parser.add_argument("--only", choices=FORMS, action="append", help="this task alone; may be repeated")
    chosen = parser.parse_args()
    ended = [_compare(task, chosen.out) for task in chosen.only or FORMS]
    return 0 if all(ended) else 1


def _compare(task: str, out: Path) -> bool:
    harness = [str(Path(sys.executable).with_name("harness")), "compare"]
    command = [*harness, str(_drafted(task, out / task)), "--out", str(out / f"{task}-run"), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (Exit.DONE, Exit.ARM_FAILED):
        print(f"{task}: no verdict (exit code {done.returncode})\n", flush=True)
        return False
    print(table(json.loads(done.stdout)), flush=True)
    return True


def _drafted(task: str, folder: Path) -> Path:
    """Write the task with these arms, and return its task file."""
    shutil.copytree(TASKS / task, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    yaml = YAML(typ="safe", pure=True)
    settings = yaml.load(folder / "task.yaml")
    settings["arms"] = _arms(FORMS[task], has_documents="documents" in settings["data"])
    yaml.dump(settings, folder / "task.yaml")
    return folder / "task.yaml"


def _arms(form: Any, *, has_documents: bool) -> list[Any]:
    arms = [
        "zero_shot",
        {"name": "zero_shot_held", "baseline": "zero_shot", "options": {"constrain": form}},
        {"name": "few_shot_same_for_all", "baseline": "few_shot", "options": {"choice": ["diverse", "random"]}},
        {"name": "few_shot_nearest", "baseline": "few_shot", "options": {"choice": "nearest"}},
        {"name": "few_shot_held", "baseline": "few_shot", "options": {"constrain": form}},
        "chain_of_thought",
        {"name": "self_consistency", "baseline": "chain_of_thought", "options": {"samples": 5}},
    ]
    if form == LABELS:
        arms.append("label_score")
    if has_documents:
        arms += ["rag", {"name": "rag_held", "baseline": "rag", "options": {"constrain": form}}]
    return arms


if __name__ == "__main__":
    sys.exit(main())

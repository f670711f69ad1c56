"""Does lm-eval's own command give the accuracies that a run recorded?

    python bench/lm_eval_command.py RUN_FOLDER [WEIGHTS ...]

WEIGHTS are 'base' or names of unquantised tuned arms. The run's items are handed to `lm-eval run` with its
own `hf` model, on the same items, and both accuracies are printed a task. Exits 1 when they differ.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

import harness.general
from harness.assets.models import resolve_model
from harness.evidence.snapshot import read_snapshot
from harness.store.folder import RunFolder
from harness.store.ledger import Ledger

TASK_FILES = Path(harness.general.__file__).parent / "benchmarks"


def main(run: Path, names: list[str]) -> int:
    """Compare every set of weights."""
    table = pd.read_parquet(run / "benchmarks.parquet")
    differing = 0
    for name in names or ["base", "lora_sft"]:
        rows = table[(table["weights"] == name) & ~table["task"].isin(["held_out_text", "off_task"])]
        rows = rows[rows["score"].notna()]  # items that could not be scored
        theirs = _ask_lm_eval(run, name, rows)
        for task, items in rows.groupby("task"):
            metric = items["metric"].iloc[0]
            ours, other = items["score"].mean(), theirs[str(task)][f"{metric},none"]
            differing += abs(ours - other) > 1e-9
            print(f"{name:<12}{task:<24}{metric:<10}n={len(items):<5}run {ours:.4f}  lm-eval {other:.4f}")
    return 1 if differing else 0


def _ask_lm_eval(run: Path, name: str, rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    folder = RunFolder(run)
    base = resolve_model(read_snapshot(folder, Ledger(folder.ledger)).model.source, print)
    adapter = "" if name == "base" else f",peft={run / 'adapters' / name / 'adapter'}"
    samples = {str(task): sorted(map(int, items["item"])) for task, items in rows.groupby("task")}
    with tempfile.TemporaryDirectory() as out:
        command = [
            *("lm-eval", "run", "--model", "hf", "--model_args", f"pretrained={base}{adapter},dtype=float32"),
            *("--tasks", ",".join(samples), "--include_path", str(TASK_FILES), "--samples", json.dumps(samples)),
            *("--device", "cpu", "--batch_size", "8", "--output_path", out),
        ]
        subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]], check=True, capture_output=True)
        result = next(Path(out).rglob("results_*.json"))
        found: dict[str, dict[str, float]] = json.loads(result.read_text(encoding="utf-8"))["results"]
        return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))

"""The four tasks whose answer is known, each compared as a user would, and graded.

    python -m bench.known_answers [--out DIR] [--only TASK]

Prints a table for each task and a line with the verdict and the one that is right; ends with a summary, and with
exit code 1 when a verdict is wrong or missing. A run that is there already continues, as `harness compare` does.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cli.exit_codes import Exit

TASKS = Path(__file__).parents[1] / "tasks"
# Written down before a task was run on its test rows; its CARD.md says why, and what was looked at on dev before.
RIGHT = {
    "serial_numbers": "prompt",
    "staff_directory": "rag",
    "order_lines": "fine_tune",
    "random_labels": "rethink",
}


@dataclass(frozen=True, slots=True)
class Graded:
    """One task's verdict against the right one."""

    task: str
    action: str | None  # None: the run ended without a verdict
    minutes: float

    @property
    def is_right(self) -> bool:
        """Whether the verdict is the known answer."""
        return self.action == RIGHT[self.task]

    def __str__(self) -> str:
        """The line that is printed for the task."""
        mark = "right" if self.is_right else "WRONG"
        verdict = self.action or "no verdict"
        return f"{self.task:<18}{verdict:<12}known answer: {RIGHT[self.task]:<12}{mark}  ({self.minutes:.0f} min)"


def main() -> int:
    """Compare, grade, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.known_answers")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="where the runs go")
    parser.add_argument("--only", choices=RIGHT, action="append", help="this task alone; may be repeated")
    chosen = parser.parse_args()
    graded = [grade(task, chosen.out) for task in chosen.only or RIGHT]
    right = sum(one.is_right for one in graded)
    print(*graded, f"{right} of {len(graded)} verdicts are right", sep="\n")
    return 0 if right == len(graded) else 1


def grade(task: str, out: Path) -> Graded:
    """Run `harness compare` on a task and print its line."""
    began = time.monotonic()
    harness = [str(Path(sys.executable).with_name("harness")), "compare"]
    folder = out / f"known-{task}"
    command = [*harness, str(TASKS / task / "task.yaml"), "--out", str(folder), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    minutes = (time.monotonic() - began) / 60
    if done.returncode not in (Exit.DONE, Exit.ARM_FAILED):
        graded = Graded(task, None, minutes)
    else:
        result = json.loads(done.stdout)
        print(table(result), flush=True)
        graded = Graded(task, result["verdict"]["action"], minutes)
    print(f"{graded}\n", flush=True)
    return graded


def table(result: Mapping[str, Any]) -> str:
    """Return a markdown table of a run's arms, and the verdict in one sentence."""
    gates = {gate["arm"]: gate for gate in result["gates"]}
    lines = [
        f"| {result['name']} | score | 95% interval | general ability | text loss | off task | training | s an item |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(_cells(arm, gates.get(arm['name'])))} |" for arm in result["arms"]]
    return "\n".join([*lines, "", result["verdict"]["sentence"], ""])


def _cells(arm: Mapping[str, Any], gate: Mapping[str, Any] | None) -> tuple[str, ...]:
    score, cost = arm["score"], arm["cost"] or {}
    return (
        arm["name"],
        f"{score['mean']:.1%}" if score else arm["status"],
        f"{score['low']:.1%} to {score['high']:.1%}" if score else "",
        *(_gate(gate) if gate else ("unchanged" if score else "", "", "")),
        _training(arm["family"], cost.get("train_seconds")),
        f"{cost['seconds_per_item']:.2f}" if cost.get("seconds_per_item") else "",
    )


def _training(family: str, seconds: float | None) -> str:
    if family in ("prompt", "rag"):
        return "none"
    return "not measured" if seconds is None else f"{seconds:.0f} s"


def _gate(gate: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the gate's finding with retention, the change of the loss on text, and the off-task share."""
    pooled, retention = gate["pooled"], gate["retention"]
    change = f"{100 * pooled['mean']:+.1f} points" if pooled else "not measured"
    kept = f"retention {retention['mean']:.0%}" if retention else "retention not measurable"
    loss, off_task = gate["text_loss_change"], gate["off_task_rate"]
    return (
        f"{gate['state']}, {change}, {kept}",
        f"{loss['mean']:+.3f} nats" if loss else "not measured",
        f"{off_task['mean']:.0%}" if off_task else "not measured",
    )


if __name__ == "__main__":
    sys.exit(main())

"""Row 1 on the embedded model: a prompted and a trained arm of the demo's task, killed at random times."""

import shutil
from dataclasses import replace
from pathlib import Path

from bench.scorecard.figures import Figure
from bench.scorecard.judging import reference
from bench.scorecard.kills import random_kills
from bench.scorecard.lab import ROOT, Lab

ARMS = ("zero_shot", "lora_sft")


def embedded_kills(root: Path, count: int) -> Figure:
    """Kill `count` smoke runs of the demo's task, on the real model, and let each continue to its end."""
    lab = build_embedded_lab(root)
    whole = reference(lab)
    lost = random_kills(lab, whole, count)[0]
    what = f"the same over {count} SIGKILLs of runs on the embedded model (demo task, --fast, {' and '.join(ARMS)})"
    return replace(lost, what=what)


def build_embedded_lab(root: Path) -> Lab:
    """Copy the demo's task, with these arms alone."""
    shutil.copytree(ROOT / "tasks" / "support_routing", root / "task")
    task = root / "task" / "task.yaml"
    text = task.read_text(encoding="utf-8")
    before, rest = text.split("arms:\n", 1)
    after = rest[rest.index("\ngeneral:") :]
    arms = "".join(f"  - {arm}\n" for arm in ARMS)
    task.write_text(f"{before}arms:\n{arms}{after}", encoding="utf-8")
    return Lab(root, is_stub=False, options=("--fast",))

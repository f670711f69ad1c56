"""Small tasks on disk, and runs to be planned."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.planning.worlds import PlannedArm, Setting
from harness.records import Limits

ARMS = (
    PlannedArm("zero_shot", "prompt"),
    PlannedArm("few_shot", "prompt"),
    PlannedArm("rag", "rag"),
    PlannedArm("lora_sft", "tune"),
)
ONE_PROMPT = (ARMS[0],)


@pytest.fixture
def setting() -> Callable[..., Setting]:
    def make(items: int, *, goal: float = 0.9, size: int = 1, arms=ARMS) -> Setting:
        groups = tuple(None if size == 1 else f"g{index // size}" for index in range(items))
        return Setting(tuple(arms), Limits(goal=goal), "rate", groups)

    return make


@pytest.fixture
def task_file(tmp_path) -> Callable[..., Path]:
    """Return what writes a task folder; keys of the task file and rows may be changed."""

    def write(model: str, *, test: int = 40, group_size: int = 1, lines: str = "", arms: str = "[zero_shot]") -> Path:
        for split, count in (("train", 16), ("dev", 8), ("test", test)):
            rows = [_row(split, number, group_size) for number in range(count)]
            (tmp_path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
        (tmp_path / "documents").mkdir(exist_ok=True)
        (tmp_path / "documents" / "desks.md").write_text("Parcels go to desk A1. Bills go to desk B2.")
        file = tmp_path / "task.yaml"
        file.write_text(
            f"version: 1\nname: desks\nmodel: {model}\n"
            "data: {train: train.jsonl, dev: dev.jsonl, test: test.jsonl, documents: documents}\n"
            f"arms: {arms}\n{lines}\n"
        )
        return file

    return write


def _row(split: str, number: int, group_size: int) -> dict[str, str]:
    row = {"input": f"{split} case {number} goes where", "target": "A1" if number % 2 else "B2"}
    return row | ({"group": f"{split}-{number // group_size}"} if group_size > 1 else {})

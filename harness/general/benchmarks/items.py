"""Gives lm-eval the benchmark items that set-up obtained (named by the YAML files beside this one)."""

import json
import logging
from typing import Any

from harness.general.assets import benchmark_folder


def load(name: str, **_: object) -> dict[str, Any]:
    """Return one benchmark as a data set with the split `test`; lm-eval adds the task's metadata."""
    from datasets import Dataset

    file = benchmark_folder(logging.getLogger(__name__).info) / f"{name}.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
    return {"test": Dataset.from_list(rows)}

"""OpenAI-style fine-tuning files, which other services read as well.

Not executed here. `SOURCES` says where the field names were read.
"""

from pathlib import Path
from typing import Any

from harness.exporting.training.plan import TrainingPlan
from harness.exporting.training.rows import Row, assistant, plain, write_lines

SOURCES = "OpenAI's fine-tuning guide, and FineTunePreferenceRequestInput of its API description 2.3.0"


def write_openai(plan: TrainingPlan, folder: Path) -> None:
    """Write train.jsonl and dev.jsonl (for validation); with preferences also preferences.jsonl."""
    folder.mkdir()
    write_lines(folder / "train.jsonl", [{"messages": _weighted(row)} for row in plan.rows])
    write_lines(folder / "dev.jsonl", [{"messages": _weighted(row)} for row in plan.dev])
    if plan.pairs:
        pairs = [
            {
                "input": {"messages": plain(pair.prompt)},
                "preferred_output": [assistant(pair.chosen)],
                "non_preferred_output": [assistant(pair.rejected)],
            }
            for pair in plan.pairs
        ]
        write_lines(folder / "preferences.jsonl", pairs)


def _weighted(row: Row) -> list[dict[str, Any]]:
    earlier = [{**turn, "weight": 0} if turn["role"] == "assistant" else turn for turn in plain(row.prompt)]
    return [*earlier, assistant(row.answer)]

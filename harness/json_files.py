"""JSON files that anybody may have written or damaged: read whole, or refused by two kinds of exception."""

import json
from pathlib import Path
from typing import Any


def read_json(file: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not UTF-8, not JSON, or nests so deeply that Python gives up.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except RecursionError as fault:
        raise ValueError("it nests lists or objects too deeply") from fault

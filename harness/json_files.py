"""JSON files that anybody may have written or damaged: read whole, or refused by two kinds of exception."""

import json
from pathlib import Path
from typing import Any

from harness.regular_files import read_regular


def read_json(file: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        OSError: If it cannot be read, is no regular file, or has more than 200 MB.
        ValueError: If it is not UTF-8, not JSON, or nests so deeply that Python gives up.
    """
    try:
        return json.loads(read_regular(file).decode())
    except RecursionError as fault:
        raise ValueError("it nests lists or objects too deeply") from fault

"""Arms that a written result still waits for."""

from collections.abc import Mapping
from typing import Any


def arms_to_go(result: Mapping[str, Any]) -> list[str]:
    """Return the names of the unfinished arms with which the verdict might be another.

    Args:
        result: What result.json holds.
    """
    needless = {gone["arm"] for gone in result["verdict"].get("missing", ()) if not gone["matters"]}
    return [arm["name"] for arm in result["arms"] if arm["status"] == "unfinished" and arm["name"] not in needless]

"""JSON validity: the answer can be parsed, whatever it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.json_reading import read_json
from harness.records import Example, Score


@dataclass(frozen=True)
class JsonValid:
    """1 when the answer is JSON, in one ``` fence or bare.

    Where the target is a JSON object or array, the answer must be one too: a bare number is valid
    JSON, but nothing that a program expecting an object can use.
    """

    name: ClassVar[str] = "json_valid"
    kind: ClassVar[Literal["rate"]] = "rate"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, 0 or 1."""
        return Score(example.id, float(answer is not None and _is_valid(answer, example.target)))

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the share of valid answers."""
        return mean_value(scores)


def _is_valid(answer: str, target: str) -> bool:
    try:
        found = read_json(answer)
    except ValueError:
        return False
    wanted = _container(target)
    return wanted is None or isinstance(found, wanted)


def _container(target: str) -> type[Any] | None:
    """Return dict or list when the target is a JSON object or array."""
    try:
        kind = type(read_json(target))
    except ValueError:
        return None
    return kind if kind in (dict, list) else None

"""JSON field match: how many of the expected fields the answer's object has right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from harness.metrics.averaging import mean_value
from harness.metrics.json_reading import equal_values, read_json
from harness.records import Example, Score


@dataclass(frozen=True)
class JsonFields:
    """Right top-level fields over all fields that target or answer name.

    A field the target does not have therefore lowers the score: naming everything must not pay. Values
    are equal as `json_reading.equal_values` says; nested ones count as a whole. An answer that is not a
    JSON object scores 0.
    """

    name: ClassVar[str] = "json_fields"
    kind: ClassVar[Literal["graded"]] = "graded"

    def score(self, answer: str | None, example: Example) -> Score:
        """Score one answer, in [0, 1].

        Raises:
            ValueError: If the target is not a JSON object.
        """
        return Score(example.id, _share(_answered(answer), _expected(example)))

    def target_fault(self, target: str) -> str:
        """Say why a target cannot be scored; '' where it can."""
        return "" if _answered(target) is not None else "is not a JSON object, of which json_fields compares the fields"

    def aggregate(self, scores: Sequence[Score]) -> float:
        """Return the mean share of right fields."""
        return mean_value(scores)


def _share(found: dict[str, Any] | None, wanted: dict[str, Any]) -> float:
    if found is None:
        return 0.0
    names = found.keys() | wanted.keys()
    right = [name for name in found.keys() & wanted.keys() if equal_values(found[name], wanted[name])]
    return len(right) / len(names) if names else 1.0


def _answered(answer: str | None) -> dict[str, Any] | None:
    try:
        found = None if answer is None else read_json(answer)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _expected(example: Example) -> dict[str, Any]:
    wanted = _answered(example.target)
    if wanted is None:
        raise ValueError(
            f"item {example.id!r}: json_fields needs a JSON object as target, got {example.target[:80]!r}; "
            "use another metric or fix the target"
        )
    return wanted

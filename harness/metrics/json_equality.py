"""JSON equality: the answer holds the target's JSON value, whatever stands around it."""

from typing import ClassVar

from harness.metrics.json_search import comparable, find_json, untyped
from harness.metrics.normalisation import normalise
from harness.metrics.settings import RightOrWrong


class JsonEqual(RightOrWrong):
    """1 when the answer's JSON equals the target's: same keys, same types, same values, lists in the same order.

    The JSON may stand alone, in a code fence or in prose (`harness.metrics.json_search`); where there are several
    values, the last of the target's kind (object, list) is the answer's. 1 is 1.0, and not '1', unless the task says
    that types do not count. A target that is not JSON is compared as exact match does.
    """

    name: ClassVar[str] = "json_equal"

    ignore_list_order: bool = False  # repeats still count
    ignore_types: bool = False  # '1' is 1, and 'true' is true, where a text says what the other value is

    def is_right(self, answer: str, target: str) -> bool:
        """Whether an answer says what the target says."""
        wanted = find_json(target)
        if not wanted:
            return normalise(answer) == normalise(target)
        kind = type(wanted[-1]) if isinstance(wanted[-1], dict | list) else object
        said = [value for value in find_json(answer) if isinstance(value, kind)]
        return bool(said) and self._comparable(said[-1]) == self._comparable(wanted[-1])

    def _comparable(self, value: object) -> object:
        value = untyped(value) if self.ignore_types else value
        return comparable(value, ignore_list_order=self.ignore_list_order)

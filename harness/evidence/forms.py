"""Wrong answers that hold the right value in another form: where spelling is at fault, and not knowledge."""

from collections import Counter
from collections.abc import Collection, Sequence

from harness.answer_reading import AnswerRule, Reader
from harness.chat.turns import without_thought
from harness.closed_set import is_closed_set
from harness.metrics.date_match import Date
from harness.metrics.json_equality import JsonEqual
from harness.metrics.json_search import find_json
from harness.metrics.normalisation import normalise, tokens
from harness.metrics.number_match import Number
from harness.metrics.quantities import read_quantity
from harness.records import Example, Prediction, Score
from harness.task.scoring import result_of

FEW_RESULTS = 100  # different ones in train, which are taken for a closed set whatever their number of rows
_DATE, _NUMBER, _JSON, _LETTER = (
    Date(),
    Number(),
    JsonEqual(ignore_list_order=True, ignore_types=True),
    Reader("letter"),
)


class Forms:
    """Looks for right values in completions, by readings that are kinder than any metric of a task.

    A JSON target is looked for anywhere in the completion, with lists in any order and '1' for 1; a date and a number
    as the metrics `date` and `number` read them; the letter of a choice at the beginning; anything else word by word,
    as `contains` does. Of a closed set of labels no other one may stand there as well: what names two has decided for
    none.
    """

    def __init__(self, train: Sequence[Example], rule: AnswerRule | None) -> None:
        self._rule = rule
        results = Counter(normalise(result_of(example.target, rule)) for example in train)
        is_closed = len(results) <= FEW_RESULTS or is_closed_set(results)
        self._labels = [tokens(label) for label in results] if is_closed else []

    def missed(
        self, predictions: Sequence[Prediction], scores: Collection[Score], examples: Sequence[Example]
    ) -> tuple[str, ...]:
        """Return the ids of the answers that score below one half and hold a right value.

        Args:
            predictions: Of one arm.
            scores: Of the primary metric, for those that were measured.
            examples: What was asked.
        """
        wrong = {score.example_id for score in scores if score.value < 0.5}
        asked = {example.id: example for example in examples}
        return tuple(p.example_id for p in predictions if p.example_id in wrong and self.holds(p, asked[p.example_id]))

    def holds(self, prediction: Prediction, example: Example) -> bool:
        """Whether a completion holds a value that is right for the example; what it thought before does not count."""
        targets, said = (example.target, *example.accepted), without_thought(prediction.text)
        return any(self._holds(said, result_of(target, self._rule)) for target in targets)

    def _holds(self, text: str, result: str) -> bool:
        if not text.strip():
            return False
        if isinstance(next(iter(find_json(result)), None), dict | list):
            return _JSON.is_right(text, result)
        wanted = tokens(result)
        if _DATE.reads(result):
            return _DATE.is_right(text, result)
        if (quantity := read_quantity(result)) is not None and quantity.is_bare:
            return _NUMBER.is_right(text, result)
        if len(result.strip()) == 1:
            return _LETTER.read(text) == result.strip().upper()
        return bool(wanted) and self._says(tokens(text), wanted)

    def _says(self, said: Sequence[str], wanted: Sequence[str]) -> bool:
        others = [label for label in self._labels if label and label != wanted and not _stands_in(label, wanted)]
        return _stands_in(wanted, said) and not any(_stands_in(other, said) for other in others)


def _stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    return any(whole[start : start + len(part)] == part for start in range(len(whole) - len(part) + 1))

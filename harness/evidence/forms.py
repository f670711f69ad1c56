"""Wrong answers that hold the right value in another form: where spelling is at fault, and not knowledge."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from harness.answer_reading import AnswerRule, Reader
from harness.chat.turns import without_thought
from harness.closed_set import is_closed_set
from harness.metrics.choices import choices_of
from harness.metrics.date_match import Date
from harness.metrics.json_equality import JsonEqual
from harness.metrics.json_search import find_json
from harness.metrics.normalisation import normalise, tokens
from harness.metrics.number_match import Number
from harness.metrics.quantities import Quantity, read_quantity
from harness.records import Example, Prediction, Score
from harness.task.scoring import result_of

# A letter that stands alone, unless it is an article or the text calls it wrong.
_CAPITAL = re.compile(
    r"(?<![^\W_])(?:A(?! [a-z])|[B-HJ-Z])(?![^\W_])(?!\W{0,2} (?:is|are) (?:wrong|false|not|incorrect)\b)"
)
_DENIALS = {"not", "neither", "nor", "nicht", "kein", "keine", "pas", "ni", "no"}
_ARTICLES = {"the", "a", "an", "der", "die", "das", "le", "la", "el", "un", "une"}
_ORDINALS = re.compile(r"\b(first|second|third|fourth|fifth|sixth) (?:option|choice|answer)\b", re.IGNORECASE)
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")
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
    as the metrics `date` and `number` read them; a choice by the letter at the beginning, by its text among other
    words, or by the one capital letter that is not called wrong; anything else word by word, as `contains` does. Of a
    closed set of labels no other one may stand there as well: what names two has decided for none.
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
        choices = choices_of(example)
        return any(self._holds(said, result_of(target, self._rule), choices) for target in targets)

    def _holds(self, text: str, result: str, choices: Mapping[str, str]) -> bool:
        if not text.strip():
            return False
        if (label := result.strip().casefold()) in choices:
            return _names_choice(text, label, choices)
        if isinstance(next(iter(find_json(result)), None), dict | list):
            return _JSON.is_right(text, result)
        wanted = tokens(result)
        if _DATE.reads(result):
            return _DATE.is_right(text, result)
        if (quantity := _number_in(result)) is not None and quantity.is_bare:
            return _NUMBER.is_right(text, result)
        if len(result.strip()) == 1:
            return _LETTER.read(text) == result.strip().upper()
        return bool(wanted) and self._says(tokens(text), wanted)

    def _says(self, said: Sequence[str], wanted: Sequence[str]) -> bool:
        others = [label for label in self._labels if label and label != wanted and not _stands_in(label, wanted)]
        return _stands_in(wanted, said) and not any(_stands_in(other, said) for other in others)


def _number_in(result: str) -> Quantity | None:
    """Return the number that a right result is; number words among others are a text, as in 'Seven Samurai'."""
    return read_quantity(result) if any(map(str.isdigit, result)) else None


def _names_choice(text: str, label: str, choices: Mapping[str, str]) -> bool:
    """Whether a text names a choice by its letter at the beginning, or by text or capital letter it and no other."""
    if _LETTER.read(text) == label.upper():
        return True
    said = tokens(text)
    held = [one for one, choice in choices.items() if (words := tokens(choice)) and _stands_in(words, said)]
    if held == [label]:
        return True
    letters = {match[0].casefold() for match in _CAPITAL.finditer(text)} & choices.keys()
    places = {_PLACES.index(match[1].casefold()) for match in _ORDINALS.finditer(text)}
    return letters | {one for at, one in enumerate(choices) if at in places} == {label}


def _stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether words stand in a text in their order, and not behind a denial: 'not billing', 'neither the Amazon'."""
    starts = (start for start in range(len(whole) - len(part) + 1) if whole[start : start + len(part)] == part)
    return any(not _is_denied(whole[:start]) for start in starts)


def _is_denied(before: Sequence[str]) -> bool:
    near = before[-2:] if before[-1:] and before[-1] in _ARTICLES else before[-1:]
    return not _DENIALS.isdisjoint(near)

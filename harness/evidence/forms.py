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

_DENIALS = {"not", "neither", "nor", "nicht", "kein", "keine", "pas", "ni"}
_ARTICLES = {"the", "a", "an", "der", "die", "das", "le", "la", "el", "un", "une"}
# Of choices: words that may deny one, and the letter or place of one.
_DENIES = re.compile(
    r"\b(?:no|not|\w+n['\u2019]t|neither|except|wrong|false|incorrect|nicht|falsch|pas|incorrecta?)\b", re.IGNORECASE
)
_REFUTED = re.compile(r"\b(?:[Oo]ption )?[A-J] is (?:wrong|false|incorrect)\b[^.,;]*")
_SAID = r"\b(?i:option|choice|answer|letter|is|be|so|choose|pick|select|leaves)\W{1,3}"
_LABEL = re.compile(rf"{_SAID}([A-J])(?![\w'\u2019-]| (?:or|and|[a-z]+ (?:or|and)) )")
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")
_PLACE = re.compile(rf"\b({'|'.join(_PLACES)}) (?:option|choice|answer)\b", re.IGNORECASE)
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
    as the metrics `date` and `number` read them; a choice by the letter at the beginning or, where nothing is denied,
    by its letter, place or text in a sentence that names no other; anything else word by word, as `contains` does. Of
    a closed set of labels no other one may stand there as well: what names two has decided for none.
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
        label = result.strip().casefold()
        if label in choices and not label.isdigit():
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
    """Whether a text names this choice and no other."""
    if (first := _LETTER.read(text)) is not None and first.casefold() in choices:
        return first.casefold() == label
    text = _REFUTED.sub("", text)
    if _DENIES.search(text):
        return False
    named = {match[1].casefold() for match in _LABEL.finditer(text)}
    places = {_PLACES.index(match[1].casefold()) for match in _PLACE.finditer(text)}
    named |= {one for place, one in enumerate(choices) if place in places}
    if named:
        return named == {label}
    said = tokens(text)
    return [one for one, choice in choices.items() if (words := tokens(choice)) and _stands_in(words, said)] == [label]


def _stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether words stand in a text in their order, and not behind a denial: 'not billing', 'neither the Amazon'."""
    starts = (start for start in range(len(whole) - len(part) + 1) if whole[start : start + len(part)] == part)
    return any(not _is_denied(whole[max(0, start - 2) : start]) for start in starts)


def _is_denied(before: Sequence[str]) -> bool:
    """Whether the two words in front of a label deny it."""
    near = before if before and before[-1] in _ARTICLES else before[-1:]
    return not _DENIALS.isdisjoint(near)
